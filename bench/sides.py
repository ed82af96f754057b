"""The two kinds of side, doing the same seven jobs: the raw directory, and a SCIM server before it."""

import asyncio
import itertools
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from bench import http, libldap
from bench.stage import Server, person
from tests.backends.slapd import Slapd

JOBS = (
    "create user",
    "read by id",
    "filter userName eq",
    "PATCH one attribute",
    "add/remove a member, group of 10",
    "add/remove a member, group of 10,000",
    "page of 100, any offset",
)
PAGE = 100
_fresh = itertools.count(1)


@dataclass(frozen=True)
class Rate:
    """``operations`` done in ``seconds``."""

    operations: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.operations / self.seconds


@dataclass(frozen=True)
class Sample:
    """People every side works on: directory names, anchors and user names, and the two groups."""

    dns: list[str]
    anchors: list[str]
    names: list[str]
    total: int
    groups: dict[str, str]


def sample(slapd: Slapd, users: int, size: int = 400) -> Sample:
    """Choose ``size`` people who are in neither group."""
    with_anchor = _anchors(slapd)
    groups = {dn.split(",")[0][3:]: each["entryUUID"][0] for dn, each in with_anchor.items() if dn.startswith("cn=")}
    people = sorted(dn for dn in with_anchor if dn.startswith("uid="))[users - 1_000 :]
    chosen = random.Random(7).sample(people, size)
    return Sample(
        dns=chosen,
        anchors=[with_anchor[dn]["entryUUID"][0] for dn in chosen],
        names=[with_anchor[dn]["uid"][0] for dn in chosen],
        total=users,
        groups=groups,
    )


def _anchors(slapd: Slapd) -> dict[str, dict[str, list[str]]]:
    found = slapd.raw.extend.standard.paged_search(
        slapd.base, "(|(objectClass=inetOrgPerson)(cn=ten)(cn=big))", attributes=["entryUUID", "uid"]
    )
    return {each["dn"]: {k: [b.decode() for b in v] for k, v in each["raw_attributes"].items()} for each in found}


class Raw:
    """libldap, one thread and one connection a client."""

    name = "raw libldap"

    def __init__(self, slapd: Slapd, people: Sample) -> None:
        self._slapd, self._people = slapd, people

    def measure(self, job: str, clients: int, seconds: float) -> Rate:
        """Do ``job`` with ``clients`` threads for about ``seconds``."""
        done, gate = [0] * clients, threading.Barrier(clients + 1)
        end = [0.0]

        def work(client_number: int) -> None:
            client = libldap.Client(self._slapd.url, self._slapd.bind_dn, self._slapd.password)
            act = self._action(job, client, client_number)
            gate.wait()
            while time.perf_counter() < end[0]:
                act()
                done[client_number] += 1
            client.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        start = time.perf_counter()
        end[0] = start + seconds
        gate.wait()
        for thread in threads:
            thread.join()
        return Rate(sum(done), time.perf_counter() - start)

    def _action(self, job: str, client: libldap.Client, number: int) -> Callable[[], None]:
        people, base, dice = self._people, self._slapd.base, random.Random(number)

        def create() -> None:
            fresh = person(10_000_000 + next(_fresh))
            client.add(f"uid={fresh['uid'][0]},ou=people,{base}", fresh)

        def member(group: str) -> Callable[[], None]:
            turns = itertools.cycle((libldap.ADD, libldap.DELETE))
            mine = people.dns[number]
            return lambda: client.modify(f"cn={group},ou=groups,{base}", next(turns), "member", mine)

        def page() -> None:
            wanted = "".join(f"(entryUUID={each})" for each in dice.sample(people.anchors, PAGE))
            client.search(base, f"(|{wanted})")

        actions: dict[str, Callable[[], object]] = {
            JOBS[0]: create,
            JOBS[1]: lambda: client.search(base, f"(entryUUID={dice.choice(people.anchors)})"),
            JOBS[2]: lambda: client.search(base, f"(uid={dice.choice(people.names)})"),
            JOBS[3]: lambda: client.modify(
                people.dns[number * 20 + dice.randrange(20)], libldap.REPLACE, "displayName", uuid.uuid4().hex
            ),
            JOBS[4]: member("ten"),
            JOBS[5]: member("big"),
            JOBS[6]: page,
        }
        return actions[job]  # type: ignore[return-value]


