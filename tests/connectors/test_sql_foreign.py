"""The SQL connector on tables that somebody else made."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.contract import CollectionSpec, Query
from connectors.entry import MEMBERS, Change, Kind, Ref
from connectors.errors import AlreadyExists, InvalidValue, NotFound, Refused, Unavailable, Unsupported
from connectors.filters import Compare, Not, Operator, Verdict
from connectors.sql import SqlConnector
from connectors.testing import ContractTests
from tests.connectors.counting import statements
from tests.connectors.foreign import FOREIGN, SPECS, Foreign, sqlite_url

pytestmark = pytest.mark.anyio


class TestForeignSqlite(ContractTests):
    specimen = FOREIGN

    @pytest.fixture
    def connector(self, tmp_path: Path) -> SqlConnector:
        return Foreign(sqlite_url(tmp_path)).connector()

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> SqlConnector:
        return SqlConnector.from_options("away", {"url": sqlite_url(tmp_path / "no such folder")})


class TestForeignPostgres(ContractTests):
    specimen = FOREIGN

    @pytest.fixture
    def connector(self, postgres_url: str) -> SqlConnector:
        return Foreign(postgres_url).connector()

    @pytest.fixture
    def unreachable(self) -> SqlConnector:
        return SqlConnector.from_options("away", {"url": "postgresql://gateway@127.0.0.1:1/app", "timeout": 5})


@pytest.fixture(params=["sqlite", "postgres_url", "mariadb_url"])
async def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Foreign]:
    url = sqlite_url(tmp_path) if request.param == "sqlite" else request.getfixturevalue(request.param)
    database = Foreign(url)
    yield database
    for connector in database.opened:
        await connector.close()


HOSTILE = ("'; DROP TABLE people; --", "' OR '1'='1", '"; DELETE FROM people; --', "x') OR 1=1 --", "%s", ":p0", "\\'")


async def test_values_are_bound_and_never_part_of_a_statement(foreign: Foreign) -> None:
    connector = foreign.connector()
    people, squads = (connector.collections(SPECS)[name] for name in ("User", "Group"))
    seen = statements(connector)
    kept = await people.create({"full_name": ("kept",)})
    for value in HOSTILE:
        entry = await people.create({"full_name": (value,), "title": (value,)})
        await people.update(entry.id, [Change(Kind.REPLACE, "title", (f"{value}!",))])
        for operator in Operator:
            await people.search(Query(Compare("title", operator, value), ids=[value, entry.id], sort_by="title"))
        squad = await squads.create({"label": (value,), MEMBERS: (Ref(entry.id),)})
        await squads.update(squad.id, [Change(Kind.REMOVE, MEMBERS, (Ref(value),))])
        with pytest.raises(NotFound):
            await people.read(value)
        with pytest.raises(NotFound):
            await people.delete(value)
    assert await people.read(kept.id) == kept
    assert foreign.execute("SELECT count(*) FROM people") == [(len(HOSTILE) + 1,)]
    assert not [each for each in seen for value in HOSTILE[:4] if value in each]


async def test_an_attribute_that_is_no_column_never_reaches_the_database(foreign: Foreign) -> None:
    people = foreign.connector().collections(SPECS)["User"]
    await people.create({"full_name": ("Ann",)})
    odd = "title) = '' OR (1=1"
    for query in (Query(Compare(odd, Operator.EQ, "x")), Query(sort_by=odd)):
        with pytest.raises(Unsupported):
            await people.search(query)


async def test_what_the_table_refuses_names_the_column(foreign: Foreign) -> None:
    people = foreign.connector().collections(SPECS)["User"]
    await people.create({"full_name": ("Ann",), "mail": ("ann@example.com",)})
    with pytest.raises(AlreadyExists) as taken:
        await people.create({"full_name": ("Ann",), "mail": ("ANN@example.com",)})
    assert taken.value.attribute == "mail"
    assert "ann" not in taken.value.detail.lower(), "a detail holds no value"
    with pytest.raises(InvalidValue) as absent:
        await people.create({"title": ("nobody",)})
    assert absent.value.attribute == "full_name"
    for attribute, value in (("age", "ten"), ("enabled", "perhaps"), ("seen", "yesterday"), ("age", 2**80)):
        with pytest.raises(InvalidValue) as wrong:
            await people.create({"full_name": ("Bob",), attribute: (value,)})
        assert wrong.value.attribute == attribute
    with pytest.raises(InvalidValue):
        await people.create({"full_name": ("Bob",), "title": ("one", "two")})
    assert foreign.execute("SELECT count(*) FROM people") == [(1,)]


async def test_a_value_too_long_is_refused_where_the_database_minds(foreign: Foreign) -> None:
    people = foreign.connector().collections(SPECS)["User"]
    if foreign.url.startswith("sqlite"):
        assert (await people.create({"full_name": ("Ann",), "short": ("too long",)})).attributes["short"]
    else:
        with pytest.raises(InvalidValue):
            await people.create({"full_name": ("Ann",), "short": ("too long",)})


async def test_a_row_that_other_tables_need_is_not_deleted(foreign: Foreign) -> None:
    collections = foreign.connector().collections(SPECS)
    entry = await collections["User"].create({"full_name": ("Ann",)})
    group = await collections["Group"].create({"label": ("Squad",), MEMBERS: (Ref(entry.id),)})
    foreign.execute("INSERT INTO orders (person) VALUES (?)", int(entry.id))
    with pytest.raises(Refused):
        await collections["User"].delete(entry.id)
    members = (await collections["Group"].read(group.id, frozenset({MEMBERS}))).attributes[MEMBERS]
    assert members == (Ref(entry.id),), "the refused deletion took the membership along"


async def test_rule_17_a_named_member_is_removed_whoever_added_it(foreign: Foreign) -> None:
    collections = foreign.connector().collections(SPECS)
    people, squads = collections["User"], collections["Group"]
    one, two, three = [await people.create({"full_name": (name,)}) for name in ("one", "two", "three")]
    squad = await squads.create({"label": ("Squad",), MEMBERS: (Ref(one.id),)})
    for person in (two, three):
        foreign.execute("INSERT INTO joined (squad, person) VALUES (?, ?)", int(squad.id), int(person.id))
    await squads.update(squad.id, [Change(Kind.ADD, MEMBERS, (Ref(three.id),))])
    assert foreign.execute("SELECT person, source FROM joined ORDER BY person") == [
        (int(one.id), "scim"),
        (int(two.id), "by hand"),
        (int(three.id), "by hand"),
    ]
    await squads.update(squad.id, [Change(Kind.REMOVE, MEMBERS, (Ref(two.id),))])
    assert foreign.execute("SELECT person FROM joined ORDER BY person") == [(int(one.id),), (int(three.id),)]


async def test_one_member_more_is_four_statements_whatever_the_size(foreign: Foreign) -> None:
    connector = foreign.connector()
    collections = connector.collections(SPECS)
    people, squads = collections["User"], collections["Group"]
    new = await people.create({"full_name": ("new",)})
    small, large = [await squads.create({"label": (label,)}) for label in ("small", "large")]
    foreign.execute(
        "INSERT INTO people (nr, full_name) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 49) SELECT 1000 + 50 * a.i + b.i, 'person' FROM n a, n b"
    )
    foreign.execute("INSERT INTO joined (squad, person) SELECT ?, nr FROM people WHERE nr > 999", int(large.id))
    costs = {}
    for group in (small, large):
        seen = statements(connector)
        await squads.update(group.id, [Change(Kind.ADD, MEMBERS, (Ref(new.id),))])
        costs[group.id] = len([each for each in seen if not each.startswith("BEGIN")])
    assert costs == {small.id: 4, large.id: 4}


async def test_ids_are_written_one_way_only(foreign: Foreign) -> None:
    people = foreign.connector().collections(SPECS)["User"]
    entry = await people.create({"full_name": ("Ann",)})
    for id in (f"0{entry.id}", f" {entry.id}", f"{entry.id} ", f"+{entry.id}", f"{entry.id}.0", f"{entry.id}_0", "١"):
        with pytest.raises(NotFound):
            await people.read(id)
        assert (await people.search(Query(ids=[id]))).entries == ()


async def test_a_missing_table_is_unavailable_until_it_is_there(foreign: Foreign) -> None:
    foreign.execute("ALTER TABLE people RENAME TO folk")
    people = foreign.connector().collections(SPECS)["User"]
    for _ in range(2):
        with pytest.raises(Unavailable):
            await people.read("1")
        with pytest.raises(Unavailable):
            await people.search(Query())
    foreign.execute("ALTER TABLE folk RENAME TO people")
    entry = await people.create({"full_name": ("Ann",)})
    foreign.execute("ALTER TABLE people RENAME TO folk")
    with pytest.raises(Unavailable):
        await people.read(entry.id)
    foreign.execute("ALTER TABLE folk RENAME TO people")
    assert await people.read(entry.id) == entry


async def test_a_missing_column_is_unavailable_and_found_by_check(foreign: Foreign) -> None:
    foreign.execute("ALTER TABLE people DROP COLUMN short")
    connector = foreign.connector()
    with pytest.raises(Unavailable):
        await connector.collections(SPECS)["User"].create({"full_name": ("Ann",), "short": ("x",)})
    errors = [each for each in await connector.check(SPECS) if each.level == "error"]
    assert [(each.collection, each.key) for each in errors] == [("User", "short")]
    assert "'people' has no column 'short'" in errors[0].message


async def test_check_names_missing_tables_keys_and_indices(foreign: Foreign) -> None:
    found = await foreign.connector().check(SPECS)
    missing = {("Group", "members.table"), ("User", "boss"), ("Group", "members.group"), ("Group", "members.user")}
    if foreign.url.startswith("mariadb"):  # which makes an index for each foreign key
        missing = {("Group", "members.table")}
    assert {(each.level, each.collection, each.key) for each in found} == {("warning", *each) for each in missing}
    wrong = replace(SPECS["User"], options={"table": "peopel"})
    messages = [each.message for each in await foreign.connector().check({"User": wrong})]
    assert messages == ["the database has no table 'peopel'; did you mean 'people'?"]


async def test_check_asks_for_an_index_that_finds_whatever_the_case(foreign: Foreign) -> None:
    async def found() -> list[str]:
        return [
            each.message for each in await foreign.connector().check({"User": SPECS["User"]}) if each.key == "title"
        ]

    mariadb = foreign.url.startswith("mariadb")
    if mariadb:
        foreign.execute("ALTER TABLE people MODIFY title VARCHAR(500) COLLATE utf8mb4_bin")
    foreign.execute("CREATE INDEX by_title ON people (title)")
    assert ["tells capitals apart" in each or "none on lower(title)" in each for each in await found()] == [True]
    caseless = "ALTER TABLE people MODIFY title VARCHAR(500) COLLATE utf8mb4_unicode_ci"
    foreign.execute(caseless if mariadb else "CREATE INDEX by_lower_title ON people (lower(title))")
    assert await found() == []


async def test_a_version_column_that_another_program_keeps_is_honoured(foreign: Foreign) -> None:
    foreign.execute("ALTER TABLE people ADD COLUMN revision INTEGER")
    specs = {"User": replace(SPECS["User"], version="revision", references={})}
    people = foreign.connector().collections(specs)["User"]
    entry = await people.create({"full_name": ("Ann",)})
    foreign.execute("UPDATE people SET full_name = 'Anna', revision = 17")
    newer = await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))], "17")
    assert newer is not None
    assert (newer.version, newer.attributes["full_name"]) == ("18", ("Anna",))
    foreign.execute("UPDATE people SET revision = NULL")
    changed = await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Prof",))])
    assert changed is not None
    assert changed.version == "1"


async def test_a_table_of_another_schema(postgres_url: str) -> None:
    foreign = Foreign(postgres_url)
    foreign.execute("CREATE SCHEMA app")
    foreign.execute("ALTER TABLE people SET SCHEMA app")
    specs = {"User": replace(SPECS["User"], options={"table": "app.people"})}
    connector = foreign.connector()
    people = connector.collections(specs)["User"]
    entry = await people.create({"full_name": ("Ann",), "title": ("Dr",)})
    assert (await people.search(Query(Not(Compare("title", Operator.EQ, "x"))))).entries == (entry,)
    assert [each for each in await connector.check(specs) if each.level == "error"] == []
    await connector.close()


async def test_lost_rights_are_unavailable_to_read_and_refused_to_write(postgres_url: str) -> None:
    foreign = Foreign(postgres_url)
    foreign.execute("DROP ROLE IF EXISTS reader")
    foreign.execute("CREATE ROLE reader LOGIN")
    foreign.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    foreign.execute("INSERT INTO people (full_name) VALUES ('Ann')")
    connector = SqlConnector.from_options("reader", {"url": postgres_url.replace("gateway@", "reader@")})
    people = connector.collections(SPECS)["User"]
    assert (await people.read("1")).attributes["full_name"] == ("Ann",)
    with pytest.raises(Refused):
        await people.create({"full_name": ("Bob",)})
    foreign.execute("REVOKE SELECT ON people FROM reader")
    with pytest.raises(Unavailable):
        await people.read("1")
    await connector.close()


async def test_columns_of_many_types_come_back_as_they_went(postgres_url: str) -> None:
    foreign = Foreign(postgres_url)
    foreign.execute("CREATE TYPE rank AS ENUM ('low', 'high')")
    foreign.execute(
        "CREATE TABLE things (key uuid PRIMARY KEY DEFAULT gen_random_uuid(), rank rank, day date, price numeric(9, 2),"
        " ratio double precision, at timestamptz, doc jsonb, raw bytea, other uuid)"
    )
    values = {
        "rank": "high",
        "day": "2024-02-29",
        "price": 12.25,
        "ratio": 0.1,
        "at": "2024-02-29T12:30:15.250000Z",
        "doc": '{"a":[1,true,null],"ü":"x"}',
        "raw": b"\x00\xff",
        "other": "00000000-0000-4000-8000-000000000001",
    }
    spec = CollectionSpec("Thing", "key", attributes=frozenset(values), options={"table": "things"})
    connector = foreign.connector()
    things = connector.collections({"Thing": spec})["Thing"]
    entry = await things.create({name: (value,) for name, value in values.items()})
    assert entry.attributes == {name: (value,) for name, value in values.items()}
    same = await things.update(entry.id, [Change(Kind.REPLACE, name, (value,)) for name, value in values.items()])
    assert same == entry
    assert (await things.search(Query(ids=[entry.id, entry.id.upper(), "nonsense"]))).entries == (entry,)
    for name in ("rank", "day", "price", "at", "other"):
        leaf = Compare(name, Operator.EQ, values[name])
        assert things.judge(leaf) is not Verdict.UNSUPPORTED
        assert (await things.search(Query(leaf, sort_by=name))).entries == (entry,)
        assert (await things.search(Query(Compare(name, Operator.EQ, "nonsense")))).entries == ()
    for name, value in (("rank", "middle"), ("day", "31.12."), ("doc", "{"), ("other", "x"), ("price", "dear")):
        with pytest.raises(InvalidValue) as wrong:
            await things.update(entry.id, [Change(Kind.REPLACE, name, (value,))])
        assert wrong.value.attribute == name
    await connector.close()
