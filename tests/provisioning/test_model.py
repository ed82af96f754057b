"""Random requests in random weather against a plain model: nothing lost, nothing doubled, no false success.

The model is an IdP's own belief. After an answer of 2xx it knows; after a 503 or a crash it knows only what is
possible, and that what it wanted to take away must be gone in the end.
"""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scim2_models import NotFoundException, SCIMException

from gateway.provisioning.errors import Unavailable503
from tests.provisioning.site import Site, mapping_text, site

PEOPLE = ("ann", "bob")
WEATHERS: dict[str, list[str]] = {
    "fine": [],
    "stumble": ["before"],
    "lost once": ["lost"],
    "answer lost": ["after"],
    "storm": ["before"] * 9,
    "fog": ["lost"] * 9,
    "echo": ["after", *["lost"] * 8],
    "dies": ["dies"],
    "second write fails": ["fine", *["before"] * 9],
    "second answer lost": ["fine", "dies"],
    "crash": ["crash"],
    "crash after": ["crash after"],
    "crash at second": ["fine", "crash"],
    "down": [],
}
Operation = tuple[str, str, str]
VERBS = ("post", "off", "on", "title", "put", "put off", "delete", "join", "leave", "team of", "work", "restart", "get")
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.sampled_from(PEOPLE), st.sampled_from(sorted(WEATHERS))), max_size=14
)


@dataclass
class Person:
    """What the IdP believes of one user. ``owed``: was asked to go off, or away, and there was no answer."""

    name: str
    id: str | None = None
    exists: set[bool] = field(default_factory=lambda: {False})
    active: set[bool] = field(default_factory=lambda: {True})
    titles: set[str | None] = field(default_factory=lambda: {None})
    member: set[bool] = field(default_factory=lambda: {False})
    owed_off: bool = False
    owed_delete: bool = False
    owed_leave: bool = False
    discharged: bool = False

    @property
    def body(self) -> dict[str, Any]:
        return {"userName": self.name, "externalId": f"e-{self.name}"}


