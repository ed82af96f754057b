"""Schema and ResourceType documents advertise exactly what is mapped."""

from typing import Any

import pytest
from scim2_models import ResourceType, Schema

from gateway.mapping.compiled import Mapping, compile_mapping
from gateway.mapping.errors import MappingError
from gateway.mapping.file.document import presets
from gateway.mapping.load import load
from tests.mapping.files import mapping_of, user_of

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def attributes(documents: list[dict[str, Any]], at: int = 0) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in documents[at]["attributes"]}


def parts(attribute: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in attribute["subAttributes"]}


ROWS = """
userName = { attr = "uid", required = true, immutable = "refuse" }
externalId = "ext"
"name.familyName" = { attr = "sn", required = true }
nickName = { attr = "nick", only = "read" }
title = { attr = "title", via = [{ table = "role" }] }
password = { attr = "password", only = "write" }
'emails[type eq "work"].value' = "mail"
"enterprise:department" = { attr = "dept", also = ["department"] }
"enterprise:manager.value" = { attr = "manager", ref = "user" }
"""
USER = user_of(ROWS, '[user.show]\n"meta.created" = "born"\nlocale = "l"\n[table.role]\na = 1\nb = 2\n')


def test_h14_what_is_not_mapped_is_not_advertised() -> None:
    found = attributes(USER.schema_documents)
    assert set(found) == {
        "userName", "name", "nickName", "title", "password", "emails", "locale", "department"
    }  # fmt: skip
    assert set(parts(found["name"])) == {"familyName"}
    assert set(parts(found["emails"])) == {"value", "type"}
    extension = attributes(USER.schema_documents, 1)
    assert set(extension) == {"department", "manager"}
    assert set(parts(extension["manager"])) == {"value", "$ref", "displayName"}


def test_mutability_required_and_returned_are_as_mapped() -> None:
    found = attributes(USER.schema_documents)
    assert found["userName"]["required"] is True
    assert found["userName"]["mutability"] == "immutable"
    assert found["userName"]["uniqueness"] == "server"
    assert found["nickName"]["mutability"] == "readOnly"
    assert found["locale"]["mutability"] == "readOnly"
    assert (found["password"]["mutability"], found["password"]["returned"]) == ("writeOnly", "never")
    assert found["name"]["required"] is True
    assert parts(found["name"])["familyName"]["required"] is True
    assert found["title"]["canonicalValues"] == ["a", "b"]
    assert parts(found["emails"])["type"]["canonicalValues"] == ["work", "home", "other"]


@pytest.mark.parametrize(("ref", "kinds"), [('"user"', ["User"]), ('["user", "group"]', ["User", "Group"])])
def test_a_group_says_that_its_name_is_unique_and_who_may_be_in_it(ref: str, kinds: list[str]) -> None:
    group = f'[group]\nanchor = "id"\n[group.map]\ndisplayName = "cn"\n[group.members]\nattr = "member"\nref = {ref}\n'
    found = attributes(mapping_of('[user]\nanchor = "id"\n[user.map]\nuserName = "uid"\n' + group)
                       .resources["Group"].schema_documents)  # fmt: skip
    assert found["displayName"]["uniqueness"] == "server", "a second one of that name is 409"
    assert parts(found["members"])["type"]["canonicalValues"] == kinds
    assert parts(found["members"])["$ref"]["referenceTypes"] == kinds
    free = attributes(
        mapping_of(group.replace('"cn"', '{ attr = "cn", unique = false }')).resources["Group"].schema_documents
    )
    assert free["displayName"]["uniqueness"] == "none"


def test_o7_another_name_is_advertised_as_such() -> None:
    alias = attributes(USER.schema_documents)["department"]
    assert (alias["mutability"], alias["returned"]) == ("writeOnly", "never")
    assert f"{ENTERPRISE}:department" in alias["description"]
    assert USER.attributes.canonical("department") == f"{ENTERPRISE}:department"


