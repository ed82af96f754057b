"""The kit is tested by what it must catch: a gallery of seeded faults, each named with the test that finds it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.contract import Page, Query
from connectors.entry import Entry
from connectors.errors import NotFound
from connectors.filters import Compare
from connectors.memory import MemoryConnector
from connectors.sql import SqlConnector, belonging, collection, reading, texts, where
from connectors.testing import ContractTests, failures
from tests.connectors import faults_memory as faults
from tests.connectors.counting import counted
from tests.connectors.specimens import SPECIMEN

MEMORY = replace(SPECIMEN, many="tags", bad=("name", ()))

FAULTS: dict[type[faults.Faulty], str] = {
    faults.NameAsId: "test_an_id_outlives_a_rename_and_is_not_the_name",
    faults.HalfApplied: "test_a_refused_value_refuses_the_whole_update test_an_unknown_member_refuses_the_whole_update",
    faults.HalfCancelled: "test_a_cancelled_write_is_whole_or_not_at_all",
    faults.SwallowedRefusal: "test_a_refused_value_refuses_the_whole_update",
    faults.SwallowedAbsence: "test_what_is_not_there_is_not_found test_the_deleted_are_gone",
    faults.VersionIgnored: "test_a_stale_version_is_a_conflict_without_effect",
    faults.VersionConstant: "test_a_version_changes_with_the_entry",
    faults.VersionRestless: "test_an_update_that_changes_nothing_leaves_the_version",
    faults.CheckedTooEarly: "test_of_writers_with_the_same_version_one_wins",
    faults.MembersReadModifyWrite: "test_members_added_at_the_same_time_all_stay",
    faults.DoubledMembers: "test_add_and_remove_of_one_value",
    faults.RemovalOfAbsentRefused: "test_members_come_and_go_and_twice_is_once",
    faults.MembersReplaceable: "test_members_are_deltas_and_groups_are_read_only",
    faults.UnknownSkipped: "test_an_unknown_member_refuses_the_whole_update",
    faults.FirstUnknownOnly: "test_an_unknown_member_refuses_the_whole_update",
    faults.FirstLabelOnly: "test_labels_are_as_the_mapping_asks",
    faults.DanglingMembers: "test_delete_takes_memberships_along test_a_reference_to_the_deleted_is_not_shown",
    faults.CaseSensitiveUnique: "test_a_unique_value_is_taken_once_whatever_its_case",
    faults.SecretShown: "test_a_secret_is_written_and_never_read",
    faults.SecretFilterable: "test_what_the_mapping_does_not_know_is_unsupported",
    faults.Trimmed: "test_hostile_names_are_kept_to_the_letter_or_refused",
    faults.BackslashDoubled: "test_hostile_text_is_kept_to_the_letter_or_refused",
    faults.BooleansAsText: "test_booleans_numbers_and_dates_come_back_as_they_went",
    faults.EmptyAttributes: "test_an_absent_attribute_has_no_key",
    faults.AlwaysEverything: "test_a_read_leaves_out_what_nobody_asked_for_by_name",
    faults.StaleReads: "test_replace_sets_and_clears",
    faults.OffsetOffByOne: "test_pages_by_offset_join_without_gap_or_overlap",
    faults.LimitOffByOne: "test_pages_by_offset_join_without_gap_or_overlap",
    faults.TotalOfThePage: "test_the_total_is_that_of_the_filter test_limit_nought_gives_the_total_alone",
    faults.CursorAsOffset: "test_a_walk_by_cursor_is_complete_while_others_write",
    faults.CursorForgetsTies: "test_equal_values_keep_one_order",
    faults.AbsentFirst: "test_sorted_by_text",
    faults.SortedByCase: "test_sorted_by_text",
    faults.SortIgnored: "test_sorted_by_text test_sorted_by_other_types",
    faults.UnknownIdIsAnError: "test_ids_narrow_and_unknown_ones_are_ignored",
    faults.CaseIgnored: "test_text_compares_as_the_oracle_says",
    faults.NotForgetsAbsent: "test_not_holds_where_the_attribute_is_absent",
    faults.ListCutShort: "test_any_of_a_list",
    faults.WildcardsTaken: "test_text_compares_as_the_oracle_says",
    faults.ClaimsExactness: "test_text_compares_as_the_oracle_says",
    faults.Leaking: "test_cancelled_verbs_release_what_they_hold",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_kit_catches(fault: type[faults.Faulty]) -> None:
    expected = FAULTS[fault].split()
    connector = faults.seeded(fault)
    failed = failures(ContractTests(), MEMORY, lambda: (connector(required=["name"]), None, None), expected)
    assert sorted(failed) == sorted(expected), f"not caught: {fault.__doc__}"


@pytest.mark.parametrize(
    ("make", "unreachable", "expected"),
    [
        (MemoryConnector, faults.OpensAtOnce, "test_opening_and_judging_ask_nothing_of_a_backend_that_is_away"),
        (faults.ClosesOnce, faults.AwayConnector, "test_closing_twice_is_closing_once"),
        (faults.TakesAnyOption, faults.AwayConnector, "test_an_unknown_option_is_named"),
    ],
)
def test_the_kit_catches_a_wrong_opening(make: Any, unreachable: Any, expected: str) -> None:
    name = expected
    caught: dict[str, str] = {}
    try:
        caught = failures(ContractTests(), MEMORY, lambda: (make(), unreachable(), None), [name])
    except RuntimeError:  # the runner closes as well
        caught = {name: "close"}
    assert list(caught) == [name]


@pytest.mark.parametrize("kind", [faults.AwayReadsAsGone, faults.AwayListsAsEmpty])
def test_the_kit_catches_an_outage_told_as_absence(kind: type[faults.Away]) -> None:
    class Fault(faults.AwayConnector):
        pass

    Fault.kind = kind
    name = "test_every_verb_says_unavailable_while_the_backend_is_away"
    run = lambda away: failures(ContractTests(), MEMORY, lambda: (MemoryConnector(), away(), None), [name])  # noqa: E731
    assert list(run(Fault)) == [name]
    assert run(faults.AwayConnector) == {}, "a true outage is told as one"


# ---------------------------------------------------------------- the SQL connector with one line of it wrong


def unescaped_like(patch: pytest.MonkeyPatch) -> str:
    """LIKE takes the value as it is."""
    patch.setattr(texts, "pattern", lambda text, before, after: f"{before}{text}{after}")
    return "test_text_compares_as_the_oracle_says"


def doubled_escaping(patch: pytest.MonkeyPatch) -> str:
    """LIKE takes the value escaped twice."""
    once = texts.pattern
    patch.setattr(texts, "pattern", lambda text, before, after: once(once(text, "", ""), before, after))
    return "test_text_compares_as_the_oracle_says"


def escape_character_forgotten(patch: pytest.MonkeyPatch) -> str:
    """Per cent and underscore are escaped, the escape character is not."""

    def pattern(text: str, before: str, after: str) -> str:
        return before + text.replace("%", "/%").replace("_", "/_") + after

    patch.setattr(texts, "pattern", pattern)
    return "test_text_compares_as_the_oracle_says"


def not_forgets_null(patch: pytest.MonkeyPatch) -> str:
    """NOT of NULL is NULL, and the entry without the attribute is lost."""
    right = where.Builder.condition

    def condition(self: where.Builder, outline: where.Shape) -> sa.ColumnElement[bool]:
        return sa.not_(right(self, outline[1])) if outline[0] == "not" else right(self, outline)

    patch.setattr(where.Builder, "condition", condition)
    return "test_not_holds_where_the_attribute_is_absent"


def interpolated_value(patch: pytest.MonkeyPatch) -> str:
    """A filter's value becomes part of the statement."""
    right = collection.SqlCollection.search

    async def search(self: collection.SqlCollection, query: Query) -> Page:
        if not isinstance(query.filter, Compare) or query.filter.attribute != "title":
            return await right(self, query)
        value = query.filter.value
        ids = await self._read(
            lambda connection, _: list(
                connection.exec_driver_sql(f"SELECT id FROM users WHERE title = '{value}'").scalars()
            )
        )
        return await right(self, Query(ids=ids))

    patch.setattr(collection.SqlCollection, "search", search)
    return "test_text_compares_as_the_oracle_says"


