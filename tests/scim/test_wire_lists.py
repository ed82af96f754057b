"""Lists on the wire: filter, sort, paging, cursors, ``.search`` (RFC 7644 §3.4, RFC 9865)."""

from pathlib import Path
from typing import Any

import pytest

from tests.scim.wire import ENTERPRISE, USER, Wire, fails, wire

pytestmark = pytest.mark.anyio
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


async def names(client: Wire, **params: Any) -> list[str]:
    response = await client.get("/Users", params=params)
    assert response.status_code == 200, response.text
    return [user["userName"] for user in response.json()["Resources"]]


async def people(client: Wire) -> None:
    await client.user(
        "ann", title="Boss", emails=[{"value": "ann@x", "type": "work"}], **{ENTERPRISE: {"department": "IT"}}
    )
    await client.user("bob", active=False, roles=[{"value": "admin", "primary": True}])
    await client.user("Cid", name={"familyName": "Zet"}, externalId="E-1")


async def test_an_empty_list(tolerant: Wire) -> None:
    response = await tolerant.get("/Users", params={"filter": 'userName eq "3f9d2c"'})
    assert response.status_code == 200
    assert response.json() == {
        "schemas": [LIST],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('userName eq "ANN"', ["ann"]),
        ('emails eq "ann@x"', ["ann"]),
        ('email eq "ann@x"', ["ann"]),
        ('emails.value eq "ann@x"', ["ann"]),
        ('emails[type eq "work"].value eq "ann@x"', ["ann"]),
        ('emails[type eq "work" and value co "@x"]', ["ann"]),
        ('externalId eq "E-1"', ["Cid"]),
        ('externalId eq "e-1"', []),
        ('active eq "False"', ["bob"]),
        ("active eq false", ["bob"]),
        ('roles[primary eq "True"].value eq "admin"', ["bob"]),
        (f'{USER}:userName eq "bob"', ["bob"]),
        (f'{ENTERPRISE}:department eq "it"', ["ann"]),
        ('department eq "IT"', ["ann"]),
        ("userName sw A", ["ann"]),
        ('not (userName eq "ann") and active eq true', ["Cid"]),
        ('title pr or name.familyName sw "z"', ["Cid", "ann"]),
        ("meta.created gt 2011-05-13T04:42:34Z", ["Cid", "ann", "bob"]),
        ('userName eq "*"', []),
        ('userName eq "%"', []),
        ('userName co "%"', []),
        ('userName eq "a)(uid=*"', []),
        ('userName eq "\\" or userName pr"', []),
        ('userName eq "\\\\"', []),
        ('id eq "x" and manager eq "y"', []),
    ],
)
async def test_filters_find_what_they_mean(tolerant: Wire, text: str, found: list[str]) -> None:
    await people(tolerant)
    response = await tolerant.get("/Users", params={"filter": text})
    assert response.status_code == 200, response.text
    assert sorted(user["userName"] for user in response.json()["Resources"]) == found
    assert response.json()["totalResults"] == len(found)


@pytest.mark.parametrize(
    "text",
    [
        'nope eq "x"',
        "userName",
        "active gt true",
        'active co "t"',
        "userName eq",
        'userName eq "',
        'userName eq "\x00"',
        'userName eq "\\u0000"',
        "((((",
        'emails[nope eq "x"]',
        "urn:x:y:z eq 1",
        'name.nope eq "x"',
    ],
)
async def test_what_is_no_filter_is_invalid_filter(tolerant: Wire, text: str) -> None:
    fails(await tolerant.get("/Users", params={"filter": text}), 400, "invalidFilter")
    fails(await tolerant.send("POST", "/Users/.search", {"schemas": [SEARCH], "filter": text}), 400, "invalidFilter")


@pytest.mark.parametrize("path", ["/Users/?filter=", "/Users?filter="])
async def test_an_empty_filter_is_none(tolerant: Wire, strict: Wire, path: str) -> None:
    await tolerant.user()
    assert (await tolerant.get(path)).json()["totalResults"] == 1
    fails(await strict.get(path), 400, "invalidFilter")


async def test_strict_has_no_bare_literals(strict: Wire) -> None:
    fails(await strict.get("/Users", params={"filter": "userName sw O"}), 400, "invalidFilter")
    fails(await strict.get("/Users", params={"filter": 'active eq "True"'}), 400, "invalidFilter")
    fails(await strict.get("/Users", params={"filter": 'email eq "x"'}), 400, "invalidFilter")


