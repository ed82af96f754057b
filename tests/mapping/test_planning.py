"""What a write plans: semantics.md, rules 7 to 11, 14 and 24, at the level of one entry."""

from datetime import UTC, datetime
from typing import Any

import pytest
from scim2_models import ForbiddenException, InvalidValueException, MutabilityException

from connectors.entry import Change, Entry, Kind, Ref
from gateway.mapping.compiled import Plan, ResourceMapping
from gateway.mapping.planning.planning import applied
from tests.mapping.files import mapping_of, user_of

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = user_of(
    """
userName = { attr = "uid", via = ["trim", "lower"], required = true }
externalId = { store = "ledger" }
"name.givenName" = "givenName"
"name.familyName" = { attr = "sn", required = true }
displayName = { attr = "displayName", on_clear = "keep" }
title = { attr = "role", via = [{ table = "role" }], default = "reader", apply = "on-change" }
nickName = { attr = "nick", apply = "create" }
locale = { attr = "locale", apply = "if-empty" }
timezone = { attr = "badge", immutable = "refuse" }
profileUrl = { attr = "home", immutable = "recreate" }
userType = { attr = "kind", when = 'displayName eq "Ann"' }
active = { attr = "locked", via = ["not", { presence = "for good" }] }
password = { attr = "password", only = "write" }
'emails[type eq "work"].value' = { attr = "mail", via = ["lower"] }
'emails[type eq "home"].value' = "homeMail"
"phoneNumbers.value" = "phones"
"ims.value" = { attr = "ims", others = "remove" }
addresses = { attr = "addresses", via = ["json"] }
"enterprise:department" = { attr = "dept", also = ["department"] }
"enterprise:manager.value" = { attr = "manager", ref = "user" }
""",
    """
[user.set]
cn = { template = "{name.givenName} {name.familyName}", else = "{userName}" }
source = { value = "scim", apply = "create" }
flag = { value = true }
[table.role]
reader = 1
admin = 9
""",
)


def entry(**attributes: Any) -> Entry:
    return Entry("1", {name: values if isinstance(values, tuple) else (values,) for name, values in attributes.items()})


def update(
    resource: dict[str, Any],
    held: Entry,
    last: dict[str, Any] | None = None,
    named: set[str] | None = None,
    mapping: ResourceMapping = USER,
    **more: Any,
) -> Plan:
    names = None if named is None else frozenset(named)
    return mapping.plan_update(resource, held, more.pop("stored", {}), last, names, **more)


def after(held: Entry, plan: Plan) -> dict[str, Any]:
    return dict(applied(held.attributes, plan.changes))


ANN = {"userName": "ann", "name": {"givenName": "Ann", "familyName": "Lee"}}
HELD = entry(uid="ann", givenName="Ann", sn="Lee", cn="Ann Lee")


class TestRule07:
    def test_rule_07_only_rows_that_are_named_are_planned(self) -> None:
        held = entry(uid="ann", sn="Lee", dept="old", displayName="changed in the directory")
        wanted = {**ANN, "displayName": "as asserted", ENTERPRISE: {"department": "new"}}
        plan = update(wanted, held, named={f"{ENTERPRISE}:department"})
        assert plan.changes == (Change(Kind.REPLACE, "dept", ("new",)),)

    def test_rule_07_a_name_covers_its_parts_and_a_part_its_whole(self) -> None:
        wanted = {"name": {"givenName": "Anne", "familyName": "Leigh"}}
        assert {change.attribute for change in update(wanted, HELD, named={"name"}).changes} == {
            "givenName",
            "sn",
            "cn",
        }
        assert {change.attribute for change in update(wanted, HELD, named={"name.givenName"}).changes} == {
            "givenName", "cn"
        }  # fmt: skip
        home = {"addresses": [{"type": "home", "locality": "Berlin"}]}
        assert update(home, HELD, named={"addresses.locality"}).changes

    def test_rule_07_set_rows_follow_their_inputs(self) -> None:
        plan = update({"name": {"givenName": "Anne", "familyName": "Lee"}}, HELD, named={"name.givenName"})
        assert Change(Kind.REPLACE, "cn", ("Anne Lee",)) in plan.changes
        assert update({"displayName": "X"}, HELD, named={"displayName"}).changes == (
            Change(Kind.REPLACE, "displayName", ("X",)),
        )

    def test_rule_07_a_derived_value_that_somebody_changed_stays_while_its_inputs_do(self) -> None:
        held = entry(uid="ann", givenName="Ann", sn="Lee", cn="Dr. Ann Lee")
        assert update(ANN, held).changes == ()

    def test_rule_07_an_alias_names_the_row(self) -> None:
        plan = update({"department": "new", ENTERPRISE: {"department": "old"}}, entry(dept="old"), named={"department"})
        assert plan.changes == (Change(Kind.REPLACE, "dept", ("new",)),)


