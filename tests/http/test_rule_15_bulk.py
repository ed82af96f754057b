"""Semantics, rule 15: bulk is not a transaction; each operation is limited, held and audited alone."""

import itertools
from typing import Any

import pytest

from gateway.scim.settings import Rate
from tests.http.conftest import House, house
from tests.scim.wire import BULK, PATCH, USER

pytestmark = pytest.mark.anyio


_numbers = itertools.count()


def creation(name: str) -> dict[str, Any]:
    return {
        "method": "POST",
        "path": "/Users",
        "bulkId": f"b{next(_numbers)}",
        "data": {"schemas": [USER], "userName": name},
    }


async def bulk(home: House, *operations: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = await home.send("POST", "/scim/v2/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["Operations"]
    return found


async def names(home: House) -> set[str]:
    found = (await home.send("GET", "/scim/v2/Users")).json()
    return {each["userName"] for each in found["Resources"]}


async def test_rule_15_what_succeeded_stands_though_a_neighbour_failed(home: House) -> None:
    done = await bulk(home, creation("ann"), creation("ann"), creation("bob"))
    assert [each["status"] for each in done] == ["201", "409", "201"]
    assert done[1]["response"]["scimType"] == "uniqueness"
    assert await names(home) == {"ann", "bob"}


async def test_rule_15_after_fail_on_errors_what_was_done_stays_done(home: House) -> None:
    done = await bulk(home, creation("ann"), creation("ann"), creation("bob"), failOnErrors=1)
    assert [each["status"] for each in done] == ["201", "409"]
    assert await names(home) == {"ann"}


async def test_rule_15_each_operation_is_limited_alone() -> None:
    async with house({"okta": {"path": "/scim/v2", "writes": Rate(2, 3600)}}) as home:
        done = await bulk(home, creation("ann"), creation("bob"), creation("cid"))
        assert [each["status"] for each in done] == ["201", "201", "429"]
        gone = {"method": "DELETE", "path": done[0]["location"].removeprefix("http://scim.test/scim/v2")}
        off = {
            "method": "PATCH",
            "path": done[1]["location"].removeprefix("http://scim.test/scim/v2"),
            "data": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]},
        }
        assert [each["status"] for each in await bulk(home, gone, off, creation("dan"))] == ["204", "200", "429"]


async def test_rule_15_each_operation_is_audited_alone(home: House) -> None:
    await bulk(home, creation("ann"), creation("ann"), creation("bob"))
    lines = await home.ledger.audit(connection="okta")
    assert sorted((line.operation, line.outcome) for line in lines) == [
        ("create", "done"),
        ("create", "done"),
        ("create", "refused"),
    ]
    assert len({line.request_id for line in lines}) == 1, "one request, and each of its operations says so"
