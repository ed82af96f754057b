"""What the clients of these tests say, in SCIM."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.process import Answer, Process

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Request = tuple[str, str, Any]


def person(scene: str, name: str, **more: Any) -> Request:
    """POST of a user."""
    body = {"userName": f"{name}@{scene}.example", "externalId": f"{scene}-{name}", "name": {"familyName": "Lee"}}
    return "POST", "/Users", {"schemas": [USER], "active": True, **body, **more}


def team(scene: str, name: str, *members: str) -> Request:
    """POST of a group."""
    body = {"displayName": f"{name} of {scene}", "members": [{"value": id} for id in members]}
    return "POST", "/Groups", {"schemas": [GROUP], **body}


def patch(id: str, **values: Any) -> Request:
    """PATCH of a user's attributes."""
    return "PATCH", f"/Users/{id}", {"schemas": [PATCH], "Operations": [{"op": "replace", "value": values}]}


def join(group: str, *members: str) -> Request:
    """PATCH that adds members."""
    operation = {"op": "add", "path": "members", "value": [{"value": id} for id in members]}
    return "PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": [operation]}


def leave(group: str, *members: str) -> Request:
    """PATCH that removes members."""
    operations = [{"op": "remove", "path": f'members[value eq "{id}"]'} for id in members]
    return "PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": operations}


def remove(id: str, kind: str = "Users") -> Request:
    """DELETE."""
    return "DELETE", f"/{kind}/{id}", None


def named(first: str) -> dict[str, str]:
    """A name to be told apart by."""
    return {"givenName": first, "familyName": "Lee"}


def made(gateway: Process, request: Request) -> str:
    """The id of what a request creates."""
    answer = gateway.ask(*request)
    assert answer.status == 201, answer
    return str(answer.body["id"])


def is_503(answer: Answer) -> None:
    """An outage, as an IdP must hear it: come back later."""
    assert answer.status == 503, answer
    assert answer.retry_after is not None, "503 without Retry-After"
    assert int(answer.retry_after) > 0
    assert answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def soon(holds: Callable[[], bool], patience: float = 20) -> None:
    """Wait until something holds."""
    until = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < until, "it did not become so"
        time.sleep(0.1)


def settled(gateway: Process, patience: float = 20) -> None:
    """Wait until nothing is pending or open, but for creates: those wait for the repeated POST."""

    def nothing_left() -> bool:
        pending, open_ones = asyncio.run(gateway.left())
        return not pending and all(one.match for one in open_ones)

    soon(nothing_left, patience)


@dataclass(frozen=True)
class Cast:
    """Who is there when a scene begins, by name → id, and a write of each kind.

    ann and bob and dan are active, cal is not; "one" is ann and bob, "two" is ann.
    """

    scene: str
    ids: dict[str, str]

    @property
    def writes(self) -> list[Request]:
        """zoe comes, ann goes (under a new name), cal comes back, bob changes teams, dan is deleted."""
        ids = self.ids
        return [
            person(self.scene, "zoe"),
            patch(ids["ann"], active=False, name=named("Ann")),
            patch(ids["cal"], active=True),
            leave(ids["one"], ids["bob"]),
            join(ids["two"], ids["bob"]),
            remove(ids["dan"]),
        ]


def cast(gateway: Process, scene: str) -> Cast:
    """Make them."""
    ids = {name: made(gateway, person(scene, name)) for name in ("ann", "bob", "cal", "dan")}
    assert gateway.ask(*patch(ids["cal"], active=False)).status == 200
    ids["one"] = made(gateway, team(scene, "one", ids["ann"], ids["bob"]))
    ids["two"] = made(gateway, team(scene, "two", ids["ann"]))
    return Cast(scene, ids)