class TestRule08:
    @pytest.mark.parametrize("empty", [None, "", []])
    def test_rule_08_explicitly_empty_is_cleared(self, empty: Any) -> None:
        plan = update({"name": {"givenName": empty}}, HELD, named={"name.givenName"})
        assert Change(Kind.REPLACE, "givenName") in plan.changes

    @pytest.mark.parametrize("empty", [None, "", []])
    def test_rule_08_on_clear_may_keep(self, empty: Any) -> None:
        assert update({"displayName": empty}, entry(displayName="Ann"), named={"displayName"}).changes == ()

    def test_rule_08_removed_by_patch_is_cleared(self) -> None:
        plan = update({"id": "1", **ANN}, entry(uid="ann", mail="a@x"), named={"emails"})
        assert plan.changes == (Change(Kind.REPLACE, "mail"),)

    def test_rule_08_omitted_in_put_is_cleared_only_if_it_was_asserted(self) -> None:
        held = entry(uid="ann", sn="Lee", givenName="Ann", mail="a@x", dept="Tours")
        last = {**ANN, ENTERPRISE: {"department": "Tours"}}
        assert update(ANN, held, last).changes == (Change(Kind.REPLACE, "dept"),)
        assert update(ANN, held, None).changes == ()

    def test_rule_08_other_elements_say_nothing_of_an_element_nobody_asserted(self) -> None:
        held = entry(uid="ann", mail="a@x")
        wanted = {"emails": [{"type": "home", "value": "b@x"}]}
        assert update(wanted, held, {}, {"emails"}).changes == (Change(Kind.REPLACE, "homeMail", ("b@x",)),)
        last = {"emails": [{"type": "work", "value": "a@x"}]}
        assert Change(Kind.REPLACE, "mail") in update(wanted, held, last, {"emails"}).changes

    @pytest.mark.parametrize("name", ["active", "password"])
    @pytest.mark.parametrize("resource", [{}, {"active": None, "password": None}])
    def test_rule_08_active_and_password_are_never_changed_by_omission(self, name: str, resource: Any) -> None:
        held = Entry("1", {**HELD.attributes, "locked": ("for good",)})
        assert update(resource, held, {"active": True, "password": "x"}, {name}).changes == ()
        assert update({**ANN, **resource}, held, {**ANN, "active": True}).changes == ()

    def test_rule_08_active_is_true_on_create_when_absent(self) -> None:
        plan = USER.plan_create(ANN)
        assert "locked" not in plan.attributes
        assert plan.activation is True

    def test_rule_08_a_required_attribute_cannot_be_cleared(self) -> None:
        with pytest.raises(InvalidValueException) as refused:
            update({"userName": " "}, HELD, named={"userName"})
        assert refused.value.attribute == "userName"
        with pytest.raises(InvalidValueException, match=r"name\.familyName is required"):
            update({"name": {"familyName": None}}, HELD, named={"name.familyName"})