class Scim:
    """A SCIM server, one keep-alive connection a client. ``people`` are found through the server itself."""

    def __init__(self, server: Server, people: Sample) -> None:
        self.name, self._server, self._people = server.name, server, people
        self._ids: list[str] = []
        self._groups: dict[str, str] = {}

    async def prepare(self) -> None:
        """Learn the ids that this server gives to the people and the groups."""
        client = http.Client(self._server.base_url, self._server.token)
        await client.open()
        for name in self._people.names:
            self._ids.append(await _only(client, f"/Users?filter={quote(f'userName eq {json.dumps(name)}')}"))
        for group in ("ten", "big"):
            query = quote(f'displayName eq "{group}"')
            self._groups[group] = await _only(client, f"/Groups?excludedAttributes=members&filter={query}")
        await client.close()

    async def measure(self, job: str, clients: int, seconds: float) -> Rate:
        """Do ``job`` with ``clients`` connections for about ``seconds``."""
        opened = [http.Client(self._server.base_url, self._server.token) for _ in range(clients)]
        for client in opened:
            await client.open()
        start = time.perf_counter()
        done = await asyncio.gather(
            *(self._work(job, client, number, start + seconds) for number, client in enumerate(opened))
        )
        rate = Rate(sum(done), time.perf_counter() - start)
        for client in opened:
            await client.close()
        return rate

    async def _work(self, job: str, client: http.Client, number: int, end: float) -> int:
        request, done = self._request(job, number), 0
        while time.perf_counter() < end:
            try:
                await client.send(*request())
            except http.NoAnswer:
                return done  # a peer that gives up on its own request: what it did until then is its figure
            done += 1
        return done

    def _request(self, job: str, number: int) -> Callable[[], tuple[str, str, object]]:
        ids, dice = self._ids, random.Random(number)

        def create() -> tuple[str, str, object]:
            fresh = next(_fresh)
            return "POST", "/Users", _user(f"new{fresh}-{uuid.uuid4().hex[:8]}", fresh)

        def member(group: str) -> Callable[[], tuple[str, str, object]]:
            turns, path = itertools.cycle((True, False)), f"/Groups/{self._groups[group]}"
            return lambda: ("PATCH", path, _membership(next(turns), ids[number]))

        requests: dict[str, Callable[[], tuple[str, str, object]]] = {
            JOBS[0]: create,
            JOBS[1]: lambda: ("GET", f"/Users/{dice.choice(ids)}", None),
            JOBS[2]: lambda: ("GET", f'/Users?filter={quote(f"userName eq {json.dumps(self._name(dice))}")}', None),
            JOBS[3]: lambda: (
                "PATCH", f"/Users/{ids[number * 20 + dice.randrange(20)]}",
                _patch({"op": "replace", "path": "displayName", "value": uuid.uuid4().hex}),
            ),
            JOBS[4]: member("ten"),
            JOBS[5]: member("big"),
            JOBS[6]: lambda: (
                "GET", f"/Users?count={PAGE}&startIndex={dice.randrange(1, self._people.total - PAGE)}", None
            ),
        }  # fmt: skip
        return requests[job]

    def _name(self, dice: random.Random) -> str:
        return dice.choice(self._people.names)


async def _only(client: http.Client, path: str) -> str:
    found = json.loads(await client.send("GET", path))["Resources"]
    if len(found) != 1:
        raise http.HttpError(f"{path}: expected one resource, found {len(found)}")
    return str(found[0]["id"])


def _user(name: str, number: int) -> dict[str, object]:
    whole = f"First{number} Last{number}"
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": {"formatted": whole, "givenName": f"First{number}", "familyName": f"Last{number}"},
        "displayName": whole,
        "emails": [{"value": f"{name}@example.com", "type": "work", "primary": True}],
        "active": True,
    }


def _patch(operation: dict[str, object]) -> dict[str, object]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}


def _membership(add: bool, id: str) -> dict[str, object]:
    if add:
        return _patch({"op": "add", "path": "members", "value": [{"value": id}]})
    return _patch({"op": "remove", "path": f'members[value eq "{id}"]'})
