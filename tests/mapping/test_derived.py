"""``[user.set]``: constants, derived values, values set once."""

from typing import Any

import pytest
from scim2_models import InvalidValueException

from connectors.entry import Change, Entry, Kind
from gateway.mapping.compiled import ResourceMapping
from gateway.mapping.errors import MappingError
from tests.mapping.files import user_of

ROWS = """
userName = "uid"
"name.givenName" = "givenName"
"name.familyName" = "sn"
userType = "kind"
"""


def user(sets: str) -> ResourceMapping:
    return user_of(ROWS, f"[user.set]\n{sets}\n")


def entry(**attributes: Any) -> Entry:
    return Entry("1", {name: values if isinstance(values, tuple) else (values,) for name, values in attributes.items()})


def update(mapping: ResourceMapping, resource: dict[str, Any], held: Entry, *named: str) -> tuple[Change, ...]:
    changes = mapping.plan_update(resource, held, {}, None, frozenset(named)).changes
    return tuple(change for change in changes if change.attribute not in ("uid", "givenName", "sn", "kind"))


CN = 'cn = { template = "{name.givenName} {name.familyName}", else = "{userName}" }'
ANN = {"userName": "ann", "name": {"givenName": "Ann", "familyName": "Lee"}}


def test_a_template_needs_all_its_paths_or_takes_the_other() -> None:
    assert user(CN).plan_create(ANN).attributes["cn"] == ("Ann Lee",)
    assert user(CN).plan_create({"userName": "ann", "name": {"familyName": "Lee"}}).attributes["cn"] == ("ann",)
    bare = user('full = { template = "{name.familyName}, {name.givenName}" }')
    assert "full" not in bare.plan_create({"userName": "ann"}).attributes


def test_a_template_never_reads_what_is_in_its_values() -> None:
    made = user(CN).plan_create({"userName": "x", "name": {"givenName": "{userName}", "familyName": "{{"}})
    assert made.attributes["cn"] == ("{userName} {{",)
    braces = user('label = { template = "{{{userName}}}" }')
    assert braces.plan_create({"userName": "a"}).attributes["label"] == ("{a}",)


def test_a_template_takes_an_element_and_runs_through_steps() -> None:
    mapping = user_of(
        """'emails[type eq "work"].value' = "mail"\n""",
        """[user.set]
name = { template = '{emails[type eq "work"].value}', via = ["local_part", "upper", { truncate = 3 }] }
""",
    )
    assert mapping.plan_create({"emails": [{"value": "jane.doe@x", "primary": True}]}).attributes["name"] == ("JAN",)


def test_a_template_reads_what_the_row_writes() -> None:
    mapping = user_of(
        """userName = { attr = "uid", via = ["trim", "lower"] }
'phoneNumbers[type eq "work" and primary eq true].value' = { attr = "tel", via = [{ e164 = "44" }] }
""",
        """[user.set]
home = { template = "/home/{userName}" }
tels = { template = '{phoneNumbers[type eq "work" and primary eq true].value} / {userName}' }
""",
    )
    phones = [{"type": "work", "primary": True, "value": "020 1234"}, {"type": "work", "value": "020 4321"}]
    made = mapping.plan_create({"userName": " Ann ", "phoneNumbers": phones})
    assert made.attributes["home"] == ("/home/ann",)
    assert made.attributes["tels"] == ("+44201234 / ann",)
    held = Entry("1", {**made.attributes, "uid": ("ANN",)})
    assert update(mapping, {"userName": "ann"}, held, "userName") == ()


def test_other_values_of_the_attribute_stay() -> None:
    held = entry(uid="ann", givenName="Ann", sn="Lee", cn=("Ann Lee", "Annie"))
    wanted = {**ANN, "name": {"givenName": "Ann", "familyName": "Leigh"}}
    assert update(user(CN), wanted, held, "name.familyName") == (
        Change(Kind.REMOVE, "cn", ("Ann Lee",)),
        Change(Kind.ADD, "cn", ("Ann Leigh",)),
    )


def test_a_derived_value_goes_with_what_it_came_from() -> None:
    full = user('full = { template = "{name.familyName}, {name.givenName}" }')
    held = entry(uid="ann", givenName="Ann", sn="Lee", full="Lee, Ann")
    wanted = {"userName": "ann", "name": {"familyName": "Lee", "givenName": None}}
    assert update(full, wanted, held, "name.givenName") == (Change(Kind.REPLACE, "full"),)


def test_a_constant_is_written_once_and_where_its_condition_comes_true() -> None:
    mapping = user('source = { value = "scim" }\nflag = { value = true, when = \'userType eq "Contractor"\' }')
    assert mapping.plan_create(ANN).attributes.get("flag") is None
    assert mapping.plan_create({**ANN, "userType": "contractor"}).attributes["flag"] == (True,)
    held = entry(uid="ann", kind="Employee")
    assert update(mapping, {"userType": "Contractor"}, held, "userType") == (Change(Kind.REPLACE, "flag", (True,)),)
    assert update(mapping, {"userType": "Intern"}, held, "userType") == ()


def test_create_and_if_empty() -> None:
    mapping = user(
        'a = { template = "{userName}", apply = "create" }\nb = { template = "{userName}", apply = "if-empty" }'
    )
    assert mapping.plan_create(ANN).attributes["a"] == ("ann",)
    renamed = {"userName": "anne"}
    assert update(mapping, renamed, entry(uid="ann", a="ann", b="x"), "userName") == ()
    assert update(mapping, renamed, entry(uid="ann", a="ann"), "userName") == (Change(Kind.REPLACE, "b", ("anne",)),)


def test_h15_a_role_by_group_starts_with_its_else() -> None:
    mapping = user('role = { by_group = [["Admins", "admin"]], else = "viewer" }')
    assert mapping.plan_create(ANN).attributes["role"] == ("viewer",)
    assert update(mapping, {"userName": "b"}, entry(uid="a", role="admin"), "userName") == ()


def test_what_cannot_be_derived_is_refused() -> None:
    mapping = user('number = { template = "{userName}", via = ["int"] }')
    with pytest.raises(InvalidValueException, match="number cannot be derived"):
        mapping.plan_create(ANN)


@pytest.mark.parametrize("template", ["{name", "name}", "{}", "{nobody}", "{emails[typ eq 1].value}"])
def test_a_template_that_names_nothing_is_refused(template: str) -> None:
    with pytest.raises(MappingError):
        user(f"cn = {{ template = '{template}' }}")
