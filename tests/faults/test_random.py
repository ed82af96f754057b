"""Random requests of several clients, while the target and the gateway are killed at random; then the target is held
against what the answers let an IdP believe."""

import asyncio
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from tests.faults.belief import Belief, Fact
from tests.faults.process import Answer, Process
from tests.faults.targets import Target
from tests.faults.words import Request, join, leave, made, named, patch, person, remove, settled, team

CLIENTS, PEOPLE, LONG, KILLS = 3, 6, 4.0, 3


def found_by_name(gateway: Process, scene: str, name: str) -> dict[str, object] | None:
    """The user, as an IdP finds it by its name; None where there is none."""
    query = quote(f'userName eq "{name}@{scene}.example"')
    for _ in range(100):  # the target, or the gateway, may be down just now
        answer = gateway.ask("GET", f"/Users?filter={query}")
        if answer.ok:
            return next(iter(answer.body["Resources"]), None)
        time.sleep(0.2)
    raise AssertionError(f"no answer to a filter: {answer}")


@dataclass
class Client:
    """One of several that talk at once: it has people of its own, and shares the groups."""

    gateway: Process
    scene: str
    groups: dict[str, str]
    names: list[str]
    dice: random.Random
    belief: Belief = field(default_factory=Belief)
    ids: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)
    answers: list[tuple[str, int]] = field(default_factory=list)

    def talk(self, stop: threading.Event) -> None:
        """Say one thing after the other."""
        while not stop.is_set():
            name = self.dice.choice(self.names)
            if name in self.gone:
                continue
            if name not in self.ids:
                self._say(name, "create", person(self.scene, name), {("exists", name): True, ("active", name): True})
                continue
            getattr(self, self.dice.choice(["_rename", "_switch", "_switch", "_move", "_move", "_remove"]))(name)

    def _say(self, name: str, verb: str, request: Request, facts: dict[Fact, object]) -> Answer:
        answer = self.gateway.ask(*request)
        self.answers.append((verb, answer.status))
        if verb == "create" and answer.status == 409 and name in self.unheard:
            answer = self._found(name)
        if verb == "create" and answer.status == 0:
            self.unheard.add(name)
        assert answer.status in (0, 200, 201, 204, 503), (verb, answer)
        self.belief.heard(answer, facts)
        if verb == "create" and answer.ok:
            self.ids[name] = answer.body["id"]
        time.sleep(0.02 if answer.ok else 0.1)
        return answer

    def _found(self, name: str) -> Answer:
        """The answer to the last POST never came, but it had taken effect: an IdP looks for the user and links it."""
        found = found_by_name(self.gateway, self.scene, name)
        assert found is not None, (name, self.answers)
        return Answer(200, found, None)

    def _rename(self, name: str) -> None:
        title = f"N{self.dice.randrange(10**6)}"
        self._say(name, "rename", patch(self.ids[name], name=named(title)), {("given", name): title})

    def _switch(self, name: str) -> None:
        on = self.dice.random() < 0.5
        self._say(name, "switch", patch(self.ids[name], active=on), {("active", name): on})

    def _move(self, name: str) -> None:
        group = self.dice.choice(sorted(self.groups))
        comes = self.dice.random() < 0.6
        request = (join if comes else leave)(self.groups[group], self.ids[name])
        self._say(name, "join" if comes else "leave", request, {("member", group, name): comes})

    def _remove(self, name: str) -> None:
        if self.dice.random() < 0.7:
            return
        facts: dict[Fact, object] = {("member", group, name): False for group in self.groups}
        self._say(name, "delete", remove(self.ids[name]), {("active", name): False, **facts})
        self.gone.add(name)

    def check(self, target: Target) -> None:
        """The target agrees, for each of its own people."""
        users, active, groups = target.users(self.scene), target.active(self.scene), target.groups(self.scene)
        for name in self.names:
            there = self.belief.at_last(("exists", name))
            assert (True if name in users else None) in there, name
            if name not in users:
                continue
            for fact, found in (
                (("active", name), active[name]),
                (("given", name), users[name].get("givenName")),
                *((("member", group, name), name in groups[group] or None) for group in self.groups),
            ):
                allowed = {
                    None if value is False and fact[0] == "member" else value for value in self.belief.at_last(fact)
                }
                assert found in allowed, (fact, found, allowed, self.answers)


@pytest.mark.parametrize("seed", [1])
def test_the_target_agrees_with_what_was_answered(gateway: Process, target: Target, seed: int) -> None:
    scene, dice, stop = f"random{seed}", random.Random(seed), threading.Event()
    groups = {name: made(gateway, team(scene, name)) for name in ("one", "two")}
    clients = [
        Client(
            gateway, scene, groups, [f"c{number}p{each}" for each in range(PEOPLE)], random.Random(f"{seed}{number}")
        )
        for number in range(CLIENTS)
    ]
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client.talk, stop) for client in clients]
        for kill in range(KILLS):
            time.sleep(dice.uniform(0.5, LONG / KILLS))
            victim = gateway if kill == 1 else target
            victim.kill()
            time.sleep(dice.uniform(0.1, 0.6))
            victim.start()
        time.sleep(0.5)
        stop.set()
        for each in running:
            each.result(40)
    settled(gateway)
    for client in clients:
        client.check(target)
    stands = (target.users(scene), target.groups(scene))
    gateway.kill()
    gateway.start()
    time.sleep(2.5)
    settled(gateway)
    assert (target.users(scene), target.groups(scene)) == stands, "something came back unasked"
    pending, intents = asyncio.run(gateway.left())
    assert (pending, intents) == ([], [])
    for client in clients:
        for name in client.names:
            if name not in client.ids and ("exists", name) in client.belief.possible:
                repeated = gateway.ask(*person(scene, name)).status
                there = name in client.unheard and found_by_name(gateway, scene, name) is not None
                assert repeated == (409 if there else 201), "what was not answered is repeated, or it is there"