class TestRule09:
    def test_rule_09_false_is_always_enforced(self) -> None:
        plan = update({"active": False}, entry(uid="ann"), {"active": False}, {"active"})
        assert plan.changes == plan.reducing == (Change(Kind.REPLACE, "locked", ("for good",)),)
        assert plan.activation is False

    def test_rule_09_true_leaves_a_lock_that_somebody_else_set(self) -> None:
        held = entry(uid="ann", locked="for good")
        for last in ({"active": True}, {}, None):
            plan = update({"active": True}, held, last, {"active"})
            assert plan.changes == ()
            assert plan.activation is None

    def test_rule_09_true_undoes_what_this_connection_did(self) -> None:
        held = entry(uid="ann", locked="for good")
        plan = update({"active": True}, held, {"active": False}, {"active"})
        assert plan.changes == (Change(Kind.REPLACE, "locked"),)
        assert plan.activation is True
        assert plan.reducing == ()
        assert update({"active": True}, held, None, {"active"}, restore=True).changes

    def test_rule_09_apply_always_overrides(self) -> None:
        user = user_of('active = { attr = "on", apply = "always" }')
        assert update({"active": True}, entry(on=False), {"active": True}, mapping=user).changes

    def test_rule_09_a_temporary_lock_stays_what_it_is_until_the_idp_deactivates(self) -> None:
        held = entry(uid="ann", locked="until noon")
        assert update({"active": False}, held, None, None).changes == ()
        assert update({"active": False}, held, {"active": False}, {"active"}).changes == ()
        plan = update({"active": False}, held, {"active": True}, {"active"})
        assert plan.changes == (Change(Kind.REPLACE, "locked", ("for good",)),)

    def test_rule_09_sent_three_times_is_sent_once(self) -> None:
        held = entry(uid="ann")
        held = Entry("1", after(held, update({"active": False}, held, {"active": True}, {"active"})))
        assert update({"active": False}, held, {"active": False}, {"active"}).changes == ()


class TestRule10:
    def test_rule_10_on_change_compares_with_what_was_asserted_last(self) -> None:
        held = entry(uid="ann", role=9)
        last = {"title": "reader"}
        assert update({"title": "reader"}, held, last, {"title"}).changes == ()
        assert update({"title": "admin"}, entry(role=1), last, {"title"}).changes == (
            Change(Kind.REPLACE, "role", (9,)),
        )

    def test_rule_10_creation_counts_as_changed_and_default_acts_there(self) -> None:
        assert USER.plan_create({**ANN, "title": "admin"}).attributes["role"] == (9,)
        assert USER.plan_create(ANN).attributes["role"] == (1,)

    def test_rule_10_default_acts_at_every_clear_and_not_where_nothing_was_asserted(self) -> None:
        held = entry(uid="ann", role=9)
        assert update({"title": None}, held, {"title": "admin"}, {"title"}).changes == (
            Change(Kind.REPLACE, "role", (1,)),
        )
        assert update({}, held, None).changes == ()
        assert update({}, held, {"title": "admin"}, {"title"}).changes == (Change(Kind.REPLACE, "role", (1,)),)
        assert update({"id": "1"}, held, {"title": "admin"}, {"title"}).changes == (Change(Kind.REPLACE, "role", (1,)),)

    def test_rule_10_default_acts_when_a_post_brings_somebody_back(self) -> None:
        plan = update({}, entry(uid="ann", role=9), {"title": "admin"}, {"title"}, restore=True)
        assert plan.changes == (Change(Kind.REPLACE, "role", (1,)),)