class Idp:
    """Plays operations and keeps its belief."""

    def __init__(self, here: Site, deletes: bool, vanishes: bool) -> None:
        self.here = here
        self.deletes, self.vanishes = deletes, vanishes
        self.people = {name: Person(name) for name in PEOPLE}
        self.team = ""
        self.serial = 0
        self.statuses: set[int] = set()

    async def play(self, operation: Operation) -> None:
        verb, name, weather = operation
        person, here = self.people[name], self.here
        here.weather.coming, here.weather.down = list(WEATHERS[weather]), weather == "down"
        try:
            done = await self._answered(verb, person)
        except asyncio.CancelledError:
            here.weather.clear()
            here.restarted()
            await here.worker().recover()
            done = None
        here.weather.clear()
        self._believe(verb, person, done)
        self._check(person)

    async def _answered(self, verb: str, person: Person) -> Any:
        """The answer; None for 503, False for another refusal."""
        self.serial += 1
        try:
            return await self._request(verb, person)
        except Unavailable503:
            return None
        except SCIMException as refusal:
            self.statuses.add(refusal.status)
            return False

    async def _request(self, verb: str, person: Person) -> Any:
        here, id = self.here, person.id or f"nobody-{person.name}"
        match verb:
            case "post":
                return await here.post(person.body)
            case "off" | "on":
                return await here.patch(id, {"active": verb == "on"})
            case "title":
                return await here.patch(id, {"title": f"t{self.serial}"})
            case "put":
                return await here.put(id, {**person.body, "title": f"t{self.serial}"})
            case "put off":
                return await here.put(id, {**person.body, "title": f"t{self.serial}", "active": False})
            case "delete":
                await here.delete(id)
            case "join":
                await here.add(self.team, id)
            case "leave":
                await here.remove(self.team, id)
            case "team of":
                members = [{"value": id}]
                return await here.put(self.team, {"displayName": "Team", "members": members}, "Group")
            case "work":
                await here.later()
            case "restart":
                here.restarted()
                await here.worker().recover()
            case "get":
                return await here.get(id)
        return True

    def _believe(self, verb: str, person: Person, done: Any) -> None:
        if done is False:
            self._believe_refusal(verb, person)
        elif verb in ("join", "leave", "team of"):
            self._believe_members(verb, person, done is not None)
        elif verb == "delete":
            self._believe_delete(person, done is not None)
        elif verb == "post":
            self._believe_post(person, done)
        elif verb in ("off", "on", "title", "put", "put off"):
            self._believe_change(verb, person, done)
        elif verb == "work":
            for one in self.people.values():
                one.discharged |= one.owed_off or one.owed_delete

    def _believe_refusal(self, verb: str, person: Person) -> None:
        if verb == "post":
            assert True in person.exists, "409 for someone who never was"
        else:
            gone = person.id is None or False in person.exists or person.owed_delete
            assert gone, f"{verb} refused for someone who is there"

    def _believe_post(self, person: Person, done: Any) -> None:
        if done is None:
            person.exists = person.exists | {True} if person.id is None else person.exists
            person.active |= {True}
            person.titles |= {None}
            self._perhaps_back(person)
            return
        absent = self.vanishes and False in person.active
        assert False in person.exists or person.owed_delete or absent, "201 for someone who is there"
        if person.id is not None:
            assert done["id"] == person.id, "the same person came back under another id"
        person.id = done["id"]
        person.exists, person.active = {True}, {True}
        person.titles |= {None}
        person.owed_off = person.owed_delete = False
        assert done["active"] is True

    def _believe_change(self, verb: str, person: Person, done: Any) -> None:
        value = verb == "on" if verb in ("on", "off") else False if verb == "put off" else None
        title = f"t{self.serial}" if verb in ("title", "put", "put off") else None
        if done is None:
            person.active |= {value} if value is not None else set()
            person.titles |= {title} if title else set()
            person.owed_off |= value is False and person.id is not None
            if value is True:
                self._perhaps_back(person)
            return
        assert True in person.exists, "200 for someone who is not there"
        person.owed_delete &= value is not True
        if value is True:
            person.exists = {True}
        if value is not None:
            person.active, person.owed_off = {value}, False
            assert done["active"] is value, "a false success"
        elif person.owed_off:
            person.active, person.owed_off = {False}, False
        if title:
            person.titles = {title}
            assert done["title"] == title, "a false success"

    def _perhaps_back(self, person: Person) -> None:
        """Somebody was asked back without an answer, after the worker may have put them out as it was to."""
        if person.discharged:
            person.owed_off = person.owed_delete = person.discharged = False
            person.active |= {True, False}
            person.exists |= {True}

    def _believe_delete(self, person: Person, done: bool) -> None:
        if done:
            person.exists, person.member = {False}, {False}
            person.owed_delete = person.owed_leave = False
            person.active = {True, False}
        else:
            person.owed_delete |= person.id is not None and True in person.exists
            person.exists |= {False} if person.id is not None else set()

    def _believe_members(self, verb: str, person: Person, done: bool) -> None:
        joins = verb != "leave"
        others = [one for one in self.people.values() if one is not person] if verb == "team of" else []
        for one in others:
            if done:
                one.member, one.owed_leave = {False}, False
            else:
                one.owed_leave |= one.member == {True}
                one.member |= {False}
        if done:
            person.member, person.owed_leave = {joins}, False
            for one in self.people.values():
                if one is not person and one.owed_leave:
                    one.member, one.owed_leave = {False}, False
        else:
            person.member |= {joins}
            person.owed_leave |= not joins and person.id is not None

    def _entry(self, person: Person) -> tuple[str, dict[str, Any]] | None:
        entries = [(anchor, held) for anchor, held in self.here.entries().items() if held["uid"] == (person.name,)]
        assert len(entries) <= 1, "somebody is there twice"
        return entries[0] if entries else None

    def _check(self, person: Person) -> None:
        """At any moment: nobody is there twice, and what the IdP knows for certain is so."""
        found = self._entry(person)
        if person.exists != {True} or person.owed_delete:
            return
        if found is None:
            assert self.vanishes, "somebody is not there"
            assert False in person.active, "somebody who is active has no entry"
            return
        anchor, held = found
        assert (held["state"] == ("on",)) in person.active
        assert held.get("title", (None,))[0] in person.titles
        waits = self.vanishes and (person.owed_off or person.active != {True})
        assert waits or (anchor in self.here.members(self.team)) in person.member

    async def settle(self) -> None:
        """The sky clears, the gateway starts anew, and its worker does what is left."""
        here = self.here
        here.restarted()
        await here.worker().recover()
        for _ in range(2):
            await here.later()
        assert self.statuses <= {400, 404, 409}
        assert await here.ledger.pending() == [], "something stays pending for ever"
        for person in self.people.values():
            await self._settled(person)

    async def _settled(self, person: Person) -> None:
        here = self.here
        self._check(person)
        found = self._entry(person)
        if person.owed_leave and found:
            assert found[0] not in here.members(self.team), "a removal from a group was lost"
        try:
            shown = await here.get(person.id or "nobody")
        except NotFoundException:
            assert person.id is None or False in person.exists
            self._gone(person)
            return
        assert not person.owed_delete, "a deletion was lost"
        assert True in person.exists
        if person.owed_off:
            assert shown["active"] is False, "a deactivation was lost"

    def _gone(self, person: Person) -> None:
        found = self._entry(person)
        if person.id is None or found is None:
            return
        anchor, held = found
        assert not self.deletes, "a deleted entry is still there"
        assert held["state"] == ("off",), "somebody deleted is still on"
        assert anchor not in self.here.members(self.team), "somebody deleted is still a member"