def interpolated_id(patch: pytest.MonkeyPatch) -> str:
    """An id becomes part of the statement."""
    right = collection.SqlCollection.read

    async def read(self: collection.SqlCollection, id: str, attributes: frozenset[str] | None = None) -> Entry:
        ids = await self._read(
            lambda connection, _: list(connection.exec_driver_sql(f"SELECT id FROM users WHERE id = '{id}'").scalars())
        )
        if not ids:
            raise NotFound("no such row")
        return await right(self, ids[0], attributes)

    patch.setattr(collection.SqlCollection, "read", read)
    return "test_what_is_not_there_is_not_found"


def ascii_folding(patch: pytest.MonkeyPatch) -> str:
    """Only ASCII letters are folded."""

    def fold(column: sa.ColumnElement[Any], _dialect: str) -> sa.ColumnElement[Any]:
        return sa.func.lower(column)

    patch.setattr(texts, "folded", fold)
    return "test_text_compares_as_the_oracle_says"


def groups_one_by_one(patch: pytest.MonkeyPatch) -> str:
    """The groups of a page are asked for entry by entry."""
    right = reading.groups_of

    def groups_of(connection: sa.Connection, layouts: Any, name: str, ids: list[str]) -> dict[str, Any]:
        return {key: refs for id in ids for key, refs in right(connection, layouts, name, [id]).items()}

    patch.setattr(reading, "groups_of", groups_of)
    return "test_groups_of_a_page_cost_the_same_for_few_and_for_many"


