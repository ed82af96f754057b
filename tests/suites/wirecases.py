"""Cases as data: what is sent, what must come back, by which sentence of which RFC.

``on``: the dialects it holds for. ``at``: ``embedded`` (ann, bob, Team and Empty are there) or ``widgets`` (w1 and w2).
``{ann}`` in a path, a body or an answer stands for an id; ``{ann.etag}`` for a version, ``{base}`` for the endpoint.
An ``answer`` must be contained in what comes: objects have its keys, arrays its elements and no others. ``lacks`` names
paths that are not there; ``headers`` what the answer's fields are, ``null`` for absent.
"""

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.journeys.player import _find, contains
from tests.scim.wire import BASE, ENTERPRISE, ERROR, GROUP, PATH, USER, Wire

HERE = Path(__file__).parent / "cases"
WIDGETS = str(Path(__file__).parent / "widgets.toml")
WIDGET = "urn:example:params:scim:schemas:Widget"
BOTH = ("tolerant", "strict")
ANN: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "userName": "ann@example.com",
    "externalId": "E-ann",
    "name": {"formatted": "Ms. Ann Lee", "familyName": "Lee", "givenName": "Ann"},
    "displayName": "Ann Lee",
    "nickName": "Annie",
    "title": "Guide",
    "userType": "Employee",
    "locale": "en-US",
    "active": True,
    "emails": [
        {"value": "ann@example.com", "type": "work", "primary": True},
        {"value": "ann@home.example", "type": "home", "display": "Home"},
    ],
    "phoneNumbers": [
        {"value": "tel:+1-201-555-0123", "type": "work"},
        {"value": "tel:+1-201-555-0199", "type": "mobile"},
    ],
    "roles": [{"value": "admin"}],
    ENTERPRISE: {"employeeNumber": "701984", "department": "Tours", "costCenter": "4130"},
}
RESIDENTS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "embedded": [
        ("ann", "/Users", ANN),
        ("bob", "/Users", {"schemas": [USER], "userName": "bob", "name": {"familyName": "Abel"}, "active": False}),
        ("cat", "/Users", {
            "schemas": [USER], "userName": "Cat", "title": "guide", "emails": [{"value": "cat@example.com"}],
        }),
        ("team", "/Groups", {
            "schemas": [GROUP], "displayName": "Team", "externalId": "G1", "members": [{"value": "{ann}"}],
        }),
        ("empty", "/Groups", {"schemas": [GROUP], "displayName": "Empty"}),
    ],
    "widgets": [
        ("w1", "/Widgets", {
            "schemas": [WIDGET], "label": "One", "colour": "red", "enabled": True, "weight": 1.5, "size": 3,
            "built": "2011-05-13T04:42:34Z", "photo": "aGVsbG8=", "home": "https://example.com/1", "tags": ["a", "b"],
            "serial": "S-1", "code": "C-1", "secret": "hush", "notes": "on request",
            "maker": {"name": "Acme", "city": "Ulm"},
            "parts": [{"value": "p1", "type": "gear", "primary": True}, {"value": "p2", "type": "screw"}],
        }),
        ("w2", "/Widgets", {
            "schemas": [WIDGET], "label": "two", "size": 10, "enabled": False, "built": "2012-01-01T00:00:00+01:00",
        }),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One request and what it is answered with."""

    ask: str
    status: int
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    scim_type: str | None = None
    answer: str | None = None
    exactly: str | None = None
    lacks: tuple[str, ...] = ()
    fields: dict[str, str | None] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One case; ``rfc`` is the sentence it stands on."""

    name: str
    rfc: str
    steps: tuple[Step, ...]
    at: str
    on: tuple[str, ...]
    settings: dict[str, Any]


def cases() -> list[tuple[Case, str]]:
    """Every case with each dialect it holds for."""
    found = []
    for file in sorted(HERE.glob("*.toml")):
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        for given in document.pop("case"):
            case = _case({**document, **given})
            found += [(case, dialect) for dialect in case.on]
    return found


def _case(given: dict[str, Any]) -> Case:
    first = {key: given[key] for key in given.keys() & _STEP}
    steps = ([first] if first else []) + given.get("then", [])
    unknown = given.keys() - _STEP - {"name", "rfc", "at", "on", "settings", "then"}
    if unknown:
        raise ValueError(f"{given['name']}: {unknown}")
    return Case(
        name=given["name"],
        rfc=given["rfc"],
        steps=tuple(_step(each) for each in steps),
        at=given.get("at", "embedded"),
        on=tuple(given.get("on", BOTH)),
        settings=given.get("settings", {}),
    )


_STEP = {"ask", "status", "body", "headers", "scimType", "answer", "exactly", "lacks", "fields", "keep"}


def _step(given: dict[str, Any]) -> Step:
    given = dict(given)
    fields = {name: None if value == "null" else value for name, value in given.pop("fields", {}).items()}
    return Step(scim_type=given.pop("scimType", None), fields=fields, lacks=tuple(given.pop("lacks", ())), **given)


class World:
    """One endpoint with its residents, and what was kept of answers."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.known: dict[str, str] = {"base": f"{BASE}{PATH}", "user": USER, "group": GROUP, "enterprise": ENTERPRISE}

    async def settle(self, at: str) -> None:
        """Create the residents."""
        for name, path, body in RESIDENTS[at]:
            answer = await self.wire.send("POST", path, json.loads(self.filled(json.dumps(body))))
            assert answer.status_code == 201, answer.text
            self.known[name] = answer.json()["id"]
            self.known[f"{name}.etag"] = answer.headers["ETag"]
            self.known[f"{name}.modified"] = answer.json()["meta"].get("lastModified", "")

    def filled(self, text: str) -> str:
        """Put what is known in the place of its name; in JSON, quotes are escaped."""

        def known(found: re.Match[str]) -> str:
            value = self.known[found[1]]
            return json.dumps(value)[1:-1] if '":' in text else value

        return re.sub(r"\{([a-z][a-z0-9_.]*)\}", known, text)

    async def play(self, step: Step) -> None:
        """Send one request and judge the answer."""
        method, _, path = self.filled(step.ask).partition(" ")
        content = None if step.body is None else self.filled(step.body).encode()
        headers = {name: self.filled(value) for name, value in step.headers.items()}
        if content is not None:
            headers.setdefault("Content-Type", "application/scim+json")
        answer = await self.wire.client.request(method, f"{BASE}{PATH}{path}", content=content, headers=headers)
        self._judge(step, answer)

    def _judge(self, step: Step, answer: httpx2.Response) -> None:
        said = f"{step.ask} → {answer.status_code} {answer.text}"
        assert answer.status_code == step.status, said
        body = answer.json() if answer.content else None
        if answer.content:
            assert answer.headers["Content-Type"] == "application/scim+json", said
        if step.status >= 400:
            assert body["schemas"] == [ERROR], said
            assert body["status"] == str(step.status), said
            assert body["detail"], said
            assert body.get("scimType") == step.scim_type, said
        if step.answer is not None:
            wanted = json.loads(self.filled(step.answer))
            assert contains(body, wanted), f"{said}\nlacks {wanted}"
        if step.exactly is not None:
            assert body == json.loads(self.filled(step.exactly)), said
        for path in step.lacks:
            assert not _find(body, path), f"{said}\nhas {path}"
        for name, value in step.fields.items():
            assert answer.headers.get(name) == (value if value is None else self.filled(value)), f"{said}\n{name}"
        for name, path in step.keep.items():
            self.known[name] = answer.headers[path[7:]] if path.startswith("header:") else str(_find(body, path)[0])
