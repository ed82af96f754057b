"""Writing on real backends through the shipped mappings, killed and paused in between (rules 7 to 24)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scim2_models import InvalidValueException, NotFoundException, PreconditionFailedException, UniquenessException

from connectors.contract import Connector
from connectors.entry import GROUPS, Ref
from connectors.ldap import LdapConnector
from connectors.sql import SqlConnector
from gateway.ledger import Ledger
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.load import load
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.model import ANY, ConnectionSettings, MemberChange, Patch, Precondition, RetrySettings
from gateway.provisioning.provisioner import Provisioner
from gateway.provisioning.worker import Worker
from tests.provisioning.site import replacing

pytestmark = pytest.mark.anyio

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
HASTY = RetrySettings(attempts=2, deadline=3.0, initial=0.05, longest=0.1)


@dataclass
class Ground:
    """A provisioner over a real backend, and the backend's switches (None: it cannot be switched off)."""

    provisioner: Provisioner
    ledger: Ledger
    server: Any

    async def patch(self, id: str, named: dict[str, Any]) -> dict[str, Any]:
        answer = await self.provisioner.patch("User", id, replacing(named))
        assert answer is not None
        return answer

    async def members(self, group: str, *changes: MemberChange) -> None:
        await self.provisioner.patch("Group", group, Patch(members=changes), ANY, None)

    async def shown(self, group: str) -> set[str]:
        return {member["value"] for member in (await self.provisioner.read("Group", group)).get("members", ())}

    @property
    def refuses_unknown(self) -> bool:
        rules = self.provisioner.mapping.resources["Group"].members
        return rules is not None and rules.unknown == "refuse"

    async def later(self) -> None:
        soon = datetime.now(UTC) + timedelta(hours=1)
        await Worker(self.ledger, {"okta": self.provisioner}, clock=lambda: soon).work()


@asynccontextmanager
async def opened(connector: Connector, preset: str, server: Any) -> AsyncIterator[Ground]:
    mapping = compile_mapping(load(preset))
    ledger = await Ledger.open("sqlite://")
    settings = ConnectionSettings("okta", "corp", retry=HASTY, settle=0.0)
    try:
        yield Ground(Provisioner(settings, mapping, connector.collections(mapping.specs), ledger), ledger, server)
    finally:
        await ledger.close()
        await connector.close()


@pytest.fixture(params=["sqlite", "postgresql", "slapd"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ground]:
    server: Any = None
    if request.param == "slapd":
        server = request.getfixturevalue("directory")
        connector: Connector = LdapConnector.from_options("corp", server.options)
    elif request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        connector = SqlConnector.from_options("corp", {"url": request.getfixturevalue("postgres_url")})
    else:
        connector = SqlConnector.from_options("corp", {"url": f"sqlite:///{tmp_path}/app.db"})
    async with opened(connector, preset_of(request.param), server) as ground:
        yield ground


def preset_of(kind: str) -> str:
    return "openldap" if kind == "slapd" else "embedded"


@pytest.fixture(params=["slapd", "sqlite"])
async def renewing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ground]:
    """Where another userName is another entry, and the old one is only disabled."""
    name = "uid" if request.param == "slapd" else "user_name"
    file = tmp_path / "renewing.toml"
    file.write_text(
        f'format = 1\nextends = "{preset_of(request.param)}"\n[user.map]\n'
        f'userName = {{ attr = "{name}", required = true, immutable = "recreate" }}\n'
        '[user.lifecycle]\ndelete = "disable"\n'
    )
    if request.param == "slapd":
        connector: Connector = LdapConnector.from_options("corp", request.getfixturevalue("directory").options)
    else:
        connector = SqlConnector.from_options("corp", {"url": f"sqlite:///{tmp_path}/app.db"})
    async with opened(connector, str(file), None) as ground:
        yield ground


async def test_rule_24_an_entry_that_its_object_has_left_is_in_no_group(renewing: Ground) -> None:
    """It is disabled, not gone: what stands in the target is asked past all that hides it."""
    body = {
        name: value for name, value in person("ann").items() if name != "emails"
    }  # the directory has each mail once
    ann = (await renewing.provisioner.create("User", body))["id"]
    teams = [
        (await renewing.provisioner.create("Group", {"displayName": name, "members": [{"value": ann}]}))["id"]
        for name in ("One", "Two")
    ]
    assert (await renewing.patch(ann, {"userName": "anna"}))["userName"] == "anna"
    collection = renewing.provisioner.grounds["User"].collection
    old = await collection.read(ann, frozenset({GROUPS}))
    assert GROUPS not in old.attributes
    anchor = (await renewing.ledger.by_ids(renewing.provisioner.grounds["User"].scope, [ann]))[ann].anchor
    assert anchor not in (None, ann)
    new = await collection.read(anchor or "", frozenset({GROUPS}))
    assert {ref.id for ref in new.attributes[GROUPS] if isinstance(ref, Ref)} == set(teams)
    assert [await renewing.shown(team) for team in teams] == [{ann}, {ann}]


def person(name: str) -> dict[str, Any]:
    return {
        "userName": name,
        "externalId": f"e-{name}",
        "name": {"givenName": name.title(), "familyName": "Lee"},
        "emails": [{"value": f"{name}@corp.example", "type": "work", "primary": True}],
        "active": True,
    }


