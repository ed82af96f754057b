"""Many values of one row at once: the same answers as value by value, in linear time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.entry import Entry, Ref
from gateway.mapping.rows.bound import BoundRow, once
from gateway.mapping.rows.meanings import Held, Made
from gateway.mapping.rows.plan import all_into
from tests.mapping.files import user_of

USER = user_of(
    """
userName = "uid"
"emails.value" = { attr = "mail", via = ["trim", "lower"], others = "remove" }
"phoneNumbers.value" = "phones"
"ims.value" = { attr = "ims", via = [{ prefix = "im:" }] }
"roles.value" = { attr = "roles", via = [{ states = { admin = ["admin", "root"], reader = ["reader", "guest"] } }] }
"""
)
ROWS: dict[str, BoundRow] = {row.attr or "": row for row in USER.rows if row.attr != "uid"}
TEXT = st.sampled_from(["a", "A", " a", "b", "im:a", "im:", "", "admin", "root", "guest", "Guest"])
VALUES = st.lists(TEXT, max_size=6)


def test_the_rows_of_this_file_differ_in_their_steps() -> None:
    assert set(ROWS) == {"mail", "phones", "ims", "roles"}
    assert ROWS["roles"].pipeline.reads_old


@given(st.sampled_from(sorted(ROWS)), VALUES, VALUES)
def test_looking_up_is_comparing_one_by_one(name: str, made: list[str], held: list[str]) -> None:
    row = ROWS[name]
    standing, wanted = Held(row, held), Made(row, made)
    for each in made:
        assert standing.has(each) == any(row.same(each, there) for there in held)
    for there in held:
        assert wanted.has(there) == any(row.same(each, there) for each in made)


@given(st.sampled_from(sorted(ROWS)), VALUES, VALUES)
def test_what_stands_for_a_value_is_the_first_that_does(name: str, asserted: list[str], held: list[str]) -> None:
    row = ROWS[name]
    standing = Held(row, held)
    for each in asserted:
        there = (one for one in held if row.reads_as(one, each) or row.means(each, one))
        assert standing.standing_for(each) == next(there, None)


def test_references_are_told_by_their_ids() -> None:
    row = ROWS["phones"]
    assert Held(row, [Ref("1", "User", "Ann")]).has(Ref("1"))
    assert not Held(row, [Ref("1")]).has("1")
    assert not Made(row, ["1"]).has(Ref("1"))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([], []),
        ([1, True, 1.0, 1], [1, True, 1.0]),
        ([{"a": 1}, {"a": True}, {"a": 1}], [{"a": 1}, {"a": True}]),
        (["b", "a", "b"], ["b", "a"]),
    ],
)
def test_each_value_once(values: list[Any], wanted: list[Any]) -> None:
    assert [(type(each), each) for each in once(values)] == [(type(each), each) for each in wanted]


@pytest.mark.parametrize("path", ["emails", "phoneNumbers", "ims"])
def test_the_work_grows_with_the_number_of_values(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 values compared each with each would be four million translations."""
    count = 0
    for method in ("settled", "into", "same"):
        real = getattr(BoundRow, method)

        def counted(self: BoundRow, *given: Any, real: Any = real) -> Any:
            nonlocal count
            count += 1
            return real(self, *given)

        monkeypatch.setattr(BoundRow, method, counted)
    resource = {"userName": "ann", path: [{"value": f"{number}@x.org"} for number in range(2000)]}
    made = USER.plan_create(resource).attributes
    read = USER.read(Entry("1", made), {})
    assert len(read[path]) == 2000
    count = 0
    assert not USER.plan_update(resource, Entry("1", made), {}, resource, frozenset({path})).changes
    resource[path][7] = {"value": "new@x.org"}
    assert USER.plan_update(resource, Entry("1", made), {}, resource, frozenset({path})).changes
    assert count < 50_000
    assert len(all_into(ROWS["phones"], [f"{number}" for number in range(2000)])) == 2000