@pytest.mark.parametrize("query", [b"filter=%ff", b"filter=userName+eq+%22%c3%28%22", b"%ff=1"])
async def test_a_query_that_is_no_utf_8_is_400(tolerant: Wire, query: bytes) -> None:
    fails(await tolerant.get("/Users?" + query.decode()), 400, "invalidSyntax")


async def test_stray_percent_signs_are_text(tolerant: Wire) -> None:
    await tolerant.user("100%")
    response = await tolerant.get("/Users?filter=userName+eq+%22100%%22")
    assert response.json()["totalResults"] == 1


@pytest.mark.parametrize(
    ("params", "found", "start"),
    [
        ({"count": 2}, ["Cid", "ann"], 1),
        ({"count": 2, "startIndex": 3}, ["bob"], 3),
        ({"startIndex": 0, "count": 1}, ["Cid"], 1),
        ({"startIndex": -5, "count": 1}, ["Cid"], 1),
        ({"startIndex": 9}, [], 9),
        ({"count": 0}, [], 1),
        ({"count": -1}, [], 1),
        ({"count": 1_000_000}, ["Cid", "ann", "bob"], 1),
    ],
)
async def test_pages_by_index(tolerant: Wire, params: dict[str, int], found: list[str], start: int) -> None:
    await people(tolerant)
    body = (await tolerant.get("/Users", params={**params, "sortBy": "userName"})).json()
    listed = [user["userName"] for user in body["Resources"]]
    assert sorted(listed, key=str.lower) == listed
    assert (body["totalResults"], body["itemsPerPage"], body["startIndex"]) == (3, len(found), start)
    assert len(listed) == len(found)


async def test_pages_are_bounded(tmp_path: Path) -> None:
    async with wire(tmp_path, page=2, max_page=3) as client:
        for number in range(5):
            await client.user(f"u{number}")
        assert len(await names(client)) == 2
        assert len(await names(client, count=100)) == 3
        assert (await client.get("/ServiceProviderConfig")).json()["filter"]["maxResults"] == 3


@pytest.mark.parametrize(
    "params",
    [
        {"count": "x"},
        {"startIndex": "x"},
        {"sortOrder": "sideways", "sortBy": "userName"},
        {"cursor": "", "startIndex": "1"},
    ],
)
async def test_parameters_of_a_wrong_type_are_400(tolerant: Wire, params: dict[str, str]) -> None:
    fails(await tolerant.get("/Users", params=params), 400, "invalidValue")


async def test_sorting(tolerant: Wire) -> None:
    await people(tolerant)
    assert await names(tolerant, sortBy="userName") == ["ann", "bob", "Cid"]
    assert await names(tolerant, sortBy="USERNAME", sortOrder="DESCENDING") == ["Cid", "bob", "ann"]
    assert (await names(tolerant, sortBy="title"))[0] == "ann"
    assert (await names(tolerant, sortBy="title", sortOrder="descending"))[-1] == "ann"
    fails(await tolerant.get("/Users", params={"sortBy": "nope"}), 400, "invalidPath")
    fails(await tolerant.get("/Users", params={"sortBy": "password"}), 400, "invalidPath")


async def test_sorting_can_be_off(tmp_path: Path) -> None:
    async with wire(tmp_path, sort=False) as client:
        fails(await client.get("/Users", params={"sortBy": "userName"}), 501)
        assert (await client.get("/ServiceProviderConfig")).json()["sort"] == {"supported": False}


async def test_search_by_post(tolerant: Wire) -> None:
    await people(tolerant)
    for schemas in ([SEARCH], ["urn:wrong"], None):
        body = {
            "filter": 'userName eq "ann"',
            "attributes": ["title"],
            "count": 5,
            **({"schemas": schemas} if schemas else {}),
        }
        found = (await tolerant.send("POST", "/Users/.search", body)).json()
        assert found["totalResults"] == 1
        assert set(found["Resources"][0]) == {"schemas", "id", "title"}


async def test_strict_search_wants_its_schemas(strict: Wire) -> None:
    fails(await strict.send("POST", "/Users/.search", {"schemas": ["urn:wrong"]}), 400, "invalidSyntax")