def members_read_back(patch: pytest.MonkeyPatch) -> str:
    """After a member was added, every member of the group is looked at."""
    right = belonging.change_members

    def change_members(connection: sa.Connection, layouts: Any, name: str, id: str, changes: Any) -> bool:
        changed = right(connection, layouts, name, id, changes)
        rows = connection.exec_driver_sql("SELECT user_id FROM memberships WHERE team_id = ?", (id,)).scalars().all()
        for user in rows:
            connection.exec_driver_sql("SELECT name FROM users WHERE id = ?", (user,)).all()
        return changed

    patch.setattr("connectors.sql.writing.change_members", change_members)
    return "test_a_member_more_costs_the_same_in_a_small_and_in_a_large_group"


def memberships_left_behind(patch: pytest.MonkeyPatch) -> str:
    """Deleting a row leaves its memberships where they are."""
    patch.setattr("connectors.sql.writing.forget", lambda *_: None)
    patch.setattr(reading, "groups_of", lambda *_: {})
    return "test_delete_takes_memberships_along"


def no_transaction(patch: pytest.MonkeyPatch) -> str:
    """Every statement of a write commits by itself."""
    right = belonging.require

    def require(connection: sa.Connection, *rest: Any) -> Any:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return right(connection, *rest)

    patch.setattr(belonging, "require", require)
    return "test_a_group_with_an_unknown_member_is_not_created"


SQL_FAULTS: list[Callable[[pytest.MonkeyPatch], str]] = [
    unescaped_like,
    doubled_escaping,
    escape_character_forgotten,
    not_forgets_null,
    interpolated_value,
    interpolated_id,
    ascii_folding,
    groups_one_by_one,
    members_read_back,
    memberships_left_behind,
    no_transaction,
]


@pytest.mark.parametrize("seed", SQL_FAULTS, ids=lambda seed: seed.__name__)
def test_the_kit_catches_in_sql(
    seed: Callable[[pytest.MonkeyPatch], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(100))

    def open() -> tuple[SqlConnector, None, Callable[[], int]]:
        connector = SqlConnector.from_options("test", {"url": f"sqlite:///{tmp_path}/{next(numbers)}.db"})
        return connector, None, counted(connector)

    with monkeypatch.context() as patch:
        expected = seed(patch)
        assert list(failures(ContractTests(), SPECIMEN, open, [expected])) == [expected], f"not caught: {seed.__doc__}"
    assert failures(ContractTests(), SPECIMEN, open, [expected]) == {}, "the test fails without the fault"


def test_without_a_fault_the_kit_finds_nothing() -> None:
    assert failures(ContractTests(), MEMORY, lambda: (MemoryConnector(required=["name"]), None, None)) == {}