class TestRule11:
    def test_rule_11_a_row_of_one_value_reads_the_asserted_value_else_the_smallest(self) -> None:
        held = entry(mail=("c@x", "b@x", "d@x"))
        assert USER.read(held, {})["emails"] == [{"type": "work", "value": "b@x"}]
        last = {"emails": [{"type": "work", "value": "D@x"}]}
        assert USER.read(held, {}, last)["emails"] == [{"type": "work", "value": "d@x"}]

    def test_rule_11_a_write_swaps_only_that_value(self) -> None:
        held = entry(uid="ann", mail=("c@x", "b@x", "d@x"))
        last = {"emails": [{"type": "work", "value": "c@x"}]}
        wanted = {"emails": [{"type": "work", "value": "new@x"}]}
        plan = update(wanted, held, last, {"emails"})
        assert plan.changes == (Change(Kind.REMOVE, "mail", ("c@x",)), Change(Kind.ADD, "mail", ("new@x",)))
        plan = update({"emails": [{"type": "work", "value": "d@x"}]}, held, last, {"emails"})
        assert plan.changes == (Change(Kind.REMOVE, "mail", ("c@x",)),)
        plan = update({"id": "1"}, held, last, {"emails"})
        assert plan.changes == (Change(Kind.REMOVE, "mail", ("c@x",)),)

    def test_rule_11_capitals_do_not_hide_the_asserted_value(self) -> None:
        user = user_of("""'emails[type eq "work"].value' = { attr = "mail", via = ["caseless"] }
"phoneNumbers.value" = { attr = "phones", via = ["caseless"] }""")
        held = entry(mail=("a@x", "B@x"), phones=("A", "b"))
        last = {"emails": [{"type": "work", "value": "b@X"}], "phoneNumbers": [{"value": "a"}, {"value": "B"}]}
        assert user.read(held, {}, last)["emails"] == [{"type": "work", "value": "B@x"}]
        assert update(last, held, last, mapping=user).changes == ()

    def test_rule_11_a_parent_moves_only_when_its_inputs_change(self) -> None:
        user = mapping_of(
            """
format = 1
target = "ldap"
[user]
class = ["person"]
rdn = "uid"
anchor = "entryUUID"
parent = [{ when = 'userType eq "Contractor"', dn = "ou=contractors,{base}" }, { dn = "ou=people,{base}" }]
[user.map]
userName = "uid"
userType = "employeeType"
"""
        ).resources["User"]
        assert user.plan_create({"userName": "a", "userType": "contractor"}).attributes["@parent"] == (
            "ou=contractors,{base}",
        )
        held = entry(uid="a", employeeType="Employee")
        same = user.plan_update({"userName": "a", "userType": "Intern"}, held, {}, None, frozenset({"userType"}))
        assert [change.attribute for change in same.changes] == ["employeeType"]
        moved = user.plan_update({"userName": "a", "userType": "Contractor"}, held, {}, None, frozenset({"userType"}))
        assert Change(Kind.REPLACE, "@parent", ("ou=contractors,{base}",)) in moved.changes
        assert user.plan_update({"userName": "b"}, held, {}, None, frozenset({"userName"})).changes == (
            Change(Kind.REPLACE, "uid", ("b",)),
        )


class TestRule14:
    def test_rule_14_a_password_is_written_each_time_and_traced_never(self) -> None:
        plan = update({"password": "s3cret"}, entry(uid="ann"), {}, {"password"})
        assert plan.changes == (Change(Kind.REPLACE, "password", ("s3cret",)),)
        assert "s3cret" not in str(plan.trace)
        assert USER.password
        assert USER.spec.secrets == {"password"}

    def test_rule_14_apply_create_exempts_it(self) -> None:
        user = user_of('password = { attr = "password", only = "write", apply = "create" }')
        assert user.plan_create({"password": "x"}).attributes == {"password": ("x",)}
        assert update({"password": "y"}, entry(), {}, {"password"}, user).changes == ()

    def test_rule_14_a_refusal_does_not_repeat_it(self) -> None:
        user = user_of('password = { attr = "password", via = [{ table = "t" }], only = "write" }', "[table.t]\na = 1")
        with pytest.raises(InvalidValueException) as refused:
            user.plan_create({"password": "hunter2"})
        assert "hunter2" not in str(refused.value)


class TestRule24:
    def test_rule_24_recreate_is_announced(self) -> None:
        plan = update({"profileUrl": "b"}, entry(home="a"), {"profileUrl": "a"}, {"profileUrl"})
        assert plan.recreate
        assert plan.changes == ()
        assert not update({"profileUrl": "b"}, entry(), {}, {"profileUrl"}).recreate

    def test_rule_24_refuse_is_a_mutability_error(self) -> None:
        with pytest.raises(MutabilityException) as refused:
            update({"timezone": "b"}, entry(badge="a"), {}, {"timezone"})
        assert refused.value.attribute == "timezone"
        assert update({"timezone": "a"}, entry(badge="a"), {}, {"timezone"}).changes == ()
        assert update({"timezone": "a"}, entry(), {}, {"timezone"}).changes

    def test_what_the_target_spells_in_its_own_way_is_not_changed_by_saying_it_again(self) -> None:
        """An application that keeps ``Ann`` as ``ann``, and a value without the blanks that were sent with it."""
        user = user_of('nickName = { attr = "nick", immutable = "recreate" }')
        for kept, said, last, anew in (
            ("ann", "Ann", None, False),
            ("ann", " Ann ", " Ann ", False),
            ("ann", "Ann L", "Ann", True),
            ("ben", "Ann", "Ann", True),
        ):
            plan = update({"nickName": said}, entry(nick=kept), {"nickName": last}, {"nickName"}, user)
            assert (plan.changes, plan.recreate) == ((), anew)
        assert update({"timezone": "Ann"}, entry(badge="ann"), {}, {"timezone"}).changes == ()
        assert update({"timezone": " a "}, entry(badge="a"), {"timezone": " a "}, {"timezone"}).changes == ()
        with pytest.raises(MutabilityException):
            update({"timezone": " b "}, entry(badge="a"), {"timezone": " a "}, {"timezone"})


