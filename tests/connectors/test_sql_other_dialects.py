"""SQL Server and Oracle, of which no server can be started here: their statements are at least in their own words."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle

from connectors.contract import Query
from connectors.entry import ID
from connectors.filters import AnyOf, Compare, Filter, Not, Operator, Or, Verdict
from connectors.sql import judging, listing, reading
from connectors.sql.codecs import codec_for
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