async def _story(operations: list[Operation], deletes: bool, vanishes: bool, chooses: bool) -> None:
    ways = ('delete = "delete"' if deletes else "", 'deactivate = "delete"' if vanishes else "")
    text = mapping_text(lifecycle="\n".join(ways))
    async with site(WHERE, text, chooses=chooses) as here:
        idp = Idp(here, deletes, vanishes)
        idp.team = (await here.post({"displayName": "Team"}, "Group"))["id"]
        for operation in operations:
            await idp.play(operation)
        await idp.settle()


WHERE = Path(tempfile.mkdtemp(prefix="dirbridge-model-"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(OPERATIONS, st.booleans(), st.booleans(), st.booleans())
@example([("post", "ann", "fine"), ("off", "ann", "down"), ("on", "ann", "dies")], False, False, True)
@example([("post", "ann", "crash after"), ("post", "ann", "fine"), ("delete", "ann", "dies")], True, False, False)
@example([("post", "ann", "fine"), ("off", "ann", "crash after"), ("join", "ann", "fine")], False, True, True)
@example(
    [("post", "ann", "fine"), ("off", "ann", "fine"), ("join", "ann", "fine"), ("post", "ann", "fine")],
    False,
    True,
    False,
)
@example(
    [("post", "ann", "fine"), ("off", "ann", "fine"), ("post", "ann", "crash after"), ("delete", "ann", "fine")],
    False,
    True,
    False,
)
@example([("leave", "ann", "crash"), ("team of", "ann", "crash")], False, False, False)
@example([("post", "ann", "fine"), ("delete", "ann", "crash after"), ("on", "ann", "answer lost")], False, False, True)
@example(
    [("post", "bob", "fine"), ("put off", "bob", "echo"), ("delete", "bob", "fine"), ("put", "bob", "fine")],
    False,
    True,
    False,
)
def test_nothing_lost_nothing_doubled_no_false_success(
    operations: list[Operation], deletes: bool, vanishes: bool, chooses: bool
) -> None:
    asyncio.run(_story(operations, deletes, vanishes, chooses))