class TestKeys:
    def test_creation_takes_everything(self) -> None:
        plan = USER.plan_create(
            {
                **ANN, "externalId": "00u1", "nickName": "A", "locale": "de", "password": "p",
                "emails": [{"type": "work", "value": "A@X"}], "phoneNumbers": [{"value": "1"}, {"value": "2"}],
                ENTERPRISE: {"manager": {"value": "m1"}},
            }
        )  # fmt: skip
        assert plan.attributes == {
            "uid": ("ann",), "givenName": ("Ann",), "sn": ("Lee",), "role": (1,), "nick": ("A",), "locale": ("de",),
            "password": ("p",), "mail": ("a@x",), "phones": ("1", "2"), "manager": (Ref("m1"),), "cn": ("Ann Lee",),
            "source": ("scim",), "flag": (True,),
        }  # fmt: skip
        assert plan.stored == {"externalId": "00u1"}

    def test_apply_create_and_if_empty(self) -> None:
        assert update({"nickName": "B"}, entry(nick="A"), {}, {"nickName"}).changes == ()
        assert update({"locale": "de"}, entry(locale="en"), {}, {"locale"}).changes == ()
        assert update({"locale": "de"}, entry(), {}, {"locale"}).changes == (Change(Kind.REPLACE, "locale", ("de",)),)

    def test_a_condition_switches_a_row_off(self) -> None:
        wanted = {"userType": "X", "displayName": "Ann"}
        assert Change(Kind.REPLACE, "kind", ("X",)) in update(wanted, entry(), {}, {"userType"}).changes
        assert update({"userType": "X"}, entry(), {}, {"userType"}).changes == ()
        assert "userType" not in USER.read(entry(kind="X"), {})
        assert USER.read(entry(kind="X", displayName="ann"), {})["userType"] == "X"

    def test_an_equivalent_value_is_left_alone(self) -> None:
        held = entry(uid="Ann", givenName="Ann", sn="Lee", cn="Ann Lee", mail="A@X")
        assert update({**ANN, "emails": [{"type": "work", "value": "a@x"}]}, held).changes == ()

    def test_ledger_values_are_stored_and_forgotten(self) -> None:
        assert update({"externalId": "b"}, HELD, {}, {"externalId"}, stored={"externalId": "a"}).stored == {
            "externalId": "b"
        }
        assert update({"externalId": "a"}, HELD, {}, {"externalId"}, stored={"externalId": "a"}).stored == {}
        assert update({"externalId": None}, HELD, {}, {"externalId"}, stored={"externalId": "a"}).stored == {
            "externalId": None
        }

    def test_create_differs_from_what_an_update_writes(self) -> None:
        states = '{ states = { true = ["active", "invited"], false = ["off"] } }'
        user = user_of(f'active = {{ attr = "state", via = [{states}], create = "invited" }}')
        assert user.plan_create({}).attributes["state"] == ("invited",)
        assert user.plan_create({"active": False}).attributes["state"] == ("off",)
        assert update({"active": True}, entry(state="off"), {"active": False}, {"active"}, user).changes == (
            Change(Kind.REPLACE, "state", ("active",)),
        )

    def test_unknown_values_are_refused_with_the_known_ones(self) -> None:
        with pytest.raises(InvalidValueException, match="'king' is not known; known: reader, admin") as refused:
            USER.plan_create({**ANN, "title": "king"})
        assert refused.value.attribute == "title"
        assert refused.value.scim_type == "invalidValue"

    def test_what_is_required_is_named(self) -> None:
        with pytest.raises(InvalidValueException, match=r"name\.familyName is required") as refused:
            USER.plan_create({"userName": "ann"})
        assert refused.value.attribute == "name.familyName"
        with pytest.raises(InvalidValueException, match="userName is required"):
            USER.plan_create({"userName": "  ", "name": {"familyName": "Lee"}})

    def test_a_value_of_the_wrong_type_is_refused(self) -> None:
        with pytest.raises(InvalidValueException, match="active: must be a value of type boolean"):
            update({"active": "perhaps"}, HELD, {}, {"active"})
        with pytest.raises(InvalidValueException, match="userName"):
            USER.plan_create({**ANN, "userName": {"a": 1}})

    def test_the_marker_is_set_on_what_becomes_managed(self) -> None:
        user = mapping_of(
            '[user]\nanchor = "id"\nmarker = { attr = "by", value = "scim" }\n[user.map]\nuserName = "uid"\n'
        ).resources["User"]
        assert user.plan_create({"userName": "a"}).attributes["by"] == ("scim",)
        held = entry(uid="a")
        assert user.plan_update({"userName": "a"}, held, {}, None, frozenset()).changes == (
            Change(Kind.ADD, "by", ("scim",)),
        )
        assert user.plan_update({"userName": "a"}, held, {}, {"userName": "a"}, frozenset()).changes == ()