def test_the_resource_type_names_the_extensions() -> None:
    assert USER.extensions == (ENTERPRISE,)
    assert USER.resource_type["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    bare = user_of('userName = "uid"')
    assert bare.extensions == ()
    assert len(bare.schema_documents) == 1


def test_s4_a_declared_attribute_of_the_core_schema() -> None:
    user = mapping_of(
        """
[schema.User.secodaRole]
urn = "urn:ietf:params:scim:schemas:core:2.0:User"
type = "string"
canonical = ["Viewer", "Editor"]
description = "Role in the application"
[user]
anchor = "id"
[user.map]
secodaRole = "role"
"""
    ).resources["User"]
    assert attributes(user.schema_documents)["secodaRole"]["canonicalValues"] == ["Viewer", "Editor"]
    assert user.attributes.canonical("urn:ietf:params:scim:schemas:core:2.0:User:SECODAROLE") == "secodaRole"
    assert user.plan_create({"secodaRole": "Viewer"}).attributes == {"role": ("Viewer",)}


def test_a_resource_type_of_ones_own() -> None:
    mapping = mapping_of(
        """
[schema.Device.serial]
type = "string"
required = true
mutability = "immutable"
uniqueness = "server"
case_exact = true
[schema.Device.secret]
type = "string"
mutability = "writeOnly"
returned = "never"
[schema.Device.ports]
type = "complex"
multi_valued = true
[schema.Device.ports.sub_attributes.value]
type = "integer"
[schema.Device.ports.sub_attributes.type]
type = "string"
[resource.Device]
schema = "urn:example:2.0:Device"
endpoint = "/Devices"
anchor = "id"
[resource.Device.map]
serial = "serial"
secret = "secret"
'ports[type eq "http"].value' = "http"
"""
    )
    device = mapping.resources["Device"]
    found = attributes(device.schema_documents)
    assert found["serial"]["mutability"] == "immutable"
    assert found["serial"]["required"] is True
    assert found["secret"]["returned"] == "never"
    assert set(parts(found["ports"])) == {"value", "type"}
    assert device.resource_type["endpoint"] == "/Devices"
    assert device.unique == ("serial",)
    made = device.plan_create({"serial": "7", "ports": [{"type": "http", "value": "80"}]})
    assert made.attributes == {"serial": ("7",), "http": (80,)}


@pytest.mark.parametrize("name", presets())
def test_the_documents_are_valid_for_the_library(name: str) -> None:
    mapping: Mapping = compile_mapping(load(name))
    for resource in mapping.resources.values():
        for document in resource.schema_documents:
            Schema.model_validate(document)
        ResourceType.model_validate(resource.resource_type)


def test_the_whole_of_rfc_7643_is_in_the_embedded_preset() -> None:
    user = compile_mapping(load("embedded")).resources["User"]
    found = attributes(user.schema_documents)
    assert {"name", "emails", "photos", "x509Certificates", "groups", "ims", "entitlements"} <= set(found)
    assert set(attributes(user.schema_documents, 1)) == {
        "employeeNumber", "costCenter", "organization", "division", "department", "manager"
    }  # fmt: skip


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(MappingError) as refused:
        user_of(
            """
usrName = "uid"
title = { attr = "t", via = ["lowr"] }
nickName = { attr = "n", when = 'kind eq "x"' }
locale = { attr = "l", when = 'userName eq' }
displayName = { attr = "d", ref = "usr" }
timezone = { attr = "z", via = ["local_part"] }
name = "n"
""",
            '[user.set]\ncn = { template = "{nam.givenName} {" }\nou = { template = "{name.givenName" }\n',
        )
    text = "\n".join(message.text for message in refused.value.messages)
    for words in (
        "'usrName' is not an attribute of User; did you mean 'userName'?",
        "unknown step 'lowr'; did you mean 'lower'?",
        "no schema has 'kind'",
        "is not a SCIM filter",
        "there is no resource type 'usr'; did you mean 'User'?",
        "step 'local_part' cannot be read backwards",
        "name is complex",
        "'nam' is not an attribute of User; did you mean 'name'?",
        "a single '{'",
    ):
        assert words in text, text


def test_the_digest_follows_the_meaning() -> None:
    digests = [
        mapping_of(f'[user]\nanchor = "id"\n[user.map]\n{row}\n').digest
        for row in ('userName = "uid"', '# moved\nuserName = "uid"', 'userName = "login"')
    ]
    assert digests[0] == digests[1] != digests[2]
