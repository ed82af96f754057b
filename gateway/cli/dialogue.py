"""What Okta says when people come, change and go: real shapes, in Okta's order, as data and one small client."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Body = Mapping[str, Any] | None


class Unexpected(Exception):
    """The gateway answered what it should not have."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    method: str
    path: str
    body: Body
    status: int
    reason: str
    answer: dict[str, Any]


@dataclass(slots=True)
class Okta:
    """An identity provider that remembers the ids it was given, as Okta does."""

    port: int
    mount: str
    token: str
    heard: Callable[[Exchange], None]
    ids: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: Body = None) -> dict[str, Any]:
        """Send one request over HTTP and report it. :raises Unexpected: the answer is no success."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/scim+json"}
        if body is not None:
            headers["Content-Type"] = "application/scim+json"
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            wire.request(method, self.mount + path, None if body is None else json.dumps(body), headers)
            response = wire.getresponse()
            text = response.read()
        finally:
            wire.close()
        answer = json.loads(text) if text else {}
        self.heard(Exchange(method, path, body, response.status, response.reason, answer))
        if response.status >= 300:
            raise Unexpected(f"{method} {path} was answered {response.status}: {answer.get('detail', '')}")
        return dict(answer)

    def assign(self, login: str) -> None:
        """A person is assigned to the application: look, then create."""
        wanted = quote(f'userName eq "{login}"')
        self.send("GET", f"/Users?filter={wanted}&startIndex=1&count=100")
        # Okta sends a placeholder password with a new user, and none afterwards.
        self.ids[login] = self.send("POST", "/Users", {**profile(login), "password": "1mz050nq"})["id"]

    def update(self, login: str, title: str) -> None:
        """A profile changed: Okta sends the whole of it."""
        self.send("PUT", f"/Users/{self.ids[login]}", {**profile(login), "id": self.ids[login], "title": title})

    def push_group(self, name: str, *logins: str) -> None:
        """A group is pushed: first empty, then its members."""
        found = self.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": []})
        self.ids[name] = found["id"]
        members = [{"value": self.ids[login], "display": login} for login in logins]
        self.patch(f"/Groups/{self.ids[name]}", {"op": "add", "path": "members", "value": members})

    def leave_group(self, name: str, login: str) -> None:
        """A person leaves a pushed group."""
        self.patch(f"/Groups/{self.ids[name]}", {"op": "remove", "path": f'members[value eq "{self.ids[login]}"]'})

    def deactivate(self, login: str) -> None:
        """A person is unassigned: Okta never deletes a user."""
        self.patch(f"/Users/{self.ids[login]}", {"op": "replace", "value": {"active": False}})

    def patch(self, path: str, operation: Mapping[str, Any]) -> None:
        """Send one PATCH operation."""
        self.send("PATCH", path, {"schemas": [PATCH], "Operations": [operation]})


PEOPLE = {"ann.lee@example.com": ("Ann", "Lee", "00u1ann"), "ben.ortiz@example.com": ("Ben", "Ortiz", "00u2ben")}
ANN, BEN = PEOPLE


def profile(login: str) -> dict[str, Any]:
    """A user as Okta sends one, with its empty list of groups."""
    given, family, external = PEOPLE[login]
    return {
        "schemas": [USER],
        "userName": login,
        "name": {"givenName": given, "familyName": family},
        "emails": [{"primary": True, "value": login, "type": "work"}],
        "displayName": f"{given} {family}",
        "locale": "en-US",
        "externalId": external,
        "groups": [],
        "active": True,
    }


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that happens at the identity provider."""

    title: str
    play: Callable[[Okta], Any]


SCENES = (
    Scene(
        "An administrator presses “Test API Credentials”", lambda okta: okta.send("GET", "/Users?startIndex=1&count=2")
    ),
    Scene("Ann Lee is assigned to the application", lambda okta: okta.assign(ANN)),
    Scene("Ben Ortiz is assigned too", lambda okta: okta.assign(BEN)),
    Scene("Ann is promoted: her profile is updated", lambda okta: okta.update(ANN, "Lead Engineer")),
    Scene("The same profile arrives a second time: nothing is written", lambda okta: okta.update(ANN, "Lead Engineer")),
    Scene("The group Engineering is pushed, with both", lambda okta: okta.push_group("Engineering", ANN, BEN)),
    Scene("Ben moves to another team", lambda okta: okta.leave_group("Engineering", BEN)),
    Scene("Ben leaves the company: he is deactivated", lambda okta: okta.deactivate(BEN)),
)
