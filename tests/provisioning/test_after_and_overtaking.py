"""Calls that follow lifecycle events (H9), somebody else at the same entry, a ledger that fails at the wrong time."""

from pathlib import Path

import pytest
from scim2_models import ConflictException, PreconditionFailedException, SCIMException

from connectors.entry import Entry
from connectors.errors import Unavailable
from gateway.ledger import LedgerUnavailable
from gateway.provisioning.documents import with_value
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.model import ANY, EVERYTHING, MemberChange, Patch, Precondition, Resource
from tests.provisioning.site import mapping_text, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann"}


class Sessions:
    """An application whose sessions must end when somebody is put out."""

    def __init__(self) -> None:
        self.down = False
        self.ended: list[tuple[str, str]] = []

    async def __call__(self, event: str, id: str, entry: Entry | None) -> None:
        if self.down:
            raise Unavailable("the sessions cannot be reached")
        self.ended.append((event, id))


async def test_rule_09_a_repeated_deactivation_finishes_what_must_follow(tmp_path: Path) -> None:
    sessions = Sessions()
    async with site(tmp_path, after=sessions) as here:
        ann = (await here.post(ANN))["id"]
        sessions.down = True
        for _ in range(2):
            with pytest.raises(Unavailable503):
                await here.patch(ann, {"active": False})
        assert here.entry(ann)["state"] == ("off",)
        sessions.down = False
        await here.patch(ann, {"active": False})
        assert sessions.ended == [("deactivate", ann)]
        assert await here.ledger.pending() == []
        await here.patch(ann, {"active": False})
        assert sessions.ended == [("deactivate", ann)]


@pytest.mark.parametrize("verb", ["deactivate", "delete"])
async def test_h9_what_must_follow_is_driven_to_the_end(tmp_path: Path, verb: str) -> None:
    sessions = Sessions()
    async with site(tmp_path, after=sessions) as here:
        ann = (await here.post(ANN))["id"]
        sessions.down = True
        with pytest.raises(Unavailable503):
            await (here.patch(ann, {"active": False}) if verb == "deactivate" else here.delete(ann))
        assert await here.later() == 0
        sessions.down = False
        assert await here.later() == 1
        assert sessions.ended == [(verb, ann)]
        assert await here.later() == 0


async def test_a_plan_that_somebody_overtook_is_made_again(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        here.weather.coming = ["overtaken"]
        await here.patch(ann, {"displayName": "Ann"})
        held = here.entry(ann)
        assert held["name"] == ("Ann",)
        assert held["title"][0].startswith("overtaken")
        here.weather.coming = ["overtaken"] * 9
        with pytest.raises(ConflictException):
            await here.patch(ann, {"displayName": "Anna"})
        assert await here.ledger.unsettled() == []


async def test_rule_06_if_match_is_held_against_the_write_itself(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.coming = ["overtaken"]
        with pytest.raises(PreconditionFailedException):
            await here.patch(ann["id"], {"displayName": "Ann"}, when=Precondition(if_match=ann["meta"]["version"]))
        assert "name" not in here.entry(ann["id"])


async def test_a_ledger_that_fails_after_the_target_was_written(tmp_path: Path) -> None:
    """503, and the repeated request finds its own entry."""
    async with site(tmp_path, mapping_text(user='adopt = "never"')) as here:

        async def away(*_: object) -> None:
            raise LedgerUnavailable("away")

        confirm, here.ledger.confirm = here.ledger.confirm, away  # type: ignore[method-assign,assignment]
        with pytest.raises(SCIMException) as failure:
            await here.post(ANN)
        assert failure.value.status == 503
        here.ledger.confirm = confirm  # type: ignore[method-assign]
        ann = await here.post(ANN)
        assert list(here.entries()) == [ann["id"]]
        assert await here.ledger.unsettled() == []


async def test_the_answer_has_the_version_that_then_stands(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ids = [(await here.post({"userName": f"user{number}"}))["id"] for number in range(12)]
        body = {"displayName": "Team", "members": [{"value": id} for id in ids]}
        for answer in (
            team := await here.post(body, "Group"),
            await here.put(team["id"], {**body, "members": body["members"][:3]}, "Group"),
            await here.put(team["id"], {**body, "displayName": "Crew"}, "Group"),
            await here.provisioner.patch(
                "Group", team["id"], Patch(members=(MemberChange("remove", (ids[0],)),)), ANY, EVERYTHING
            ),
        ):
            assert answer is not None
        assert answer == await here.get(team["id"], "Group")
        again = await here.put(team["id"], body, "Group")
        assert again == await here.get(team["id"], "Group")


async def test_a_patch_of_a_list_asserts_only_the_values_it_means(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post({**ANN, "emails": [{"value": "a@x", "type": "work"}]}))["id"]
        await here.touch(ann, mail=("a@x", "helpdesk@x"))

        def add(resource: Resource) -> Resource:
            emails = [*resource.get("emails", []), {"value": "b@x", "type": "work"}]
            return with_value(resource, "emails", emails)

        await here.provisioner.patch("User", ann, Patch(frozenset({"emails"}), add))
        assert set(here.entry(ann)["mail"]) == {"a@x", "helpdesk@x", "b@x"}
        await here.put(ann, {**ANN, "emails": [{"value": "a@x", "type": "work"}]})
        assert set(here.entry(ann)["mail"]) == {"a@x", "helpdesk@x"}


@pytest.mark.parametrize("way", ["delete", "move", "disable"])
async def test_a_post_of_somebody_inactive_never_makes_them_active(tmp_path: Path, way: str) -> None:
    lifecycle = f'deactivate = "{way}"\nmove_to = "leavers"' if way == "move" else f'deactivate = "{way}"'
    text = mapping_text(active="", user='parent = "people"', lifecycle=lifecycle)
    async with site(tmp_path, text) as here:
        if way == "disable":
            with pytest.raises(SCIMException) as failure:
                await here.post({**ANN, "active": False})
            assert failure.value.status == 403
            assert here.entries() == {}
            return
        ann = await here.post({**ANN, "active": False})
        assert ann["active"] is False
        assert (await here.get(ann["id"]))["active"] is False
        assert [held["@parent"] for held in here.entries().values()] == ([("leavers",)] if way == "move" else [])
        answer = await here.patch(ann["id"], {"active": True})
        assert answer is not None
        assert answer["id"] == ann["id"]
        assert [held["@parent"] for held in here.entries().values()] == [("people",)]


@pytest.mark.parametrize("way", ["disable", "delete"])
async def test_rule_24_the_calls_of_a_deletion_follow_the_old_entry(tmp_path: Path, way: str) -> None:
    """A new address, a new account: the sessions of the old one end too, and the answer waits for that."""
    row, sessions = 'userName          = { attr = "uid", via = ["trim", "lower"], required = true', Sessions()
    text = mapping_text(lifecycle=f'delete = "{way}"').replace(row, row + ', immutable = "recreate"')
    async with site(tmp_path, text, after=sessions) as here:
        ann = (await here.post(ANN))["id"]
        sessions.down = True
        with pytest.raises(Unavailable503):
            await here.patch(ann, {"userName": "anna"})
        sessions.down = False
        answer = await here.patch(ann, {"userName": "anna"})
        assert answer is not None
        assert (answer["id"], answer["userName"]) == (ann, "anna")
        assert sessions.ended == [("delete", ann)]
        assert len(here.entries()) == (2 if way == "disable" else 1)
