"""One lock an object, one owner an entry, no secret anywhere (semantics, rules 12 to 14), preconditions (rule 6)."""

import asyncio
import os
from pathlib import Path

import pytest
from scim2_models import (
    ForbiddenException,
    NotFoundException,
    PreconditionFailedException,
    SCIMException,
    UniquenessException,
)

from gateway.ledger import LedgerUnavailable
from gateway.provisioning.model import Precondition
from tests.provisioning.site import mapping_text, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann", "displayName": "Ann"}


async def test_rule_12_two_posts_of_one_name_make_one_entry(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        posts = [here.post({"userName": name, "externalId": f"e-{name}"}) for name in ("ann", "ANN ")]
        results = await asyncio.gather(*posts, return_exceptions=True)
        assert len(here.entries()) == 1
        assert sum(isinstance(result, UniquenessException) for result in results) == 1


async def test_rule_12_a_rename_and_a_post_of_one_name(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        results = await asyncio.gather(
            here.patch(ann["id"], {"userName": "bob"}), here.post({"userName": "Bob"}), return_exceptions=True
        )
        assert sum(isinstance(result, UniquenessException) for result in results) == 1
        assert [held["uid"] for held in here.entries().values()].count(("bob",)) == 1


async def test_rule_12_many_writes_to_one_object_lose_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        paths = {"title": "T", "displayName": "D", "name.givenName": "G", "name.familyName": "F"}
        await asyncio.gather(*(here.patch(ann["id"], {path: value}) for path, value in paths.items()))
        held = here.entry(ann["id"])
        assert (held["title"], held["name"], held["first"], held["last"]) == (("T",), ("D",), ("G",), ("F",))


async def test_rule_12_without_the_ledger_the_target_is_not_touched(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.clear()

        async def away(_: object) -> None:
            raise LedgerUnavailable("away")

        here.ledger.record = away  # type: ignore[method-assign]
        for request in (here.post({"userName": "bob"}), here.patch(ann["id"], {"title": "T"}), here.delete(ann["id"])):
            with pytest.raises(SCIMException) as failure:
                await request
            assert failure.value.status == 503
        assert here.weather.writes == []


async def test_rule_13_another_connection_reads_and_may_not_write(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        team = await here.post({"displayName": "Team"}, "Group")
        here.weather.clear()
        here.provisioner = here.connect("entra")
        assert (await here.get(ann["id"]))["userName"] == "ann"
        for request in (
            here.patch(ann["id"], {"title": "T"}),
            here.put(ann["id"], ANN),
            here.delete(ann["id"]),
            here.add(team["id"], ann["id"]),
            here.delete(team["id"], "Group"),
        ):
            with pytest.raises(ForbiddenException):
                await request
        with pytest.raises(UniquenessException, match="okta"):
            await here.post(ANN)
        assert here.weather.writes == []


async def test_rule_13_what_one_connection_deleted_another_may_not_take_by_post(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        await here.delete(ann["id"])
        here.provisioner = here.connect("entra")
        with pytest.raises(UniquenessException):
            await here.post(ANN)


async def test_rule_14_a_password_is_written_each_time_and_kept_nowhere(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    async with site(tmp_path, ledger_url=url) as here:
        ann = await here.post({**ANN, "password": "Tr0ub4dor&3"})
        assert here.entry(ann["id"])["secret"] == ("Tr0ub4dor&3",)
        here.weather.clear()
        await here.put(ann["id"], {**ANN, "password": "Tr0ub4dor&3"})
        assert here.weather.writes == [("update", "User")]
        await here.patch(ann["id"], {"password": "c0rrect horse"})
        assert here.entry(ann["id"])["secret"] == ("c0rrect horse",)
        here.weather.coming = ["before"] * 9
        with pytest.raises(SCIMException):
            await here.patch(ann["id"], {"password": "b4ttery staple", "active": False})
        assert "password" not in await here.get(ann["id"])
    kept = b"".join((tmp_path / name).read_bytes() for name in os.listdir(tmp_path) if name.startswith("ledger.db"))
    assert b"e-ann" in kept
    assert not any(secret in kept for secret in (b"Tr0ub4dor", b"c0rrect", b"b4ttery"))


WRITE_ONLY = """
nickName          = { attr = "pin", only = "write" }
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter" = { attr = "cost", only = "write" }
'phoneNumbers[type eq "pager"].value' = { attr = "pager", only = "write" }
'phoneNumbers[type eq "work"].value'  = "phone"
"""


@pytest.mark.parametrize("way", ["disable", "delete"])
async def test_rule_14_what_is_only_written_is_kept_nowhere(tmp_path: Path, way: str) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    secret = {
        "nickName": "pin-1234",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"costCenter": "pin-5678"},
        "phoneNumbers": [{"type": "pager", "value": "pin-9012"}, {"type": "work", "value": "phone-1"}],
    }
    text = mapping_text(rows=WRITE_ONLY, lifecycle=f'deactivate = "{way}"')
    async with site(tmp_path, text, ledger_url=url) as here:
        ann = (await here.post({**ANN, **secret}))["id"]
        held = here.entry(ann)
        assert (held["pin"], held["cost"], held["pager"]) == (("pin-1234",), ("pin-5678",), ("pin-9012",))
        here.weather.clear()
        await here.put(ann, {**ANN, **secret})
        assert here.weather.writes == [], "the target holds it already"
        await here.put(ann, {**ANN, **secret, "nickName": "pin-3456"})
        assert here.entry(ann)["pin"] == ("pin-3456",)
        await here.put(ann, {**ANN, "title": "T"})
        assert here.entry(ann)["pin"] == ("pin-3456",), "what nobody remembers is not cleared by leaving it out"
        assert "phone" not in here.entry(ann)
        here.weather.coming = ["before"] * 9
        with pytest.raises(SCIMException):
            await here.put(ann, {**ANN, **secret, "active": False})
        here.weather.clear()
        await here.put(ann, {**ANN, **secret, "active": False})
        shown = await here.get(ann)
        assert "nickName" not in shown
        assert "pin-" not in str(shown)
        if way == "disable":
            await here.patch(ann, {"nickName": None})
            assert "pin" not in here.entry(ann)
    kept = b"".join((tmp_path / name).read_bytes() for name in os.listdir(tmp_path) if name.startswith("ledger.db"))
    assert b"phone-1" in kept
    assert b"pin-" not in kept


async def test_rule_14_a_password_set_once(tmp_path: Path) -> None:
    row = 'password          = { attr = "secret", only = "write" }'
    text = mapping_text().replace(row, row.replace('"write"', '"write", apply = "create"'))
    async with site(tmp_path, text) as here:
        ann = await here.post({**ANN, "password": "first"})
        await here.put(ann["id"], {**ANN, "password": "second"})
        assert here.entry(ann["id"])["secret"] == ("first",)


@pytest.mark.parametrize("how", ['"{}"', 'W/"{}"', 'W/"other", W/"{}"', "*"])
async def test_rule_06_if_match_lets_the_version_pass(tmp_path: Path, how: str) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        tag = ann["meta"]["version"].removeprefix("W/").strip('"')
        await here.patch(ann["id"], {"title": "T"}, when=Precondition(if_match=how.replace("{}", tag)))
        assert here.entry(ann["id"])["title"] == ("T",)


async def test_rule_06_if_match_is_checked_under_the_lock(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        when = Precondition(if_match=ann["meta"]["version"])
        results = await asyncio.gather(
            *(here.patch(ann["id"], {"title": title}, when=when) for title in "ABC"), return_exceptions=True
        )
        assert sum(isinstance(result, PreconditionFailedException) for result in results) == 2


async def test_rule_06_stale_versions_are_refused_on_every_verb(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        stale = Precondition(if_match=ann["meta"]["version"])
        await here.patch(ann["id"], {"title": "T"})
        here.weather.clear()
        for request in (
            here.patch(ann["id"], {"title": "X"}, when=stale),
            here.put(ann["id"], ANN, when=stale),
            here.delete(ann["id"], when=stale),
            here.put(ann["id"], ANN, when=Precondition(if_none_match="*")),
        ):
            with pytest.raises(PreconditionFailedException):
                await request
        assert here.weather.writes == []
        with pytest.raises(NotFoundException):
            await here.delete("nobody", when=stale)


async def test_unique_values_are_compared_without_case_on_create_and_rename(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        bob = await here.post({"userName": "bob", "externalId": "e-bob"})
        with pytest.raises(UniquenessException):
            await here.patch(bob["id"], {"userName": "ANN"})
        await here.patch(ann["id"], {"userName": "Ann"})
        team = await here.post({"displayName": "Team"}, "Group")
        with pytest.raises(UniquenessException):
            await here.post({"displayName": "TEAM"}, "Group")
        other = await here.post({"displayName": "Other"}, "Group")
        with pytest.raises(UniquenessException):
            await here.patch(other["id"], {"displayName": "team"}, "Group")
        assert here.entry(team["id"], "Group")["cn"] == ("Team",)


async def test_what_the_backend_holds_unique_is_409_and_leaves_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, unique=["mail"]) as here:
        mail = {"emails": [{"value": "a@x"}]}
        await here.post({**ANN, **mail})
        with pytest.raises(UniquenessException):
            await here.post({"userName": "bob", "externalId": "e-bob", **mail})
        assert len(here.entries()) == 1
        assert await here.ledger.unsettled() == []


async def test_a_unique_element_is_held_unique_without_the_backend(tmp_path: Path) -> None:
    rows = """'phoneNumbers[type eq "work"].value' = { attr = "phone", unique = true }"""
    async with site(tmp_path, mapping_text(rows=rows)) as here:
        phones = {"phoneNumbers": [{"type": "work", "value": "+49 30 1"}]}
        await here.post({**ANN, **phones})
        with pytest.raises(UniquenessException):
            await here.post({"userName": "bob", **phones})
        bob = await here.post({"userName": "bob", "phoneNumbers": [{"type": "home", "value": "+49 30 1"}]})
        with pytest.raises(UniquenessException):
            await here.put(bob["id"], {"userName": "bob", **phones})


async def test_what_a_write_costs_the_backend(tmp_path: Path) -> None:
    """Counted, so that a cost that grows is seen (performance.md): calls to the target, request by request."""
    async with site(tmp_path) as here:
        here.weather.clear()
        ann = (await here.post(ANN))["id"]
        assert here.weather.calls == [("search", "User"), ("create", "User")]
        here.weather.clear()
        await here.patch(ann, {"title": "T"})
        assert here.weather.calls == [("read", "User"), ("update", "User")]
        team = (await here.post({"displayName": "Team"}, "Group"))["id"]
        here.weather.clear()
        await here.add(team, ann)
        assert here.weather.calls == [("update", "Group")]
