"""The players of published suites do what their files say (docs/explanation/conformance.md), and see what is wrong."""

import json
from pathlib import Path
from typing import Any

from tests.http.served import served
from tests.suites import okta_files, postman


def step(method: str, url: str, *assertions: tuple[str, str | None, str, str], **more: Any) -> dict[str, Any]:
    names = ("source", "property", "comparison", "value")
    asserted = [dict(zip(names, each, strict=True)) for each in assertions]
    headers = {"Authorization": ["{{auth}}"]}
    own = {"step_type": "request", "note": f"{method} {url}", "variables": [], "headers": headers}
    return {**own, "method": method, "url": url, "assertions": asserted, **more}


def test_a_file_of_okta_is_played_through_the_stand_in(tmp_path: Path) -> None:
    person = {"firstName": "{{okta_user_firstname}}", "lastName": "Lee", "email": "{{okta_user_email}}"}
    found = [{"name": "scim_id", "property": "Resources[0].id", "source": "response_json"}]
    status, ok = "response_status", ("equal_number", "200")
    steps = [
        {"step_type": "pause"},
        step("POST", "{{oktaOrgUrl}}/api/v1/users?activate=true", body=json.dumps({"profile": person})),
        step("POST", "{{oktaOrgUrl}}/api/v1/apps/{{oktaAppId}}/users", (status, None, *ok)),
        step("GET", '{{SCIMUrl}}/Users?filter=userName eq "{{okta_user_email}}"', (status, None, *ok), variables=found),
        step("DELETE", "{{oktaOrgUrl}}/api/v1/apps/a/users/u", (status, None, "equal_number", "204")),
        step("GET", "{{SCIMUrl}}/Users/{{scim_id}}", ("response_json", "active", "equal", "false")),
        step("GET", "{{SCIMUrl}}/Users/{{scim_id}}", ("response_json", "active", "equal", "true")),
    ]
    file = tmp_path / "file.json"
    file.write_text(json.dumps({"steps": steps}))
    with served(tmp_path) as gateway:
        number, failed = okta_files.play(file, gateway.url, gateway.token)
    assert number == 5
    assert failed == ["GET {{SCIMUrl}}/Users/{{scim_id}}: active equal true: False"]


def test_a_collection_gets_address_and_token() -> None:
    collection = {
        "variable": [{"key": "Port", "value": ":1"}, {"key": "kept", "value": "x"}],
        "item": [
            {"name": "Get Token", "request": {"url": "https://login"}},
            {"name": "all", "item": [{"name": "a", "request": {"url": {"raw": "https://{{endpoint}}/scim/Users"}}}]},
            {"name": "b", "request": {"url": {"raw": "{{Protocol}}://{{Server}}{{Port}}/{{Api}}"}, "auth": {}}},
        ],
    }
    made = postman.ready(collection, "http://127.0.0.1:8080/scim/v2", "secret")
    assert [item["name"] for item in made["item"]] == ["all", "b"]
    assert made["item"][0]["item"][0]["request"]["url"] == "http://127.0.0.1:8080/scim/v2/Users"
    assert made["item"][1]["request"] == {"url": {"raw": "{{Protocol}}://{{Server}}{{Port}}/{{Api}}"}}
    assert made["auth"]["bearer"][0]["value"] == "secret"
    assert {each["key"]: each["value"] for each in made["variable"]} == {
        "kept": "x", "Protocol": "http", "Server": "127.0.0.1", "Port": ":8080", "Api": "scim/v2",
    }  # fmt: skip