class TestSeveralValues:
    def test_values_are_added_and_only_asserted_ones_removed(self) -> None:
        held = entry(phones=("1", "2", "foreign"))
        last = {"phoneNumbers": [{"value": "1"}, {"value": "2"}]}
        plan = update({"phoneNumbers": [{"value": "2"}, {"value": "3"}]}, held, last, {"phoneNumbers"})
        assert plan.changes == (Change(Kind.REMOVE, "phones", ("1",)), Change(Kind.ADD, "phones", ("3",)))

    def test_others_remove_takes_the_rest(self) -> None:
        plan = update({"ims": [{"value": "a"}]}, entry(ims=("a", "foreign")), {}, {"ims"})
        assert plan.changes == (Change(Kind.REMOVE, "ims", ("foreign",)),)

    def test_an_edit_that_only_takes_away_means_it(self) -> None:
        held = entry(phones=("1", "foreign"))
        plan = update({"id": "1", "phoneNumbers": [{"value": "1"}]}, held, {}, {"phoneNumbers"})
        assert plan.changes == (Change(Kind.REMOVE, "phones", ("foreign",)),)

    def test_a_whole_attribute_in_json_is_compared_by_meaning(self) -> None:
        wanted = {"addresses": [{"type": "home", "locality": "Berlin"}]}
        held = entry(addresses='[ {"locality": "Berlin", "type": "home", "region": null} ]')
        assert update(wanted, held, {}, {"addresses"}).changes == ()
        plan = update({"addresses": [{"type": "home"}]}, held, {}, {"addresses"})
        assert plan.changes == (Change(Kind.REPLACE, "addresses", ('[{"type":"home"}]',)),)

    def test_rows_of_a_child_table(self) -> None:
        user = mapping_of(
            """
format = 1
target = "sql"
[user]
table = "u"
anchor = "id"
[user.child.emails]
table = "e"
key = "user"
map = { value = "address", type = "kind" }
"""
        ).resources["User"]
        made = user.plan_create({"emails": [{"value": "a", "type": "work", "primary": True}, {"value": "b"}]})
        assert made.attributes == {"emails": ({"value": "a", "type": "work"}, {"value": "b"})}
        held = entry(emails=({"value": "a", "type": "work"}, {"value": "b", "type": None}))
        last = {"emails": [{"value": "a", "type": "work"}, {"value": "b"}]}
        assert (
            update({"emails": [{"value": "a", "type": "work"}, {"value": "b"}]}, held, last, mapping=user).changes == ()
        )
        plan = update({"emails": [{"value": "b"}, {"value": "c"}]}, held, last, {"emails"}, user)
        assert plan.changes == (
            Change(Kind.REMOVE, "emails", ({"value": "a", "type": "work"},)),
            Change(Kind.ADD, "emails", ({"value": "c"},)),
        )

    def test_o5_the_primary_value_counts_as_work_where_nothing_has_a_type(self) -> None:
        both = [{"value": "a@x"}, {"value": "b@x", "primary": True}]
        assert USER.plan_create({**ANN, "emails": both}).attributes["mail"] == ("b@x",)
        assert USER.plan_create({**ANN, "emails": [{"value": "a@x"}]}).attributes["mail"] == ("a@x",)
        typed = [{"value": "a@x", "type": "home"}, {"value": "b@x", "primary": True}]
        assert "mail" not in USER.plan_create({**ANN, "emails": typed}).attributes

    def test_o6_a_second_address_goes_to_the_row_of_the_others(self) -> None:
        user = user_of(
            """'emails[type eq "work"].value' = "mail"
"emails.value" = { attr = "more", element = { type = "other" } }"""
        )
        asserted = [{"value": "a@x", "primary": True}, {"value": "b@x"}]
        made = user.plan_create({"emails": asserted}).attributes
        assert made == {"mail": ("a@x",), "more": ("b@x",)}
        assert user.read(Entry("1", made), {})["emails"] == [
            {"type": "work", "value": "a@x"}, {"type": "other", "value": "b@x"}
        ]  # fmt: skip

    def test_two_of_one_type_are_told_apart_by_primary(self) -> None:
        user = user_of(
            """'phoneNumbers[type eq "work" and primary eq true].value' = "desk"
'phoneNumbers[type eq "work" and primary eq false].value' = "other\""""
        )

        def made(*phones: dict[str, object]) -> dict[str, object]:
            numbers = [{"type": "work", **each} for each in phones]
            attributes = user.plan_create({"phoneNumbers": [*numbers, {"type": "home", "value": "9"}]}).attributes
            return {name: values[0] for name, values in attributes.items()}

        assert made({"value": "1"}, {"value": "2", "primary": True}) == {"desk": "2", "other": "1"}
        assert made({"value": "1", "primary": False}, {"value": "2"}) == {"other": "1"}
        assert made({"value": "1"}) == {"desk": "1"}
        assert made({"value": "1", "primary": False}) == {"other": "1"}
        held = Entry("1", {"other": ("1",)})
        shown = user.read(held, {})
        assert shown["phoneNumbers"] == [{"type": "work", "primary": False, "value": "1"}]
        assert user.plan_update(shown, held, {}, None, None).changes == ()

    def test_values_that_differ_in_capitals_alone_are_read_and_written_back_both(self) -> None:
        user = user_of('"phoneNumbers.value" = { attr = "phones", via = ["caseless"] }')
        held = entry(phones=("a", "A"))
        shown = user.read(held, {})
        assert update(shown, held, shown, mapping=user).changes == ()


