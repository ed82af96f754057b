"""What the gateway says of itself (RFC 7643 §5-§7, RFC 7644 §4): exactly what mapping and settings do."""

from pathlib import Path

import pytest
from scim2_models import ResourceType, Schema, ServiceProviderConfig

from tests.scim.wire import BASE, ENTERPRISE, GROUP, PATH, USER, Wire, fails, wire

pytestmark = pytest.mark.anyio
ROOT = f"{BASE}{PATH}"


async def test_the_service_provider_config(tolerant: Wire) -> None:
    response = await tolerant.get("/ServiceProviderConfig?filter=x&count=1")
    body = response.json()
    assert response.status_code == 200
    assert response.headers["Content-Location"] == body["meta"]["location"] == f"{ROOT}/ServiceProviderConfig"
    ServiceProviderConfig.model_validate(body)
    supported = {
        name: body[name]["supported"] for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag")
    }
    assert set(supported.values()) == {True}
    assert body["pagination"] == {
        "cursor": True, "index": True, "defaultPaginationMethod": "index",
        "defaultPageSize": 100, "maxPageSize": 1000, "cursorTimeout": 3600,
    }  # fmt: skip


async def test_what_is_off_is_advertised_as_off(tmp_path: Path) -> None:
    async with wire(tmp_path, bulk=False, sort=False, etag=False) as client:
        body = (await client.get("/ServiceProviderConfig")).json()
        assert body["bulk"] == {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}
        assert (body["sort"], body["etag"]) == ({"supported": False}, {"supported": False})
        created = await client.user()
        response = await client.get(f"/Users/{created['id']}", headers={"If-None-Match": "*"})
        assert "version" not in created["meta"]
        assert "ETag" not in response.headers
        fails(await client.send("POST", "/Bulk", {"schemas": [], "Operations": []}), 501)


async def test_resource_types(tolerant: Wire) -> None:
    body = (await tolerant.get("/ResourceTypes")).json()
    assert (body["totalResults"], body["itemsPerPage"]) == (2, 2)
    user, group = body["Resources"]
    assert (user["name"], user["endpoint"], user["schema"]) == ("User", "/Users", USER)
    assert user["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    assert (group["name"], group["endpoint"], group["schema"]) == ("Group", "/Groups", GROUP)
    one = await tolerant.get("/ResourceTypes/User")
    assert one.json() == user
    assert one.headers["Content-Location"] == user["meta"]["location"] == f"{ROOT}/ResourceTypes/User"
    ResourceType.model_validate(user)


async def test_schemas(tolerant: Wire) -> None:
    body = (await tolerant.get("/Schemas")).json()
    assert {schema["id"] for schema in body["Resources"]} == {USER, GROUP, ENTERPRISE}
    for schema in body["Resources"]:
        Schema.model_validate(schema)
        assert (await tolerant.get(f"/Schemas/{schema['id']}")).json() == schema
        assert (await tolerant.get(f"/Schemas/{schema['id'].upper()}")).json() == schema
        assert schema["meta"] == {"resourceType": "Schema", "location": f"{ROOT}/Schemas/{schema['id']}"}


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes"])
async def test_a_filter_on_discovery_is_403(tolerant: Wire, path: str) -> None:
    fails(await tolerant.get(path, params={"filter": 'id eq "x"'}), 403)


@pytest.mark.parametrize("path", ["/Schemas/urn:nope", "/ResourceTypes/Nope", "/ResourceTypes/user/x"])
async def test_unknown_discovery_is_404(tolerant: Wire, path: str) -> None:
    fails(await tolerant.get(path), 404)
