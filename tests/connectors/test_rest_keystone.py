"""The REST connector keeps the contract, on a real OpenStack Keystone."""

import pytest

from connectors.contract import Connector
from connectors.rest import RestConnector
from connectors.testing import ContractTests, Ground, Specimen
from tests.backends.keystone import Keystone
from tests.connectors.away import rest_away
from tests.connectors.rest_keystone import GROUP, USER


class TestKeystone(ContractTests):
    """A domain for each test. Keystone makes a dozen users a second, so two parts of the kit are asked of
    Workroom alone: filters on attributes, of which none is handed down (``judge``), and the long lists. What it keeps
    beside a name means nothing to it: a boss may be somebody who is gone."""

    test_a_reference_to_the_deleted_is_not_shown = None
    test_a_reference_to_the_deleted_is_not_to_their_namesake = None
    test_one_element_of_a_child_table_is_enough = None

    test_text_compares_as_the_oracle_says = None
    test_not_holds_where_the_attribute_is_absent = None
    test_and_or_and_not_in_one_another = None
    test_a_long_filter_is_answered = None
    test_any_of_a_list = None
    test_present = None
    test_booleans_numbers_and_dates_compare_as_such = None
    test_one_of_several_values_is_enough = None
    test_pages_by_offset_join_without_gap_or_overlap = None
    test_a_walk_by_cursor_is_complete_while_others_write = None
    test_groups_of_a_page_cost_the_same_for_few_and_for_many = None
    test_equal_values_keep_one_order = None
    test_a_cursor_goes_with_a_filter_and_with_a_total = None
    test_many_verbs_at_once = None

    async def test_hostile_names_are_kept_to_the_letter_or_refused(self, ground: Ground) -> None:
        """Keystone drops blanks at both ends of a name, so the answer must be what it then holds."""
        for value in (" both ends ", "a,ou=admins", "#first", "*", "Ö/ö", "%2e"):
            entry = await ground.person(name=value)
            assert entry.attributes["name"] == (value.strip(),)
            assert (await ground.people.read(entry.id)) == entry

    specimen = Specimen(
        specs={"User": USER, "Group": GROUP},
        fill=lambda n: {"name": (f"person {n}",)},
        fill_group=lambda n: {"name": (f"group {n}",)},
        name="name",
        text="title",
        boolean="enabled",
        number="age",
        moment="seen",
        many="tags",
        child="emails",
        reference="boss",
        secret="password",
        bad=("enabled", ("ten",)),
        crowd=9,
    )

    @pytest.fixture
    def connector(self, keystone: Keystone) -> Connector:
        return RestConnector.from_options("test", keystone.options(keystone.domain()))

    @pytest.fixture
    def unreachable(self) -> Connector:
        return rest_away(variables={"domain": "default"})
