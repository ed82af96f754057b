"""Random filters over random people: memory, SQLite, PostgreSQL and MariaDB answer as the oracle does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Connector
from connectors.filters import And, AnyOf, Compare, Filter, Not, Operator, Or, Present
from connectors.memory import MemoryConnector
from connectors.sql import SqlConnector
from connectors.testing import Ground
from connectors.testing.filtering import Populated
from tests.connectors.specimens import SPECIMEN

LETTERS = "aAbBsßéÉ*%_\\'\"() 0\0"
PEOPLE = [
    {"title": "ab", "age": 1, "active": True},
    {"title": "A%b", "age": 20},
    {"title": "Éa_", "active": False, "emails": ({"value": "aB@x", "type": "work"}, {"value": "b"})},
    {"title": "s*", "age": -3, "emails": ({"value": "*", "type": "home"},)},
    {"title": "\\'\"", "email": "a@b"},
    {"age": 0},
    {},
]

texts = st.text(LETTERS, max_size=3)
leaves = st.one_of(
    st.builds(
        Compare, st.sampled_from(["title", "email", "emails.value"]), st.sampled_from(Operator), texts, st.booleans()
    ),
    st.builds(Compare, st.just("age"), st.sampled_from(Operator), st.integers(-5, 25)),
    st.builds(Compare, st.just("active"), st.just(Operator.EQ), st.booleans()),
    st.builds(AnyOf, st.sampled_from(["title", "emails.type"]), st.lists(texts, max_size=4).map(tuple), st.booleans()),
    st.builds(Present, st.sampled_from(["title", "age", "active", "emails", "emails.type", "boss"])),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@pytest.fixture(params=["memory", "sqlite", "postgres_url", "mariadb_url"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[asyncio.Runner, Populated]]:
    connector: Connector = MemoryConnector()
    if request.param != "memory":
        url = f"sqlite:///{tmp_path}/app.db" if request.param == "sqlite" else request.getfixturevalue(request.param)
        connector = SqlConnector.from_options("test", {"url": url})
    with asyncio.Runner() as runner:
        people = Populated(Ground(SPECIMEN, connector))
        for attributes in PEOPLE:
            runner.run(people.add(**attributes))
        yield runner, people
        runner.run(connector.close())


def test_random_filters_mean_what_they_say(asked: tuple[asyncio.Runner, Populated]) -> None:
    runner, people = asked

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(filters)
    def ask(term: Filter) -> None:
        assert runner.run(people.wrong([term])) == []

    ask()