class TestLifecycle:
    NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def lifecycle(self, text: str, rows: str = 'active = "on"', head: str = "") -> ResourceMapping:
        return mapping_of(
            f'{head}[user]\nanchor = "id"\n[user.map]\nuserName = "uid"\n{rows}\n[user.lifecycle]\n{text}\n'
        ).resources["User"]

    def test_disable_and_stamp(self) -> None:
        user = self.lifecycle('delete = "disable"\nstamp = { on = "delete", attr = "gone" }')
        plan = user.plan_lifecycle("delete", entry(on=True), self.NOW)
        assert plan.changes == plan.reducing
        assert plan.changes == (
            Change(Kind.REPLACE, "on", (False,)),
            Change(Kind.REPLACE, "gone", ("2026-01-31T12:00:00Z",)),
        )
        assert user.plan_lifecycle("deactivate", entry(on=True), self.NOW).changes == (
            Change(Kind.REPLACE, "on", (False,)),
        )

    def test_move_also_disables(self) -> None:
        user = self.lifecycle('deactivate = "move"\nmove_to = "ou=left,{base}"')
        plan = user.plan_lifecycle("deactivate", entry(on=True), self.NOW)
        assert plan.changes == (
            Change(Kind.REPLACE, "on", (False,)),
            Change(Kind.REPLACE, "@parent", ("ou=left,{base}",)),
        )

    def test_disable_without_a_way_is_refused(self) -> None:
        user = self.lifecycle('deactivate = "disable"', rows="")
        with pytest.raises(ForbiddenException):
            user.plan_lifecycle("deactivate", entry(), self.NOW)

    def test_the_end_of_a_life_is_no_temporary_lock(self) -> None:
        plan = USER.plan_lifecycle("delete", entry(locked="until noon"), self.NOW)
        assert plan.changes == (Change(Kind.REPLACE, "locked", ("for good",)),)
