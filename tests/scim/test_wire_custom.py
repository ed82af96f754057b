"""Resource types and names from a mapping file: every type, mutability and returned value; aliases; refusing groups."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.scim.wire import ENTERPRISE, GROUP, USER, Wire, fails, wire

pytestmark = pytest.mark.anyio
WIDGET = "urn:example:params:scim:schemas:Widget"
MAPPING = str(Path(__file__).with_name("widgets.toml"))
WHOLE: dict[str, Any] = {
    "label": "W-1", "colour": "red", "enabled": True, "weight": 1.5, "size": 3, "built": "2011-05-13T04:42:34Z",
    "photo": "YQ==", "home": "https://example.com/w", "tags": ["a", "b"], "serial": "S1",
    "maker": {"name": "Acme", "city": "Ulm"}, "parts": [{"value": "p1", "type": "gear", "primary": True}],
}  # fmt: skip


@pytest.fixture
async def custom(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Wire]:
    async with wire(tmp_path, MAPPING) as client:
        yield client


async def widget(client: Wire, **changes: Any) -> dict[str, Any]:
    response = await client.send(
        "POST", "/Widgets", {"schemas": [WIDGET], **WHOLE, "secret": "s", "notes": "n", **changes}
    )
    assert response.status_code == 201, response.text
    return dict(response.json())


async def test_every_type_is_returned_as_it_was_sent(custom: Wire) -> None:
    created = await widget(custom)
    assert {name: created[name] for name in WHOLE} == WHOLE
    assert created["status"] == "new"
    assert not {"secret", "notes"} & set(created)
    assert await custom.read("Widgets", created["id"]) == created


async def test_what_is_returned_on_request(custom: Wire) -> None:
    created = await widget(custom)
    shown = (await custom.get(f"/Widgets/{created['id']}?attributes=notes,secret")).json()
    assert (shown["notes"], shown["label"]) == ("n", "W-1")
    assert set(shown) == {"schemas", "id", "notes", "label"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("label", 5),
        ("label", ""),
        ("enabled", "perhaps"),
        ("weight", "heavy"),
        ("weight", True),
        ("size", 1.5),
        ("size", "3"),
        ("size", True),
        ("built", "yesterday"),
        ("built", "2011-05-13"),
        ("photo", 5),
        ("home", 5),
        ("tags", [1]),
        ("maker", "Acme"),
        ("parts", [{"value": 1}]),
        ("parts", [{"value": "a", "primary": True}, {"value": "b", "primary": True}]),
    ],
)
async def test_a_wrong_value_is_400(custom: Wire, name: str, value: Any) -> None:
    fails(await custom.send("POST", "/Widgets", {"schemas": [WIDGET], **WHOLE, name: value}), 400, "invalidValue")
    created = await widget(custom)
    fails(
        await custom.send("PUT", f"/Widgets/{created['id']}", {"schemas": [WIDGET], **WHOLE, name: value}),
        400,
        "invalidValue",
    )
    patch = await custom.patch(f"/Widgets/{created['id']}", {"op": "replace", "path": name, "value": value})
    fails(patch, 400, "mutability" if value == "" else "invalidValue")
    assert await custom.read("Widgets", created["id"]) == created


async def test_read_only_is_ignored_in_bodies_and_refused_as_a_path(custom: Wire) -> None:
    created = await widget(custom, status="mine")
    assert created["status"] == "new"
    put = await custom.send("PUT", f"/Widgets/{created['id']}", {"schemas": [WIDGET], **WHOLE, "status": "mine"})
    assert (put.status_code, put.json()["status"]) == (200, "new")
    fails(
        await custom.patch(f"/Widgets/{created['id']}", {"op": "replace", "path": "status", "value": "x"}),
        400,
        "mutability",
    )


async def test_immutable_is_set_once(custom: Wire) -> None:
    created = await widget(custom)
    path = f"/Widgets/{created['id']}"
    fails(await custom.send("PUT", path, {"schemas": [WIDGET], **WHOLE, "serial": "S2"}), 400, "mutability")
    fails(await custom.patch(path, {"op": "replace", "path": "serial", "value": "S2"}), 400, "mutability")
    fails(await custom.patch(path, {"op": "remove", "path": "serial"}), 400, "mutability")
    assert (await custom.patch(path, {"op": "replace", "path": "serial", "value": "S1"})).status_code == 200
    assert (await custom.send("PUT", path, {"schemas": [WIDGET], **WHOLE})).status_code == 200
    without = {name: value for name, value in WHOLE.items() if name != "serial"}
    assert (await custom.send("PUT", path, {"schemas": [WIDGET], **without})).json()["serial"] == "S1"


async def test_immutable_may_be_added_where_it_is_missing(custom: Wire) -> None:
    created = await widget(custom, serial=None)
    response = await custom.patch(f"/Widgets/{created['id']}", {"op": "add", "path": "serial", "value": "S9"})
    assert (response.status_code, response.json()["serial"]) == (200, "S9")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('label eq "W-1"', 1),
        ('label eq "w-1"', 0),
        ('colour eq "RED"', 1),
        ("size gt 2", 1),
        ("size gt 3", 0),
        ("weight le 1.5", 1),
        ("enabled eq true", 1),
        ('built lt "2012-01-01T00:00:00Z"', 1),
        ('tags eq "a"', 1),
        ('tags eq "c"', 0),
        ('maker.city eq "ulm"', 1),
        ('parts[type eq "gear" and primary eq "true"]', 1),
        ('parts.value eq "p2"', 0),
        ('home sw "https"', 1),
        ('status eq "new"', 1),
    ],
)
async def test_every_type_is_filtered(custom: Wire, text: str, number: int) -> None:
    await widget(custom)
    response = await custom.get("/Widgets", params={"filter": text})
    assert response.json()["totalResults"] == number, response.text


@pytest.mark.parametrize(
    "text", ["size gt true", 'size eq "x"', "enabled gt false", 'photo gt "a"', 'maker.nope eq "x"', "weight eq false"]
)
async def test_comparisons_that_a_type_does_not_have(custom: Wire, text: str) -> None:
    fails(await custom.get("/Widgets", params={"filter": text}), 400, "invalidFilter")


async def test_value_paths_of_declared_types(custom: Wire) -> None:
    created = await widget(custom, parts=[])
    path = f"/Widgets/{created['id']}"
    made = await custom.patch(path, {"op": "add", "path": 'parts[type eq "SCREW"].value', "value": "p9"})
    assert made.json()["parts"] == [{"type": "screw", "value": "p9"}]
    fails(
        await custom.patch(path, {"op": "add", "path": 'parts[type eq "wing"].value', "value": "p9"}), 400, "noTarget"
    )


async def test_it_is_discovered(custom: Wire) -> None:
    types = (await custom.get("/ResourceTypes")).json()["Resources"]
    assert {each["name"] for each in types} == {"User", "Group", "Widget"}
    assert (await custom.get("/ResourceTypes/Widget")).json()["endpoint"] == "/Widgets"
    schema = (await custom.get(f"/Schemas/{WIDGET}")).json()
    facts = {each["name"]: each for each in schema["attributes"]}
    assert (facts["label"]["required"], facts["label"]["returned"], facts["label"]["caseExact"]) == (
        True,
        "always",
        True,
    )
    assert (facts["serial"]["mutability"], facts["secret"]["mutability"], facts["status"]["mutability"]) == (
        "immutable",
        "writeOnly",
        "readOnly",
    )
    assert (await custom.get("/ServiceProviderConfig")).json()["changePassword"] == {"supported": False}


# -- names an IdP may use, and what is not mapped ------------------------------------


async def test_s1_other_names_in_bodies_and_filters(custom: Wire) -> None:
    response = await custom.send(
        "POST", "/Users", {"schemas": [USER], "login": "ann", "mail": "ann@x", "department": "IT"}
    )
    body = response.json()
    assert (body["userName"], body["emails"], body[ENTERPRISE]) == (
        "ann",
        [{"type": "work", "value": "ann@x"}],
        {"department": "IT"},
    )
    assert not {"login", "mail", "department"} & set(body)
    for text in ('login eq "ANN"', 'mail eq "ann@x"', 'department eq "it"', 'email eq "ann@x"'):
        assert (await custom.get("/Users", params={"filter": text})).json()["totalResults"] == 1, text


async def test_h6_what_is_not_mapped_is_accepted_and_ignored(custom: Wire) -> None:
    sent = {
        "schemas": [USER, ENTERPRISE],
        "userName": "ann",
        "title": "T",
        "nickName": "n",
        "externalId": "e",
        "name": {"givenName": "A", "middleName": "M"},
        ENTERPRISE: {"costCenter": "7", "manager": {"value": "x"}},
    }
    response = await custom.send("POST", "/Users", sent)
    assert response.status_code == 201
    assert not {"title", "nickName", ENTERPRISE} & set(response.json())
    id = response.json()["id"]
    for operation in (
        {"op": "Add", "path": "title", "value": "T"},
        {"op": "Replace", "path": "name.middleName", "value": "M"},
        {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "1"},
        {"op": "Remove", "path": "nickName"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "7"},
        {"op": "replace", "value": {"title": "x", "nickName": "y"}},
    ):
        assert (await custom.patch(f"/Users/{id}", operation)).status_code == 200, operation
    fails(await custom.patch(f"/Users/{id}", {"op": "replace", "path": "tittle", "value": "x"}), 400, "invalidPath")


async def test_strict_refuses_what_is_not_mapped(tmp_path: Path) -> None:
    async with wire(tmp_path, MAPPING, dialect="strict") as client:
        fails(
            await client.send("POST", "/Users", {"schemas": [USER], "userName": "x", "title": "T"}),
            400,
            "invalidSyntax",
        )
        user = await client.user("ann")
        fails(
            await client.patch(f"/Users/{user['id']}", {"op": "add", "path": "title", "value": "T"}), 400, "invalidPath"
        )


async def test_p6_an_unknown_member_is_400_naming_it(custom: Wire) -> None:
    user = await custom.user("ann")
    group = await custom.group("Team", members=[{"value": user["id"]}])
    operation = {"op": "add", "path": "members", "value": [{"value": "no-such-id"}]}
    response = await custom.patch(f"/Groups/{group['id']}", operation)
    fails(response, 400, "invalidValue")
    assert "no-such-id" in response.json()["detail"]
    posted = await custom.send(
        "POST", "/Groups", {"schemas": [GROUP], "displayName": "X", "members": [{"value": "dc=x"}]}
    )
    fails(posted, 400, "invalidValue")
    assert (await custom.get("/Groups")).json()["totalResults"] == 1


async def test_h14_without_a_group_section_there_is_no_group(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    file.write_text(
        'format = 1\ntarget = "memory"\n[user]\nanchor = "id"\n[user.map]\n'
        'userName = { attr = "login", required = true }\n'
    )
    async with wire(tmp_path, str(file), bulk=False) as client:
        assert [each["name"] for each in (await client.get("/ResourceTypes")).json()["Resources"]] == ["User"]
        assert [each["id"] for each in (await client.get("/Schemas")).json()["Resources"]] == [USER]
        fails(await client.get("/Groups"), 404)
        fails(await client.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "x"}), 404)
        config = (await client.get("/ServiceProviderConfig")).json()
        assert (config["bulk"]["supported"], config["changePassword"]["supported"]) == (False, False)