async def test_the_life_of_a_user(here: Ground) -> None:
    made = await here.provisioner.create("User", person("ann"))
    ann = made["id"]
    assert made == await here.provisioner.read("User", ann)
    assert made["active"] is True
    again = (await here.provisioner.replace("User", ann, person("ann"))).resource
    assert again["meta"] == made["meta"], "an unchanged PUT wrote something"
    with pytest.raises(UniquenessException):
        await here.provisioner.create("User", person("ANN"))
    answer = await here.patch(ann, {"title": "Clerk", f"{ENTERPRISE}:department": "IT"})
    assert (answer["title"], answer[ENTERPRISE]["department"]) == ("Clerk", "IT")
    assert answer == await here.provisioner.read("User", ann)
    with pytest.raises(PreconditionFailedException):
        await here.provisioner.delete("User", ann, Precondition(if_match=made["meta"]["version"]))
    answer = (await here.provisioner.replace("User", ann, {**person("ann"), "userName": "anna"})).resource
    assert (answer["id"], answer["userName"]) == (ann, "anna")
    assert "title" not in answer, "what was asserted and is left out of a PUT is cleared (rule 8)"
    for active in (False, False, True):
        assert (await here.patch(ann, {"active": active}))["active"] is active
    await here.provisioner.delete("User", ann)
    with pytest.raises(NotFoundException):
        await here.provisioner.read("User", ann)
    back = await here.provisioner.create("User", {**person("anna"), "externalId": "e-ann"})
    assert (back["id"], back["active"]) == (ann, True)


async def test_the_life_of_a_group(here: Ground) -> None:
    ids = [(await here.provisioner.create("User", person(name)))["id"] for name in ("ann", "bob", "eve")]
    ann, bob, eve = ids
    members = [{"value": ann}, {"value": bob}]
    team = (await here.provisioner.create("Group", {"displayName": "Team", "members": members}))["id"]
    assert await here.shown(team) == {ann, bob}
    await here.members(team, MemberChange("remove", (ann,)), MemberChange("add", (eve, bob)))
    await here.members(team, MemberChange("remove", (ann,)), MemberChange("add", (eve, bob)))
    assert await here.shown(team) == {bob, eve}
    nobody = "00000000-0000-4000-8000-000000000000"
    if here.refuses_unknown:
        with pytest.raises(InvalidValueException, match=nobody):
            await here.members(team, MemberChange("add", (ann, nobody)))
    else:
        await here.members(team, MemberChange("add", (eve, nobody)))
    assert await here.shown(team) == {bob, eve}
    answer = (
        await here.provisioner.replace("Group", team, {"displayName": "Crew", "members": [{"value": ann}]})
    ).resource
    assert (answer["displayName"], [member["value"] for member in answer["members"]]) == ("Crew", [ann])
    assert [group["value"] for group in (await here.provisioner.read("User", ann))["groups"]] == [team]
    await here.provisioner.delete("User", ann)
    assert await here.shown(team) == set()
    await here.provisioner.replace("Group", team, {"displayName": "Crew", "members": []})
    await here.provisioner.delete("Group", team)
    with pytest.raises(NotFoundException):
        await here.provisioner.read("Group", team)
    assert "groups" not in await here.provisioner.read("User", bob)


async def test_a_manager_who_comes_later(here: Ground) -> None:
    body = {**person("ann"), ENTERPRISE: {"manager": {"value": "e-boss"}}}
    ann = await here.provisioner.create("User", body)
    assert ann[ENTERPRISE]["manager"]["value"] == "e-boss"
    boss = await here.provisioner.create("User", person("boss"))
    shown = await here.provisioner.read("User", ann["id"])
    assert shown[ENTERPRISE]["manager"]["value"] == boss["id"]


async def test_a_backend_that_is_killed(here: Ground) -> None:
    if here.server is None:
        pytest.skip("an embedded database has no server to kill")
    ann = (await here.provisioner.create("User", person("ann")))["id"]
    bob = (await here.provisioner.create("User", person("bob")))["id"]
    team = (await here.provisioner.create("Group", {"displayName": "T", "members": [{"value": bob}]}))["id"]
    here.server.kill()
    for request in (
        here.provisioner.create("User", person("eve")),
        here.patch(ann, {"active": False, "title": "Leaver"}),
        here.members(team, MemberChange("remove", (bob,))),
        here.provisioner.delete("User", bob),
        here.provisioner.read("User", ann),
    ):
        with pytest.raises(Unavailable503):
            await request
    here.server.start()
    await here.later()
    shown = await here.provisioner.read("User", ann)
    assert shown["active"] is False
    assert "title" not in shown
    assert await here.shown(team) == set()
    with pytest.raises(NotFoundException):
        await here.provisioner.read("User", bob)
    assert await here.ledger.pending() == []
    assert (await here.provisioner.create("User", person("eve")))["userName"] == "eve"


async def test_a_backend_that_freezes(here: Ground) -> None:
    """The request was sent and nobody knows what became of it; nothing is doubled once the backend goes on."""
    if here.server is None:
        pytest.skip("an embedded database has no server to pause")
    ann = (await here.provisioner.create("User", person("ann")))["id"]
    here.server.pause()
    try:
        for request in (here.provisioner.create("User", person("eve")), here.patch(ann, {"active": False})):
            with pytest.raises(Unavailable503):
                await request
    finally:
        here.server.resume()
    await here.later()
    assert (await here.provisioner.read("User", ann))["active"] is False
    eve = await here.provisioner.create("User", person("eve"))
    assert eve["userName"] == "eve"
    with pytest.raises(UniquenessException):
        await here.provisioner.create("User", person("eve"))
