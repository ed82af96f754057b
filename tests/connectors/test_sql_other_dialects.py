"""SQL Server and Oracle, of which no server can be started here: their statements are at least in their own words."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle

from connectors.contract import Query
from connectors.entry import ID
from connectors.errors import (
    AlreadyExists,
    ConnectorError,
    InvalidValue,
    Refused,
    TooMany,
    Unavailable,
    UnknownReference,
    Unsupported,
)
from connectors.filters import AnyOf, Compare, Filter, Not, Operator, Or, Verdict
from connectors.sql import SqlConnector, judging, listing, reading
from connectors.sql.codecs import codec_for
from connectors.sql.errors import translate
from connectors.sql.options import read_options
from connectors.sql.tables import Layout, Rows
from connectors.sql.where import shape
from tests.connectors.foreign import SPECS

DIALECTS: dict[str, Any] = {"mssql": mssql.dialect(), "oracle": oracle.dialect()}
FILTERS: list[Filter] = [
    Compare("title", Operator.EQ, "Dr"),
    Not(AnyOf(ID, ("1", "2"))),
    Or((Compare("title", Operator.EQ, "Dr"), Compare("age", Operator.EQ, 3))),
    AnyOf("mail", ("a@x", "b@x")),
]


def layouts(dialect: str) -> dict[str, Layout]:
    columns = [sa.Column(name, sa.String(100)) for name in ("full_name", "title", "mail", "short")]
    columns += [sa.Column(name, sa.Integer()) for name in ("nr", "age", "boss", "enabled")]
    columns.append(sa.Column("seen", sa.DateTime()))
    rows = Rows(
        sa.Table("people", sa.MetaData(), *columns), {column.name: codec_for(column.type) for column in columns}
    )
    options = read_options({"User": SPECS["User"]}, create=False)["User"]
    return {"User": Layout(options, rows, None, {}, dialect)}


def compiled(statement: Any, dialect: str) -> str:
    return " ".join(str(statement.compile(dialect=DIALECTS[dialect])).split())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("term", FILTERS)
def test_a_page_is_said_in_words_that_it_has(dialect: str, term: Filter) -> None:
    known = layouts(dialect)
    outline = shape(term, known, "User", [], dialect)
    for query in (
        Query(term, sort_by="title", limit=10),
        Query(term, sort_by="title", descending=True, limit=10, offset=20),
        Query(term, limit=10, cursor="[7]"),
    ):
        said = compiled(listing._page(known, "User", outline, query, dialect), dialect)
        assert "IS NOT 1" not in said, "there are no truth values"
        assert "IS NOT TRUE" not in said.upper()
        assert " LIMIT " not in said
        assert dialect == "oracle" or "NULLS " not in said
    assert compiled(reading.one_row(known["User"], reading.wanted_of(known["User"], None)), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_such_a_database_found_is_looked_at_again(dialect: str) -> None:
    known = layouts(dialect)
    sections = {"User": known["User"].options}
    equal, greater = Compare("title", Operator.EQ, "Dr"), Compare("title", Operator.GT, "Dr")
    assert judging.judge(equal, "User", sections, known, dialect) is Verdict.SUPERSET
    assert judging.judge(greater, "User", sections, known, dialect) is Verdict.UNSUPPORTED
    assert judging.judge(equal, "User", sections, known, "postgresql") is Verdict.EXACT


# ---------------- what may be created


def test_no_table_is_made_where_nobody_tried_it() -> None:
    """Said by ``check``, which opens collections, at the line of the key: ``user.create``."""
    asked = {**SPECS, "User": replace(SPECS["User"], options={"table": "people", "create": True})}
    connector = SqlConnector("app", "sqlite://")
    connector.collections(asked)
    for dialect in DIALECTS:
        connector.database.dialect = dialect
        with pytest.raises(
            ValueError, match=rf"^user\.create: no table is made .*\({dialect}\): make the table 'people'"
        ):
            connector.collections(asked)
        connector.collections(SPECS)


@pytest.mark.parametrize("url", ["mssql+pymssql://gateway@db/app", "oracle+oracledb://gateway@db/app"])
def test_nor_every_table(url: str) -> None:
    """Also where the driver is not installed."""
    with pytest.raises(ValueError, match=r"^'create_tables': no table is made"):
        SqlConnector.from_options("app", {"url": url, "create_tables": True})


# ---------------- errors, in the form in which each driver raises them


def raised(home: str, *args: Any) -> BaseException:
    error: BaseException = type("DatabaseError", (Exception,), {"__module__": home})(*args)
    return error


class Told(SimpleNamespace):
    """What python-oracledb puts into an exception."""

    def __str__(self) -> str:
        return str(self.message)


def pymssql(number: int, text: str) -> BaseException:
    return raised("pymssql.exceptions", (number, text.encode()))


def pyodbc(state: str, number: int, text: str) -> BaseException:
    said = f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{text} ({number}) (SQLExecDirectW)"
    return raised("pyodbc", state, said)


def oracledb(number: int, text: str) -> BaseException:
    return raised("oracledb.exceptions", Told(code=number, full_code=text.partition(":")[0], message=text))


UNIQUE_KEY = "Violation of UNIQUE KEY constraint 'UQ_mail'. Cannot insert duplicate key in object 'dbo.people'. The duplicate key value is (column 'x')."  # noqa: E501
UNIQUE_INDEX = "Cannot insert duplicate key row in object 'dbo.people' with unique index 'people.mail'. The duplicate key value is (a@x)."  # noqa: E501
FOREIGN = 'The INSERT statement conflicted with the FOREIGN KEY constraint "FK_boss". The conflict occurred in database "app", table "dbo.people", column \'nr\'.'  # noqa: E501
CHECKED = FOREIGN.replace("FOREIGN KEY", "CHECK").replace("FK_boss", "CK_age")
NULL = "Cannot insert the value NULL into column 'full_name', table 'app.dbo.people'; column does not allow nulls. INSERT fails."  # noqa: E501
LONG = (
    "String or binary data would be truncated in table 'app.dbo.people', column 'short'. Truncated value: 'column 'x'."
)
MYSQL_8 = (1820, 3032, 3100, 3101, 3118, 3159, 3168, 3169, 3572, 3955, 4031)
"""numbers that MySQL 8.0 has and MariaDB does not: a locked account, a server in offline mode, a transaction that group
replication takes back"""
ERRORS: list[tuple[BaseException, type[ConnectorError], str | None]] = [
    (pymssql(2627, UNIQUE_KEY), AlreadyExists, "UQ_mail"),
    (pymssql(2601, UNIQUE_INDEX), AlreadyExists, "mail"),
    (pymssql(547, FOREIGN), UnknownReference, "FK_boss"),
    (pymssql(547, CHECKED), InvalidValue, "CK_age"),
    (pymssql(515, NULL), InvalidValue, "full_name"),
    (pymssql(2628, LONG), InvalidValue, "short"),
    (pymssql(8152, "String or binary data would be truncated."), InvalidValue, None),
    (pymssql(245, "Conversion failed when converting the varchar value 'ten' to data type int."), InvalidValue, None),
    (pymssql(1205, "Transaction (Process ID 52) was deadlocked on lock resources"), Unavailable, None),
    (pymssql(1222, "Lock request time out period exceeded."), Unavailable, None),
    (pymssql(3960, "Snapshot isolation transaction aborted due to update conflict."), Unavailable, None),
    (pymssql(40613, "Database is not currently available."), Unavailable, None),
    (pymssql(3906, "Failed to update database because the database is read-only."), Unavailable, None),
    (pymssql(208, "Invalid object name 'people'."), Unavailable, None),
    (pymssql(18456, "Login failed for user 'gateway'."), Unavailable, None),
    (pymssql(4060, "Cannot open database requested by the login."), Unavailable, None),
    (pymssql(20009, "DB-Lib error message 20009, severity 9: Unable to connect"), Unavailable, None),
    (pymssql(20017, "DB-Lib error message 20017, severity 9: Unexpected EOF from the server"), Unavailable, None),
    (pymssql(229, "The INSERT permission was denied on the object 'people'"), Refused, None),
    (pymssql(50000, "not on Fridays"), Refused, None),
    (pymssql(8003, "Too many parameters were provided in this RPC request. The maximum is 2100."), TooMany, None),
    (pymssql(102, "Incorrect syntax near 'x'."), Unsupported, None),
    (pyodbc("23000", 2627, UNIQUE_KEY), AlreadyExists, "UQ_mail"),
    (pyodbc("23000", 547, FOREIGN), UnknownReference, "FK_boss"),
    (pyodbc("22001", 2628, LONG), InvalidValue, "short"),
    (pyodbc("40001", 1205, "deadlocked on lock resources"), Unavailable, None),
    (raised("pyodbc", "08S01", "[08S01] [Microsoft][ODBC Driver 18]Communication link failure"), Unavailable, None),
    *((raised("pymysql.err", number, ""), Unavailable, None) for number in MYSQL_8),
    (oracledb(1, "ORA-00001: unique constraint (APP.PEOPLE_MAIL) violated"), AlreadyExists, "PEOPLE_MAIL"),
    (
        oracledb(2291, "ORA-02291: integrity constraint (APP.FK_BOSS) violated - parent key not found"),
        UnknownReference,
        "FK_BOSS",
    ),
    (
        oracledb(2292, "ORA-02292: integrity constraint (APP.FK_BOSS) violated - child record found"),
        UnknownReference,
        "FK_BOSS",
    ),
    (oracledb(2290, "ORA-02290: check constraint (APP.CK_AGE) violated"), InvalidValue, "CK_AGE"),
    (oracledb(1400, 'ORA-01400: cannot insert NULL into ("APP"."PEOPLE"."FULL_NAME")'), InvalidValue, "FULL_NAME"),
    (oracledb(1407, 'ORA-01407: cannot update ("APP"."PEOPLE"."FULL_NAME") to NULL'), InvalidValue, "FULL_NAME"),
    (
        oracledb(12899, 'ORA-12899: value too large for column "APP"."PEOPLE"."SHORT" (actual: 9, maximum: 5)'),
        InvalidValue,
        "SHORT",
    ),
    (oracledb(1722, "ORA-01722: invalid number"), InvalidValue, None),
    (oracledb(60, "ORA-00060: deadlock detected while waiting for resource"), Unavailable, None),
    (oracledb(30006, "ORA-30006: resource busy; acquire with WAIT timeout expired"), Unavailable, None),
    (oracledb(8177, "ORA-08177: can't serialize access for this transaction"), Unavailable, None),
    (oracledb(16000, "ORA-16000: database open for read-only access"), Unavailable, None),
    (oracledb(942, "ORA-00942: table or view does not exist"), Unavailable, None),
    (oracledb(1017, "ORA-01017: invalid username/password; logon denied"), Unavailable, None),
    (oracledb(3113, "ORA-03113: end-of-file on communication channel"), Unavailable, None),
    (oracledb(12541, "ORA-12541: TNS:no listener"), Unavailable, None),
    (oracledb(0, "DPY-4011: the database or network closed the connection"), Unavailable, None),
    (oracledb(0, "DPY-6005: cannot connect to database (CONNECTION_ID=x)."), Unavailable, None),
    (oracledb(1031, "ORA-01031: insufficient privileges"), Refused, None),
    (oracledb(20001, "ORA-20001: not on Fridays\nORA-06512: at line 3"), Refused, None),
    (oracledb(1795, "ORA-01795: maximum number of expressions in a list is 1000"), TooMany, None),
    (oracledb(933, "ORA-00933: SQL command not properly ended"), Unsupported, None),
]


@pytest.mark.parametrize(("driver", "kind", "attribute"), ERRORS, ids=lambda each: str(each)[:40])
def test_what_such_a_database_refuses_has_its_meaning(
    driver: Exception, kind: type[ConnectorError], attribute: str | None
) -> None:
    for committing in (False, True):
        found = translate(sa.exc.OperationalError("INSERT", {}, driver), writing=True, committing=committing)
        assert (type(found), found.attribute) == (kind, attribute)
        assert getattr(found, "uncertain", False) is (committing and kind is Unavailable)
        assert not [each for each in ("dbo", "APP", "a@x", "ten", "gateway", "Fridays") if each in found.detail]