async def test_the_root_searches_every_type(tolerant: Wire) -> None:
    user = await tolerant.user("ann", displayName="Team")
    group = await tolerant.group("Team")
    for response in (
        await tolerant.get("/", params={"filter": 'displayName eq "team"'}),
        await tolerant.get("", params={"filter": 'displayName eq "team"'}),
        await tolerant.send("POST", "/.search", {"schemas": [SEARCH], "filter": 'displayName eq "team"'}),
    ):
        body = response.json()
        assert {each["id"] for each in body["Resources"]} == {user["id"], group["id"]}
        assert {each["meta"]["resourceType"] for each in body["Resources"]} == {"User", "Group"}
    only = (await tolerant.get("/", params={"filter": 'userName eq "ann"'})).json()
    assert [each["id"] for each in only["Resources"]] == [user["id"]]
    fails(await tolerant.get("/", params={"filter": 'nope eq "x"'}), 400, "invalidFilter")


async def test_what_a_list_shows(tolerant: Wire) -> None:
    await people(tolerant)
    shown = (await tolerant.get("/Users?attributes=userName&count=1")).json()["Resources"][0]
    assert set(shown) == {"schemas", "id", "userName"}
    hidden = (
        await tolerant.get("/Users", params={"excludedAttributes": "userName,meta.version", "count": "1"})
    ).json()["Resources"][0]
    assert "userName" not in hidden
    assert "version" not in hidden["meta"]


# -- cursors ------------------------------------------------------------------------


async def test_a_walk_by_cursor_sees_everyone_once(tolerant: Wire) -> None:
    for number in range(7):
        await tolerant.user(f"u{number}")
    seen: list[str] = []
    params: dict[str, Any] = {"cursor": "", "count": 3}
    pages = 0
    while True:
        body = (await tolerant.get("/Users", params=params)).json()
        seen += [user["userName"] for user in body["Resources"]]
        assert "startIndex" not in body
        pages += 1
        if "nextCursor" not in body:
            break
        params["cursor"] = body["nextCursor"]
    assert pages == 3
    assert sorted(seen) == [f"u{number}" for number in range(7)]


async def test_cursors_are_sealed(tolerant: Wire) -> None:
    for number in range(3):
        await tolerant.user(f"u{number}")
    cursor = (await tolerant.get("/Users", params={"cursor": "", "count": 1})).json()["nextCursor"]
    forged = ("A" if cursor[-5] != "A" else "B").join([cursor[:-5], cursor[-4:]])
    fails(await tolerant.get("/Users", params={"cursor": forged, "count": 1}), 400, "invalidCursor")
    fails(await tolerant.get("/Users", params={"cursor": "nonsense", "count": 1}), 400, "invalidCursor")
    fails(await tolerant.get("/Users", params={"cursor": "§", "count": 1}), 400, "invalidCursor")
    fails(await tolerant.get("/Users", params={"cursor": cursor, "count": 2}), 400, "invalidCount")
    fails(
        await tolerant.get("/Users", params={"cursor": cursor, "count": 1, "filter": "active eq true"}),
        400,
        "invalidCursor",
    )
    fails(await tolerant.get("/Groups", params={"cursor": cursor, "count": 1}), 400, "invalidCursor")


async def test_cursors_expire(tmp_path: Path) -> None:
    async with wire(tmp_path, cursor_timeout=1) as client:
        for number in range(3):
            await client.user(f"u{number}")
        cursor = (await client.get("/Users", params={"cursor": "", "count": 1})).json()["nextCursor"]
        sealed = client.endpoint.service._cursors
        assert sealed is not None
        opened = sealed.open(cursor, *_query(client), None)
        assert opened is not None
        response = await client.get("/Users", params={"cursor": _aged(sealed, client, opened), "count": 1})
        fails(response, 400, "expiredCursor")


def _query(client: Wire) -> tuple[str, int]:
    service = client.endpoint.service
    listed = service.listed([service.get_resource_type("User")], {"cursor": "", "count": 1})
    return service._query_digest(list(listed.types), listed.request), 1


def _aged(sealed: Any, client: Wire, position: Any) -> str:
    """The same cursor, sealed an hour ago."""
    import scim2_server.cursor as module

    now = module.time.time
    try:
        module.time.time = lambda: now() - 3600  # type: ignore[assignment]
        return str(sealed.seal(*_query(client), position))
    finally:
        module.time.time = now
