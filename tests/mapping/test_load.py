"""Loading: presets, ``extends``, aliases, forms of rows, and every error of form at once."""

from pathlib import Path

import pytest

from gateway.mapping.errors import MappingError
from gateway.mapping.file.document import presets
from gateway.mapping.load import load
from gateway.mapping.model import ParentChoice, Row, Section, Stamp, Step

MINIMAL = """
format = 1
target = "memory"
[user]
anchor = "id"
[user.map]
userName = "login"
"""


def write(tmp_path: Path, text: str, name: str = "site.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def row(section: Section, path: str) -> Row:
    return next(row for row in section.rows if row.path == path or (not row.path and row.attr == path))


def refusal(path: Path) -> list[str]:
    with pytest.raises(MappingError) as caught:
        load(path)
    return [str(message).replace(f"{path.parent}/", "") for message in caught.value.messages]


@pytest.mark.parametrize("name", ["embedded", "openldap", "sql"])
def test_presets_load(name: str) -> None:
    assert name in presets()
    assert {"User", "Group"} <= set(load(name).sections)


def test_rows_of_the_openldap_preset() -> None:
    user = load("openldap").sections["User"]
    name = row(user, "userName")
    assert name.attr == "uid"
    assert name.via == (Step("trim"), Step("caseless"))
    assert name.required
    assert row(user, "active").via == (Step("not"), Step("presence", "000001010000Z"))
    assert row(user, "enterprise:manager.value").ref == "User"
    assert row(user, "cn").template == "{name.givenName} {name.familyName}"
    assert row(user, "cn").otherwise == "{userName}"
    assert user.parent[0] == ParentChoice("ou=contractors,{base}", 'userType eq "Contractor"')
    assert user.options["class"] == ["top", "person", "organizationalPerson", "inetOrgPerson"]
    assert user.options["parent"][1] == {"dn": "ou=people,{base}"}
    group = load("openldap").sections["Group"]
    assert row(group, "externalId").store == "ledger"
    assert group.members is not None
    assert group.members.ref == ("User",)
    assert group.members.options["placeholder"] == "cn=nobody,{base}"


def test_defaults_differ_between_users_groups_and_others(tmp_path: Path) -> None:
    file = load(write(tmp_path, MINIMAL + '[group]\nanchor = "id"\n[resource.Device]\nanchor = "id"\nschema = "urn:x"'))
    user, group, device = (file.sections[name] for name in ("User", "Group", "Device"))
    assert (user.adopt, user.lifecycle.deactivate, user.lifecycle.delete) == ("unmanaged", "disable", "disable")
    assert (group.adopt, group.lifecycle.delete) == ("never", "delete")
    assert (device.adopt, device.lifecycle.delete, device.endpoint) == ("never", "delete", "/Devices")
    assert user.schema == "urn:ietf:params:scim:schemas:core:2.0:User"


def test_a_stamp_may_stand_alone_or_in_an_array() -> None:
    assert load("sql").sections["User"].lifecycle.stamp == (Stamp(("delete",), "deleted_at"),)


def test_a_child_table_without_a_row_is_mapped_as_a_whole(tmp_path: Path) -> None:
    text = MINIMAL + '[user.child.emails]\ntable = "e"\nkey = "u"\nmap = { value = "v" }'
    user = load(write(tmp_path, text)).sections["User"]
    assert row(user, "emails").attr == "emails"
    assert [found.path for found in load("embedded").sections["User"].rows].count("emails") == 1


def test_a_site_changes_a_preset_in_a_few_lines(tmp_path: Path) -> None:
    file = load(
        write(
            tmp_path,
            """
            format = 1
            extends = "openldap"
            group = false
            [user]
            parent = "ou=staff,{base}"
            [user.map]
            title = false
            externalId = { store = "ledger" }
            nickName = "uid2"
            [user.lifecycle]
            delete = "delete"
            """,
        )
    )
    user = file.sections["User"]
    assert file.target == "ldap"
    assert list(file.sections) == ["User"]
    assert [choice.dn for choice in user.parent] == ["ou=staff,{base}"]
    assert row(user, "externalId").store == "ledger"
    assert row(user, "externalId").attr is None
    assert row(user, "nickName").attr == "uid2"
    assert not [found for found in user.rows if found.path == "title"]
    assert user.lifecycle.delete == "delete"
    assert user.lifecycle.deactivate == "disable"
    assert file.tests == ()


def test_the_long_name_of_a_section_extends_the_short_one(tmp_path: Path) -> None:
    path = write(tmp_path, 'format = 1\nextends = "openldap"\n[resource.User.map]\nnickName = "x"')
    assert row(load(path).sections["User"], "nickName").place.line == 4


def test_a_file_extends_another_beside_it_and_keeps_its_places(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL.replace("userName =", "usrName = 5 #").replace("memory", "sql"), "base.toml")
    path = write(tmp_path, 'format = 1\nextends = "base.toml"\n[user]\nverison = "x"')
    assert refusal(path) == [
        "base.toml:7: user.map.usrName: must be the name of an attribute, or a table",
        "base.toml:7: user.map.usrName: 'usrName' is not an attribute of User; did you mean 'userName'?",
        'site.toml:3: user: delete = "disable", which is the default, needs a row that maps active',
        "site.toml:3: user: 'table' is missing for a target of kind 'sql'",
        "site.toml:4: user.verison: unknown key 'verison'; did you mean 'version'?",
    ]


def test_files_that_extend_one_another_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 'format = 1\nextends = "site.toml"', "base.toml")
    (message,) = refusal(write(tmp_path, 'format = 1\nextends = "base.toml"'))
    assert "extends itself" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('extends = "opnldap"', "site.toml:1: extends: there is no preset 'opnldap'; did you mean 'openldap'?"),
        ('extends = "no.toml"', "site.toml:1: extends: there is no file no.toml"),
        ("format = 1\na = = 2", "site.toml:2: a: this is no value: a text stands in quotes"),
        ('format = 1\ntarget = "sql', "site.toml:2: target: a quote is not closed"),
        (MINIMAL.replace("= 1", "= 2"), "site.toml:2: format: this version reads format 1, not 2"),
        (
            'format = 1\nextends = "sql"\ntarget = "ldap"',
            "site.toml:3: target: 'sql' is for 'sql' and this file is for",
        ),
        ('format = 1\nextends = "sql"\n[user.map]\ntitel = false', "site.toml:4: user.map.titel: there is nothing of"),
        (MINIMAL + "[resource.User]\nx = 1", "site.toml:4: user: [user] is short for [resource.User], and both are"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str, expected: str) -> None:
    (message,) = refusal(write(tmp_path, text))
    assert message.startswith(expected)


def test_a_preset_that_is_not_there_is_named_without_a_place() -> None:
    with pytest.raises(MappingError, match=r"there is no preset 'embeded'; did you mean 'embedded'\?"):
        load("embeded")
