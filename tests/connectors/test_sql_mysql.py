"""What MariaDB and MySQL do otherwise than other databases, and what is made of it: on a private MariaDB."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from connectors.contract import CollectionSpec, Query
from connectors.entry import MEMBERS, Change, Kind, Ref
from connectors.errors import AlreadyExists, InvalidValue, NotFound, Refused, Unavailable, UnknownReference
from connectors.filters import AnyOf, Compare, Filter, Operator, Verdict
from connectors.sql import SqlConnector
from tests.backends.mariadb import Mariadb
from tests.connectors.counting import statements
from tests.connectors.foreign import SPECS, Foreign

pytestmark = pytest.mark.anyio
COLLATIONS = ("utf8mb4_general_ci", "utf8mb4_uca1400_ai_ci", "utf8mb4_bin", "utf8mb4_turkish_ci", "latin1_swedish_ci")
NAMES = ("ann", "ANN", "ánn", "ann ", "IDA", "ida", "Straße", "STRASSE", "x")


@pytest.fixture
async def foreign(mariadb_url: str) -> AsyncIterator[Foreign]:
    database = Foreign(mariadb_url)
    yield database
    for connector in database.opened:
        await connector.close()


@pytest.mark.parametrize("collation", COLLATIONS)
async def test_rule_4_equal_is_what_the_schema_says_whatever_the_collation(foreign: Foreign, collation: str) -> None:
    foreign.execute(f"ALTER TABLE people MODIFY title VARCHAR(200) COLLATE {collation}")
    people = foreign.connector().collections(SPECS)["User"]
    for name in NAMES:
        await people.create({"full_name": (name,), "title": (name,)})

    async def found(asked: Filter) -> set[object]:
        return {entry.attributes["title"][0] for entry in (await people.search(Query(asked))).entries}

    for name in NAMES:
        exactly = Compare("title", Operator.EQ, name, case_exact=True)
        assert people.judge(exactly) is Verdict.EXACT
        assert await found(exactly) == {name}
        assert await found(AnyOf("title", (name, "nobody"), case_exact=True)) == {name}
        alike = {each for each in NAMES if each.lower() == name.lower()}
        assert await found(Compare("title", Operator.EQ, name.upper() if name != "Straße" else name)) == alike
        assert await found(AnyOf("title", (name,))) == alike


async def test_a_caseless_column_is_looked_up_by_its_index(foreign: Foreign) -> None:
    connector = foreign.connector()
    people = connector.collections(SPECS)["User"]
    await people.create({"full_name": ("Ann",), "mail": ("Ann@example.com",)})
    seen = statements(connector)
    query = Query(Compare("mail", Operator.EQ, "ANN@example.com"), count=False)
    assert len((await people.search(query)).entries) == 1
    looked = seen[-1] % {"p0": "'ann@example.com'"}
    rows = foreign.execute(f"EXPLAIN {looked}")
    assert [row[5] for row in rows] == ["people.mail"], rows


async def test_an_id_is_one_text_and_not_what_a_collation_takes_for_it(foreign: Foreign) -> None:
    foreign.execute("CREATE TABLE things (code VARCHAR(20) PRIMARY KEY, title VARCHAR(20)) COLLATE utf8mb4_general_ci")
    spec = CollectionSpec("Thing", "code", attributes=frozenset({"title"}), options={"table": "things"})
    things = foreign.connector().collections({"Thing": spec})["Thing"]
    for row in ("('abc', 'one')", "('xyz', 'two')"):
        foreign.execute(f"INSERT INTO things VALUES {row}")
    assert (await things.read("abc")).attributes["title"] == ("one",)
    for id in ("ABC", "abc ", "äbc"):
        with pytest.raises(NotFound):
            await things.read(id)
        with pytest.raises(NotFound):
            await things.update(id, [Change(Kind.REPLACE, "title", ("no",))])
        with pytest.raises(NotFound):
            await things.delete(id)
        assert (await things.search(Query(ids=[id]))).entries == ()
    assert foreign.execute("SELECT code, title FROM things ORDER BY code") == [("abc", "one"), ("xyz", "two")]


async def test_a_server_that_cuts_values_off_is_told_not_to(mariadb: Mariadb, foreign: Foreign) -> None:
    mariadb.execute("SET GLOBAL sql_mode = ''")
    try:
        people = foreign.connector().collections(SPECS)["User"]
        for attribute, value in (("short", "too long"), ("age", 2**40), ("full_name", "x" * 201)):
            with pytest.raises(InvalidValue) as wrong:
                await people.create({"full_name": ("Ann",), attribute: (value,)})
            assert wrong.value.attribute == attribute
        assert foreign.execute("SELECT count(*) FROM people") == [(0,)]
    finally:
        mariadb.execute("SET GLOBAL sql_mode = DEFAULT")


async def test_what_others_committed_is_seen_whatever_the_server_says(mariadb: Mariadb, foreign: Foreign) -> None:
    """REPEATABLE READ, the usual default, would go on showing the row as it was when the transaction began."""
    mariadb.execute("SET GLOBAL tx_isolation = 'REPEATABLE-READ'")
    foreign.execute("INSERT INTO people (full_name) VALUES ('Ann')")

    def twice(connection: sa.Connection) -> list[str]:
        look = sa.text("SELECT full_name FROM people")
        before = connection.scalar(look)
        foreign.execute("UPDATE people SET full_name = 'Anna'")
        return [before, connection.scalar(look)]

    assert await foreign.connector().database.read(twice) == ["Ann", "Anna"]


async def test_a_member_who_is_not_there_is_refused_and_not_ignored(foreign: Foreign) -> None:
    """``INSERT IGNORE`` would have said yes to the foreign key as well."""
    collections = foreign.connector().collections(SPECS)
    ann = await collections["User"].create({"full_name": ("Ann",)})
    squad = await collections["Group"].create({"label": ("Squad",), MEMBERS: (Ref(ann.id),)})
    with pytest.raises(UnknownReference):
        await collections["Group"].update(squad.id, [Change(Kind.ADD, MEMBERS, (Ref(ann.id), Ref("4711")))])
    foreign.execute("INSERT INTO orders (person) VALUES (?)", int(ann.id))
    with pytest.raises(Refused):
        await collections["User"].delete(ann.id)
    assert foreign.execute("SELECT person FROM joined") == [(int(ann.id),)]


async def test_adding_a_member_twice_at_once_is_one_row_and_no_error(foreign: Foreign) -> None:
    foreign.execute("ALTER TABLE joined ADD PRIMARY KEY (squad, person)")
    collections = foreign.connector().collections(SPECS)
    people = [await collections["User"].create({"full_name": (f"person {n}",)}) for n in range(8)]
    squad = await collections["Group"].create({"label": ("Squad",)})
    refs = tuple(Ref(person.id) for person in people)
    add = [Change(Kind.ADD, MEMBERS, refs)]
    await asyncio.gather(*(collections["Group"].update(squad.id, add) for _ in range(6)))
    assert foreign.execute("SELECT count(*) FROM joined") == [(8,)]


async def test_a_row_found_and_not_changed_is_found(foreign: Foreign) -> None:
    """The server counts changed rows unless it is asked for those found: a version would seem to be lost."""
    foreign.execute("ALTER TABLE people ADD COLUMN stamp VARCHAR(40)")
    spec = replace(SPECS["User"], attributes=SPECS["User"].attributes | {"stamp"}, version="stamp", references={})
    people = foreign.connector().collections({"User": spec})["User"]
    entry = await people.create({"full_name": ("Ann",), "stamp": ("v1",)})
    foreign.execute("CREATE TRIGGER kept BEFORE UPDATE ON people FOR EACH ROW SET NEW.title = OLD.title")
    assert await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))], "v1") == entry


async def test_a_column_without_fractions_of_a_second_keeps_what_it_can(foreign: Foreign) -> None:
    foreign.execute("ALTER TABLE people MODIFY seen DATETIME")
    people = foreign.connector().collections(SPECS)["User"]
    moment = "2024-02-29T23:59:59.750000Z"
    entry = await people.create({"full_name": ("Ann",), "seen": (moment,)})
    assert entry.attributes["seen"] == ("2024-02-29T23:59:59Z",), "cut off, never rounded into another day"
    foreign.execute("CREATE TRIGGER never BEFORE UPDATE ON people FOR EACH ROW SIGNAL SQLSTATE '45000'")
    assert await people.update(entry.id, [Change(Kind.REPLACE, "seen", (moment,))]) == entry, "nothing was written"
    with pytest.raises(Refused):
        await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))])
    assert (await people.search(Query(Compare("seen", Operator.EQ, moment)))).entries == ()


async def test_a_boolean_is_one_and_a_small_number_beside_it_stays_a_number(foreign: Foreign) -> None:
    people = foreign.connector().collections(SPECS)["User"]
    entry = await people.create({"full_name": ("Ann",), "enabled": (True,)})
    assert (entry.attributes["enabled"], foreign.execute("SELECT enabled FROM people")) == ((True,), [(1,)])
    assert len((await people.search(Query(Compare("enabled", Operator.EQ, True)))).entries) == 1
    foreign.execute("UPDATE people SET enabled = 2")
    assert (await people.read(entry.id)).attributes["enabled"] == (2,), "a third state is not 'true'"


async def test_a_day_that_never_was_is_no_day(mariadb: Mariadb, foreign: Foreign) -> None:
    people = foreign.connector().collections(SPECS)["User"]
    entry = await people.create({"full_name": ("Ann",)})
    with sa.create_engine(foreign.url).begin() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql("UPDATE people SET seen = '0000-00-00'")
    assert "seen" not in (await people.read(entry.id)).attributes


async def test_without_returning_as_on_mysql_a_row_is_made_and_read(foreign: Foreign) -> None:
    connector = foreign.connector()
    people = connector.collections(SPECS)["User"]
    await people.search(Query())  # the first connection tells the dialect what the server can
    connector.database.engine.dialect.insert_returning = False
    seen = statements(connector)
    entry = await people.create({"full_name": ("Ann",), "mail": ("ann@example.com",)})
    assert await people.read(entry.id) == entry
    assert entry.attributes["mail"] == ("ann@example.com",)
    assert not [each for each in seen if "RETURNING" in each]
    with pytest.raises(AlreadyExists):
        await people.create({"full_name": ("Ann",), "mail": ("ANN@example.com",)})


async def test_two_writers_who_wait_for_one_another_are_told_to_come_again(foreign: Foreign) -> None:
    people = foreign.connector(timeout="3s").collections(SPECS)["User"]
    one, two = [await people.create({"full_name": (name,)}) for name in ("one", "two")]
    engine = sa.create_engine(foreign.url)
    with engine.connect() as other:
        other.exec_driver_sql(f"UPDATE people SET title = 'x' WHERE nr = {one.id}")
        changes = [Change(Kind.REPLACE, "boss", (Ref(one.id),))]  # holds two, and waits for one
        waiting = asyncio.ensure_future(people.update(two.id, changes))
        await asyncio.sleep(0.3)
        try:
            await asyncio.to_thread(other.exec_driver_sql, f"UPDATE people SET title = 'x' WHERE nr = {two.id}")
        except sa.exc.OperationalError:  # the server chose the other one
            other.rollback()
            assert await waiting
        else:
            other.rollback()
            with pytest.raises(Unavailable):
                await waiting
    engine.dispose()
    assert await people.update(two.id, changes)


async def test_check_says_which_table_forgets_half_of_a_change(foreign: Foreign) -> None:
    foreign.execute("CREATE TABLE things (code INTEGER PRIMARY KEY) ENGINE = MyISAM")
    found = await foreign.connector().check({"Thing": CollectionSpec("Thing", "code", options={"table": "things"})})
    assert [(each.level, each.key) for each in found] == [("error", "table")]
    assert "no transactions" in found[0].message


async def test_lost_rights_are_unavailable_to_read_and_refused_to_write(mariadb: Mariadb, foreign: Foreign) -> None:
    database = foreign.url.rpartition("/")[2]
    mariadb.execute("CREATE OR REPLACE USER reader")
    for table in ("people", "squads", "joined"):
        mariadb.execute(f"GRANT SELECT ON {database}.{table} TO reader")
    foreign.execute("INSERT INTO people (full_name) VALUES ('Ann')")
    connector = SqlConnector.from_options("reader", {"url": mariadb.url_of(database, "reader")})
    people = connector.collections(SPECS)["User"]
    assert (await people.read("1")).attributes["full_name"] == ("Ann",)
    with pytest.raises(Refused):
        await people.create({"full_name": ("Bob",)})
    mariadb.execute(f"REVOKE SELECT ON {database}.people FROM reader")
    with pytest.raises(Unavailable):
        await people.read("1")
    await connector.close()


async def test_a_password_beyond_latin_letters(mariadb: Mariadb, foreign: Foreign) -> None:
    database, password = foreign.url.rpartition("/")[2], "пароль-😀"
    mariadb.execute("CREATE OR REPLACE USER keen IDENTIFIED BY %s", values=(password,))
    mariadb.execute(f"GRANT ALL ON {database}.* TO keen")
    url = mariadb.url_of(database, "keen")
    connector = SqlConnector.from_options("keen", {"url": url, "password": password})
    assert (await connector.collections(SPECS)["User"].search(Query())).total == 0
    await connector.close()
