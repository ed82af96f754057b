"""Plays a journey: sends each request through the whole ASGI application and looks into the target after it."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from gateway.app.asgi import Application, create_app
from gateway.config import load_config
from tests.journeys.dialogue import Journey, Step, merged
from tests.journeys.directories import Content, Directory, Told
from tests.journeys.in_memory import InMemory

BASE = "https://scim.example.com"
TOKEN = "dbr-scim-journey"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATIENCE = 3
"""seconds that a request waits for a target that is down"""


@asynccontextmanager
async def serving(folder: Path, journey: Journey, directory: Directory) -> AsyncIterator[httpx2.AsyncClient]:
    """Write config.toml, start the application it describes, and return a client of it."""
    (folder / "password").write_text("correct-horse-battery")
    connection = {
        "path": "/scim/v2",
        "dialect": journey.dialect,
        "target": "it",
        "mapping": _mapping(folder, journey, directory),
        "tokens": [{"name": "journey", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}],
        **journey.connection,
    }
    target = {**directory.target(), "retry": {"attempts": 3, "deadline": f"{PATIENCE}s"}}
    file = folder / "config.toml"
    lines = [f"[server]\nbase_url = {_toml(BASE)}"]
    lines += [f"[target.it]\n{pairs(target)}", f"[connection.idp]\n{pairs(connection)}"]
    file.write_text("\n".join(lines))
    app = create_app(load_config(file), test_mappings=False)
    if isinstance(directory, InMemory):
        directory.application = app
    async with alive(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=f"{BASE}/scim/v2") as client:
            yield client


def _mapping(folder: Path, journey: Journey, directory: Directory) -> str:
    if not journey.mapping.strip():
        return directory.mapping
    (folder / "mapping.toml").write_text(f"format = 1\nextends = {_toml(directory.mapping)}\n{journey.mapping}")
    return "mapping.toml"


@asynccontextmanager
async def alive(app: Application) -> AsyncIterator[None]:
    """Play the lifespan of the ASGI specification, as a server does."""
    asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    answered: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, asked.get, answered.put))
    await asked.put({"type": "lifespan.startup"})
    started = await answered.get()
    assert started == {"type": "lifespan.startup.complete"}, started
    try:
        yield
    finally:
        await asked.put({"type": "lifespan.shutdown"})
        await task


def pairs(table: Mapping[str, Any]) -> str:
    return "\n".join(f"{key} = {_toml(value)}" for key, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


class Player:
    """One journey under way: what was kept, and what the target should hold by now."""

    def __init__(self, journey: Journey, directory: Directory, client: httpx2.AsyncClient) -> None:
        self.journey, self.directory, self.client = journey, directory, client
        self.kept: dict[str, str] = {}
        self.should: dict[str, dict[str, Any]] = {"user": {}, "group": {}}
        self.outside: set[tuple[str, str]] = set()
        self.before: Content | None = None
        self.traces: Any = None
        self.listed: list[str] = []
        self.aliases: set[str] = set()
        self.needless = set(journey.cannot)

    async def put_there(self) -> None:
        """Fill the target with what stood there before the gateway came."""
        await self._send(Step("tables that the gateway makes are made", "GET /Users?count=0"))
        crowd = {
            f"person{number:03}": {
                "userName": f"person{number:03}@example.com",
                "givenName": "Per",
                "familyName": f"Son {number:03}",
                "active": True,
            }
            for number in range(self.journey.people)
        }
        for kind, entries in merged({"user": crowd, "group": {}}, self.journey.there).items():
            for nickname, told in entries.items():
                given = {"active": True, **told} if kind == "user" else told
                self.directory.add(kind, self._resolved(kind, self._possible(kind, given)))
                self.outside.add((kind, nickname))
                self.should[kind][nickname] = given
        self.compare(Step("before anything is asked", touched=True))

    async def play(self, step: Step) -> None:
        """Do one step and hold the answer and the target against it."""
        if step.target:
            {"down": self.directory.down, "up": self.directory.up}[step.target]()
        for kind, entries in step.outside.items():
            for nickname, told in entries.items():
                self.directory.change(kind, self._name(kind, nickname), self._resolved(kind, told))
        if step.ask:
            self._answered(step, await self._send(step))
        for change in (step.outside, step.then):
            self._expect(change)
        if step.target == "down" or self._away:
            self._away = step.target != "up"
        if not self._away:
            await self._look(step)

    _away = False

    async def _look(self, step: Step) -> None:
        until = time.monotonic() + step.within
        while True:
            try:
                return self.compare(step)
            except AssertionError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(0.1)

    # ---------------------------------------------------------------- the wire

    async def _send(self, step: Step) -> httpx2.Response:
        method, _, address = self._filled(step.ask).partition(" ")
        path, _, query = address.partition("?")
        given = [pair.partition("=") for pair in query.split("&") if pair]
        encoded = "&".join(f"{name}={quote(value, safe='')}" for name, _, value in given)
        headers = {"Authorization": self.journey.authorization.replace("{token}", TOKEN)}
        content = self._filled(step.body).encode() if step.body else None
        if content is not None:
            json.loads(content)
            headers["Content-Type"] = "application/scim+json"
        url = f"{BASE}/scim/v2{path}" + (f"?{encoded}" if encoded else "")
        return await self.client.request(method, url, content=content, headers=headers)

    def _filled(self, text: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda found: self.kept[found[1]], text)

    def _answered(self, step: Step, response: httpx2.Response) -> None:
        said = f"{step.say}: {step.ask} → {response.status_code} {response.text}"
        assert response.status_code == step.status, said
        body = response.json() if response.content else {}
        assert bool(body) == (step.status != 204), said
        if step.status >= 400:
            assert body["schemas"] == [ERROR], said
            assert body.get("scimType", "") == step.scimType, said
        if step.status in (429, 503):
            assert int(response.headers["Retry-After"]) > 0, said
        wanted = json.loads(self._filled(json.dumps(step.answer)))
        assert contains(body, wanted), f"{said}\n  lacks {wanted}"
        for path in step.lacks:
            assert not _find(body, path), f"{said}\n  has {path}"
        self.listed = [*self.listed, *(each["id"] for each in body.get("Resources", ()))] if step.distinct else []
        assert len(self.listed) == len(set(self.listed)) == step.distinct, said
        for name, path in step.keep.items():
            self.kept[name] = _find(body, path)[0]
        if step.status == 201:
            location = f"{BASE}/scim/v2{step.ask[5:]}/{quote(body['id'], safe='')}"
            assert response.headers["Location"] == body["meta"]["location"] == location

    # ---------------------------------------------------------------- the target

    def _expect(self, change: Mapping[str, Mapping[str, Any]]) -> None:
        for kind, entries in change.items():
            for nickname, told in entries.items():
                if told is False:
                    del self.should[kind][nickname]
                    continue
                new: Told = {"active": True} if kind == "user" else {"members": []}
                held = self.should[kind].get(nickname, new)
                both = {**held, **told}
                self.should[kind][nickname] = {
                    key: value for key, value in both.items() if key == "active" or value is not False
                }

    def compare(self, step: Step) -> None:
        """Hold the target's whole content against what it should be."""
        passwords = [told["password"] for told in self.should["user"].values() if "password" in told]
        holds = self.directory.content(passwords)
        should: Content = {"user": {}, "group": {}}
        for kind, entries in self.should.items():
            for nickname in entries:
                told = self._told(kind, nickname)
                should[kind][told["userName" if kind == "user" else "displayName"]] = told
        for kind, entries in should.items():
            assert holds[kind].keys() == entries.keys(), f"{step.say}: other {kind}s"
            for name, told in entries.items():
                assert holds[kind][name] == told, f"{step.say}: {name} is {holds[kind][name]}, not {told}"
        traces = self.directory.traces()
        if should == self.before and not step.touched:
            assert traces == self.traces, f"{step.say}: something was written"
        self.before, self.traces = should, traces
        self.aliases |= set(step.alias)
        for nickname in {**self.should["user"], **self.should["group"]}.keys() & self.kept.keys() - self.aliases:
            kind = "user" if nickname in self.should["user"] else "group"
            assert self.directory.id_of(kind, self._name(kind, nickname)) == self.kept[nickname], f"id of {nickname}"
        for nickname, expected in step.logs_in.items():
            told = self.should["user"][nickname]
            let_in = self.directory.logs_in(self._name("user", nickname), told["password"])
            assert let_in in (expected, None), f"{step.say}: {nickname} logs in: {let_in}"

    def _told(self, kind: str, nickname: str) -> Told:
        told = self._resolved(kind, self._possible(kind, self.should[kind][nickname]))
        if kind == "group":
            return {**told, "members": set(told.get("members", ()))}
        return {**self.directory.derived(told, (kind, nickname) in self.outside), **told}

    def _possible(self, kind: str, told: Told) -> Told:
        """Leave out what the journey says this target cannot hold. It must be true, and it must be needed."""
        if kind == "group":
            keys = {"displayName", "members", *self.directory.group_names}
        else:
            keys = {*self.directory.names, *self.directory.raw_names}
        left = {}
        for key, value in told.items():
            if key in keys:
                left[key] = value
                continue
            word = f"group.{key}" if kind == "group" else key
            assert word in self.journey.cannot, (
                f"{word}: no place in {type(self.directory).__name__}, and no reason given"
            )
            self.needless.discard(word)
        return left

    def _resolved(self, kind: str, told: Told) -> Told:
        """Turn nicknames into the names by which a directory tells its users."""
        told = dict(told)
        if "manager" in told:
            told["manager"] = self._name("user", told["manager"])
        if "members" in told:
            told["members"] = [self._name("user", each) for each in told["members"]]
        return told

    def _name(self, kind: str, nickname: str) -> str:
        told = self.should[kind][nickname]
        return str(told["userName" if kind == "user" else "displayName"])


def contains(held: Any, wanted: Any) -> bool:
    """Whether ``held`` has all of ``wanted``: tables have its keys, lists its elements in any order and no others."""
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(key in held and contains(held[key], each) for key, each in wanted.items())
    if isinstance(wanted, list):
        rest = list(held) if isinstance(held, list) else [None]
        for each in wanted:
            found = next((one for one in rest if contains(one, each)), None)
            if found is None:
                return False
            rest.remove(found)
        return not rest
    return type(held) is type(wanted) and bool(held == wanted)


def _find(body: Any, path: str) -> list[Any]:
    """What stands at a dotted path, "Resources.0.id"; empty when nothing does. A ``~`` stands for a dot in a URN."""
    for part in path.split("."):
        key = part.replace("~", ".")
        try:
            body = body[int(key) if isinstance(body, list) else key]
        except (KeyError, IndexError):
            return []
    return [body]
