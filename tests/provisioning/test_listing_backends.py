"""Lists on real backends through the shipped mappings: what a filter finds is what a read satisfies (rules 1 to 5)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Connector
from connectors.ldap import LdapConnector
from connectors.sql import SqlConnector
from gateway.ledger import Ledger
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.filters.conditions import compile_condition
from gateway.mapping.load import load
from gateway.mapping.schema.paths import parse_filter
from gateway.provisioning.model import ConnectionSettings, MemberChange, Patch, Search
from gateway.provisioning.provisioner import Provisioner
from tests.provisioning.library import ENTERPRISE

pytestmark = pytest.mark.anyio

FILTERS = [
    None,
    'userName eq "ANN@corp.example"',
    'userName sw "a"',
    'userName ew "corp.example" and active eq true',
    "active eq false",
    'not (active eq false) and not (userName eq "cid@corp.example")',
    'name.familyName eq "LEE"',
    'name.familyName ne "Lee"',
    'name.familyName co "*"',
    'name.familyName gt "m" or name.familyName le "d"',
    'emails.value eq "ann@corp.example"',
    'emails[type eq "work"].value eq "bob@corp.example"',
    'emails[type eq "work" and value co "corp"]',
    "not (emails pr)",
    'externalId eq "00u2"',
    'externalId eq "00U2"',
    'not (externalId eq "00U2")',
    "externalId pr",
    f'{ENTERPRISE}:department eq "R&D (x)"',
    f"{ENTERPRISE}:manager.value pr",
    'meta.created gt "2020-01-01T00:00:00Z"',
    'meta.lastModified lt "2020-01-01T00:00:00Z"',
    'userName eq "ö@corp.example"',
    'userName eq "*" or userName eq "a)(uid=*"',
    'groups.display eq "Staff"',
    'groups pr and userName co "b"',
    "id pr",
]
PEOPLE: list[dict[str, Any]] = [
    {"userName": "ann@corp.example", "externalId": "00u1", "name": {"givenName": "Ann", "familyName": "Lee"}},
    {"userName": "bob@corp.example", "externalId": "00u2", "name": {"givenName": "Bob", "familyName": "lee"}},
    {"userName": "cid@corp.example", "name": {"givenName": "Cid", "familyName": "A*b (c)"}},
    {"userName": "ö@corp.example", "name": {"givenName": "Ö", "familyName": "Örn"}, "active": False},
    {"userName": "eve@corp.example", "name": {"givenName": "Eve", "familyName": "Zed"}},
    {"userName": "gone@corp.example", "name": {"givenName": "Gone", "familyName": "Lee"}},
]


@asynccontextmanager
async def connected(connector: Connector, preset: str) -> AsyncIterator[Provisioner]:
    mapping = compile_mapping(load(preset))
    ledger = await Ledger.open("sqlite://")
    collections = connector.collections(mapping.specs)
    try:
        yield Provisioner(ConnectionSettings("okta", "corp"), mapping, collections, ledger)
    finally:
        await ledger.close()
        await connector.close()


@pytest.fixture(params=["sqlite", "postgresql", "slapd"])
async def provisioner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Provisioner]:
    if request.param == "slapd":
        directory = request.getfixturevalue("directory")
        connector: Connector = LdapConnector.from_options("corp", directory.options)
        preset = "openldap"
    else:
        url = f"sqlite:///{tmp_path}/app.db"
        if request.param == "postgresql":
            url = request.getfixturevalue("postgres_url")
        connector, preset = SqlConnector.from_options("corp", {"url": url}), "embedded"
    async with connected(connector, preset) as opened:
        await furnish(opened)
        yield opened


async def furnish(here: Provisioner) -> None:
    ids = {}
    for person in PEOPLE:
        document = {**person, "active": person.get("active", True)}
        if person["userName"] != "eve@corp.example":
            document["emails"] = [{"value": person["userName"].replace("ö", "oe"), "type": "work", "primary": True}]
        if person["userName"].startswith("b"):
            document[ENTERPRISE] = {"department": "R&D (x)", "manager": {"value": ids["ann@corp.example"]}}
        made = await here.create("User", document)
        ids[person["userName"]] = made["id"]
    members = tuple(ids[name] for name in ("ann@corp.example", "bob@corp.example", "gone@corp.example"))
    group = await here.create("Group", {"displayName": "Staff"})
    await here.patch("Group", group["id"], Patch(members=(MemberChange("add", members),)))
    await here.delete("User", ids["gone@corp.example"])


async def found(here: Provisioner, text: str | None, **more: Any) -> list[dict[str, Any]]:
    listing = await here.search(Search(("User",), parse_filter(text) if text else None, **more))
    return listing.resources


async def test_rules_01_to_05_lists_agree_with_reads(provisioner: Provisioner) -> None:
    everyone = [await here_read(provisioner, one["id"]) for one in await found(provisioner, None)]
    assert sorted(one["userName"] for one in everyone) == sorted(
        person["userName"] for person in PEOPLE if not person["userName"].startswith("gone")
    )
    index = provisioner.mapping.resources["User"].attributes
    for text in FILTERS:
        satisfies = compile_condition(parse_filter(text), index) if text else lambda _: True
        wanted = {one["id"] for one in everyone if satisfies(one)}
        answer = await found(provisioner, text)
        assert {one["id"] for one in answer} == wanted, text
        assert len(answer) == len(wanted), text
        assert all(one in everyone for one in answer), text
        total = (await provisioner.search(Search(("User",), parse_filter(text) if text else None, count=0))).total
        assert total == len(wanted), text


async def here_read(provisioner: Provisioner, id: str) -> dict[str, Any]:
    return await provisioner.read("User", id)


@pytest.mark.parametrize("sort_by", [None, "userName", "name.familyName", "externalId", "meta.created"])
@pytest.mark.parametrize("descending", [False, True])
async def test_rule_03_pages_and_walks_join_to_the_list(
    provisioner: Provisioner, sort_by: str | None, descending: bool
) -> None:
    whole = [one["id"] for one in await found(provisioner, None, sort_by=sort_by, descending=descending)]
    assert len(whole) == 5
    paged, walked, position = list[str](), list[str](), None
    for start in (1, 3, 5):
        page = await found(provisioner, None, sort_by=sort_by, descending=descending, start_index=start, count=2)
        paged += [one["id"] for one in page]
    while True:
        listing = await provisioner.search(
            Search(("User",), None, sort_by, descending, count=2, position=position, by_cursor=True)
        )
        walked += [one["id"] for one in listing.resources]
        position = listing.next
        assert listing.total == 5
        if position is None:
            break
    assert (paged, walked) == (whole, whole)


async def test_rule_05_groups_and_members_see_one_another(provisioner: Provisioner) -> None:
    (group,) = (await provisioner.search(Search(("Group",), parse_filter('displayName eq "staff"')))).resources
    ids = {member["value"] for member in group["members"]}
    assert len(ids) == 2
    answer = await found(provisioner, f'groups.value eq "{group["id"]}"')
    assert {one["id"] for one in answer} == ids
    assert all(one["groups"] == [{"value": group["id"], "display": "Staff", "type": "direct"}] for one in answer)
    for id in ids:
        held = await provisioner.search(Search(("Group",), parse_filter(f'members.value eq "{id}"')))
        assert [one["id"] for one in held.resources] == [group["id"]]
    labels = {member["value"]: (member.get("display"), member["type"]) for member in group["members"]}
    assert all(kind == "User" for _, kind in labels.values())
