"""Tables that the connector makes itself, and the keys of ``[target.NAME]``."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import CollectionSpec, Reference
from connectors.entry import GROUPS, MEMBERS, Change, Kind, Ref
from connectors.errors import UnknownReference
from connectors.sql import SqlConnector
from tests.connectors.specimens import SPECS

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgres_url", "mariadb_url"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/own.db" if request.param == "sqlite" else request.getfixturevalue(request.param)


@pytest.fixture
async def connector(url: str) -> AsyncIterator[SqlConnector]:
    made = SqlConnector.from_options("test", {"url": url})
    yield made
    await made.close()


async def test_a_mapping_that_grows_gets_its_columns_and_keeps_its_rows(connector: SqlConnector) -> None:
    entry = await connector.collections(SPECS)["User"].create({"name": ("Ann",)})
    user = SPECS["User"]
    grown = {**SPECS, "User": replace(user, attributes=user.attributes | {"nick", "size"}, types={"size": "integer"})}
    people = connector.collections(grown)["User"]
    assert await people.read(entry.id) == entry
    changed = await people.update(entry.id, [Change(Kind.REPLACE, "nick", ("A",)), Change(Kind.REPLACE, "size", (7,))])
    assert changed is not None
    assert (changed.attributes["nick"], changed.attributes["size"]) == (("A",), (7,))
    assert await connector.check(grown) == []


async def test_two_gateways_may_start_on_one_empty_database(url: str, connector: SqlConnector) -> None:
    other = SqlConnector.from_options("other", {"url": url})
    first, second = (each.collections(SPECS)["User"] for each in (connector, other))
    entry = await first.create({"name": ("Ann",)})
    assert await second.read(entry.id) == entry
    await other.close()


async def test_times_move_with_real_changes_only(connector: SqlConnector) -> None:
    user = SPECS["User"]
    options = {**user.options, "created": "born", "modified": "changed"}
    spec = replace(user, attributes=user.attributes | {"born", "changed"}, options=options)
    people = connector.collections({**SPECS, "User": spec})["User"]
    entry = await people.create({"name": ("Ann",)})
    assert entry.attributes["born"] == entry.attributes["changed"]
    assert await people.update(entry.id, [Change(Kind.REPLACE, "name", ("Ann",))]) == entry
    later = await people.update(entry.id, [Change(Kind.REPLACE, "emails", ({"value": "a@x"},))])
    assert later is not None
    assert later.attributes["born"] == entry.attributes["born"]
    assert str(later.attributes["changed"][0]) > str(entry.attributes["changed"][0])
    assert later.version != entry.version


def nested(kind: str | None) -> Mapping[str, CollectionSpec]:
    group = SPECS["Group"]
    members: dict[str, Any] = {**(group.members or {}), **({"type": kind} if kind else {})}
    references = {
        MEMBERS: Reference(("User", "Group"), {"User": ("name",), "Group": ("label",)}),
        GROUPS: Reference(("Group",), {"Group": ("label",)}),
    }
    return {**SPECS, "Group": replace(group, members=members, references=references)}


@pytest.mark.parametrize("kind", ["member_kind", None])
async def test_groups_in_groups(connector: SqlConnector, kind: str | None) -> None:
    collections = connector.collections(nested(kind))
    people, teams = collections["User"], collections["Group"]
    ann = await people.create({"name": ("Ann",)})
    inner = await teams.create({"label": ("inner",), MEMBERS: (Ref(ann.id),)})
    outer = await teams.create({"label": ("outer",), MEMBERS: (Ref(ann.id), Ref(inner.id))})
    shown = (await teams.read(outer.id, frozenset({MEMBERS}))).attributes[MEMBERS]
    assert {(ref.id, ref.collection, ref.display) for ref in shown if isinstance(ref, Ref)} == {
        (ann.id, "User", "Ann"),
        (inner.id, "Group", "inner"),
    }
    assert (await teams.read(inner.id, frozenset({GROUPS}))).attributes[GROUPS] == (Ref(outer.id),)
    assert set((await people.read(ann.id, frozenset({GROUPS}))).attributes[GROUPS]) == {Ref(inner.id), Ref(outer.id)}
    await teams.delete(inner.id)
    assert (await teams.read(outer.id, frozenset({MEMBERS}))).attributes[MEMBERS] == (Ref(ann.id),)
    with pytest.raises(UnknownReference):
        await teams.update(outer.id, [Change(Kind.ADD, MEMBERS, (Ref(inner.id),))])


async def test_elements_keep_their_order_where_a_column_keeps_it(connector: SqlConnector) -> None:
    user = SPECS["User"]
    child = {"emails": {**user.children["emails"], "order": "position"}}
    people = connector.collections({**SPECS, "User": replace(user, children=child)})["User"]
    values = tuple({"value": value} for value in ("z@x", "a@x", "m@x"))
    entry = await people.create({"name": ("Ann",), "emails": values})
    assert entry.attributes["emails"] == values
    turned = await people.update(entry.id, [Change(Kind.REPLACE, "emails", values[::-1])])
    assert turned is not None
    assert turned.attributes["emails"] == values[::-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "'url' is missing"),
        ({"url": "nonsense"}, "'url' is no database URL"),
        ({"url": "nosuchdb://host/app"}, "no driver for 'nosuchdb'"),
        ({"url": "sqlite://", "pol": 3}, "unknown key 'pol'; did you mean 'pool'?"),
        ({"url": "sqlite://", "pool": 0}, "'pool' is the number of connections"),
        ({"url": "sqlite://", "timeout": "soon"}, "'timeout' is a time"),
        ({"url": "postgresql://u:{password}@h/d"}, "there is no key 'password'"),
    ],
)
async def test_wrong_options_are_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")):
        SqlConnector.from_options("test", options)


async def test_a_password_goes_into_its_place_to_the_letter() -> None:
    password = "p@ss/w:rd%41{x}"
    for url in ("postgresql://gw:{password}@h/d", "postgresql://gw@h/d"):
        connector = SqlConnector.from_options("test", {"url": url, "password": password})
        assert connector.database.engine.url.password == password
        assert connector.database.engine.url.drivername == "postgresql+psycopg"
        assert password not in repr(connector.database.engine)


async def test_wrong_section_keys_are_named_all_at_once() -> None:
    connector = SqlConnector.from_options("test", {"url": "sqlite://"})
    user = replace(SPECS["User"], options={"tabel": "users"}, children={"emails": {"table": "t", "map": {}}})
    group = replace(SPECS["Group"], members={"table": "m", "group": "g"})
    with pytest.raises(ValueError, match="table") as wrong:
        connector.collections({"User": user, "Group": group})
    said = str(wrong.value).splitlines()
    assert "user: unknown key 'tabel'; did you mean 'table'?" in said
    assert "user: 'table' is missing; it names a table or column of the database" in said
    assert "user.child.emails: 'key' is missing; it names a table or column of the database" in said
    assert "group.members: 'user' is missing; it names a table or column of the database" in said
    await connector.close()


async def test_a_file_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    connector = SqlConnector.from_options("test", {"url": f"sqlite:///{tmp_path}/new.db"})
    await connector.collections(SPECS)["User"].create({"name": ("Ann",)})
    modes = _modes(tmp_path)
    await connector.close()
    assert set(modes.values()) == {"0o600"}, modes


def _modes(folder: Path) -> dict[str, str]:
    return {file.name: oct(file.stat().st_mode & 0o777) for file in folder.glob("new.db*")}
