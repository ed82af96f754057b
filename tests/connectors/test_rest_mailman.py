"""The REST connector keeps the contract, on a real GNU Mailman; and the gateway before it, from create to remove."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Connector, Query
from connectors.entry import MEMBERS, Change, Kind, Ref
from connectors.errors import AlreadyExists, InvalidValue
from connectors.filters import Compare, Operator
from connectors.rest import RestConnector
from connectors.rest.sections import read_sections
from connectors.testing import ContractTests, Ground, Specimen
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.load import load
from tests.backends.mailman import Mailman
from tests.connectors.away import rest_away
from tests.faults.process import Process, configured

MAPPING = Path(__file__).parent / "mailman.toml"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class TestMailman(ContractTests):
    """With the specs of a mapping file. An address is the id, so that nobody is renamed, and beside it people have
    ``display_name`` alone. The long lists, and filters on attributes of which none is handed down (``judge``), are
    asked of Workroom alone: Mailman answers slowly."""

    test_several_changes_are_made_in_one_update = None
    test_an_id_outlives_a_rename_and_is_not_the_name = None
    test_memberships_outlive_a_rename = None
    test_text_compares_as_the_oracle_says = None
    test_not_holds_where_the_attribute_is_absent = None
    test_and_or_and_not_in_one_another = None
    test_a_long_filter_is_answered = None
    test_any_of_a_list = None
    test_present = None
    test_pages_by_offset_join_without_gap_or_overlap = None
    test_a_walk_by_cursor_is_complete_while_others_write = None
    test_groups_of_a_page_cost_the_same_for_few_and_for_many = None
    test_equal_values_keep_one_order = None
    test_a_cursor_goes_with_a_filter_and_with_a_total = None
    test_many_verbs_at_once = None

    async def test_members_and_attributes_change_together(self, ground: Ground) -> None:
        """Of the attributes of a list, the address stays for good."""
        one, two = await ground.persons(2)
        group = await ground.group(one)
        join, leave = (Change(kind, MEMBERS, (Ref(who.id),)) for kind, who in ((Kind.ADD, two), (Kind.REMOVE, one)))
        changed = await ground.groups.update(group.id, [join, Change(Kind.REPLACE, "display_name", ("New",)), leave])
        assert changed is not None
        assert changed.attributes == {**group.attributes, "display_name": ("New",)}
        assert await ground.members(group) == {two.id}

    async def test_400_says_what_is_meant(self, ground: Ground) -> None:
        """Mailman answers 400 to an address that is taken, and to one that is none."""
        entry = await ground.person(email="ann@example.com")
        with pytest.raises(AlreadyExists):
            await ground.person(email=entry.id)
        with pytest.raises(InvalidValue):
            await ground.person(email="no address")
        group = await ground.group()
        with pytest.raises(AlreadyExists):
            await ground.groups.create(group.attributes)
        with pytest.raises(InvalidValue):
            await ground.groups.create({"fqdn_listname": ("list@elsewhere.example",)})

    async def test_what_creation_does_not_take_is_written_after_it(self, ground: Ground) -> None:
        group = await ground.groups.create({"fqdn_listname": ("a@example.com",), "display_name": ("All of us",)})
        assert group.attributes == {"fqdn_listname": ("a@example.com",), "display_name": ("All of us",)}

    async def test_a_wildcard_is_nobody(self, ground: Ground) -> None:
        """Mailman takes ``*`` in some of its calls for anybody."""
        person = await ground.person()
        group = await ground.group(person)
        await ground.groups.update(group.id, [Change(Kind.REMOVE, MEMBERS, (Ref("*"),))])
        assert await ground.members(group) == {person.id}
        for id, found in (("*", ()), ("*@example.com", ()), (person.id, (group.id,))):
            page = await ground.groups.search(Query(Compare(MEMBERS, Operator.EQ, Ref(id))))
            assert tuple(each.id for each in page.entries) == found, id

    specimen = Specimen(
        specs=compile_mapping(load(MAPPING)).specs,
        fill=lambda n: {"email": (f"person{n}@example.com",)},
        fill_group=lambda n: {"fqdn_listname": (f"list{n}@example.com",), "display_name": (f"The {n}",)},
        name="email",
        text="display_name",
        crowd=6,
    )

    @pytest.fixture
    def connector(self, mailman: Mailman) -> Connector:
        return RestConnector.from_options("test", mailman.options())

    @pytest.fixture
    def unreachable(self) -> Connector:
        return rest_away()


def test_what_the_keys_cannot_mean_is_said() -> None:
    specs = compile_mapping(load(MAPPING)).specs
    http, members = specs["Group"].options["http"], specs["Group"].members
    assert members is not None
    add = {**members["add"], "send": {"all": "{users}"}}
    options = {"http": {**http, "create": {**http["create"], "takes": "fqdn_name"}}}
    wrong = replace(specs["Group"], options=options, members={**members, "add": add})
    with pytest.raises(ValueError, match="'taken' does not tell") as refused:
        read_sections({**specs, "Group": wrong}, {})
    assert "'takes': 'fqdn_name' is no attribute" in str(refused.value)


def content(mailman: Mailman) -> tuple[dict[str, str], dict[str, Any]]:
    """What Mailman holds by its own account: address → name, list → name and members."""
    people = {each["email"]: each.get("display_name", "") for each in mailman.entries("/addresses")}
    lists = {
        each["list_id"]: (
            each["display_name"],
            [m["email"] for m in mailman.entries(f"/lists/{each['list_id']}/roster/member")],
        )
        for each in mailman.entries("/lists")
    }
    return people, lists


def test_from_create_to_remove(mailman: Mailman, tmp_path: Path) -> None:
    """The whole gateway, over HTTP."""
    gateway = Process(configured(tmp_path, {"kind": "rest", **mailman.options("file:password")}, str(MAPPING)))
    try:
        gateway.start()
        body = {"userName": "Ann@Example.com", "displayName": "Ann", "active": True}
        answer = gateway.ask("POST", "/Users", body)
        assert (answer.status, answer.body["id"]) == (201, "ann@example.com")
        assert content(mailman) == ({"ann@example.com": "Ann"}, {})
        assert gateway.ask("POST", "/Users", body).status == 409
        ann = "/Users/ann@example.com"

        answer = gateway.ask("POST", "/Groups", {"displayName": "Staff"})
        assert (answer.status, answer.body["id"]) == (201, "staff.example.com")
        assert content(mailman)[1] == {"staff.example.com": ("Staff", [])}
        staff = f"/Groups/{answer.body['id']}"
        join = {"op": "add", "path": "members", "value": [{"value": "ann@example.com"}]}
        for _ in range(2):
            assert gateway.ask("PATCH", staff, {"schemas": [PATCH], "Operations": [join]}).ok
            assert content(mailman)[1] == {"staff.example.com": ("Staff", ["ann@example.com"])}
        assert [each["value"] for each in gateway.ask("GET", ann).body["groups"]] == ["staff.example.com"]

        for path, name in ((ann, "Ann Lee"), (staff, "All Staff")):
            rename = {"op": "replace", "path": "displayName", "value": name}
            assert gateway.ask("PATCH", path, {"schemas": [PATCH], "Operations": [rename]}).ok
        renamed = {"staff.example.com": ("All Staff", ["ann@example.com"])}
        assert content(mailman) == ({"ann@example.com": "Ann Lee"}, renamed)

        off = {"op": "replace", "path": "active", "value": False}
        assert gateway.ask("PATCH", ann, {"schemas": [PATCH], "Operations": [off]}).ok
        assert content(mailman) == ({}, {"staff.example.com": ("All Staff", [])})
        assert gateway.ask("GET", ann).body["active"] is False
        assert gateway.ask("DELETE", ann).status == 204
        assert gateway.ask("GET", ann).status == 404
        assert gateway.ask("DELETE", staff).status == 204
        assert content(mailman) == ({}, {})
    finally:
        gateway.close()


def test_an_address_that_comes_back_in_small_letters(mailman: Mailman, tmp_path: Path) -> None:
    """The whole gateway, with a mapping that does not lower what Mailman lowers."""
    mapping, ann = tmp_path / "mapping.toml", "ann@example.com"
    text = MAPPING.read_text()
    assert text.count('via = ["trim", "lower"], ') == 1
    mapping.write_text(text.replace('via = ["trim", "lower"], ', ""))
    gateway = Process(configured(tmp_path, {"kind": "rest", **mailman.options("file:password")}, str(mapping)))
    try:
        gateway.start()
        body = {"userName": "Ann@Example.com", "displayName": "Ann", "active": True}
        made = gateway.ask("POST", "/Users", body)
        assert (made.status, made.body["id"], made.body["userName"]) == (201, ann, ann)
        assert gateway.ask("POST", "/Users", body).status == 409
        found = gateway.ask("GET", "/Users?filter=userName%20eq%20%22ANN@example.com%22")
        assert [each["id"] for each in found.body["Resources"]] == [ann]
        again = gateway.ask("PUT", f"/Users/{ann}", body)
        assert (again.status, again.body["userName"]) == (200, ann), again.body or "the IdP's own spelling is no change"
        rename = {"op": "replace", "path": "userName", "value": "bob@example.com"}
        assert gateway.ask("PATCH", f"/Users/{ann}", {"schemas": [PATCH], "Operations": [rename]}).status == 400
        assert gateway.ask("GET", "/Users/Ann@Example.com").status == 404, "one id, in one spelling"
        assert [each["email"] for each in mailman.entries("/addresses")] == [ann]
    finally:
        gateway.close()
