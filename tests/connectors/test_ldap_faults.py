"""A directory that goes away, comes back, is silent, or is not the one that answered before."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.contract import Query
from connectors.entry import Change, Kind, Ref
from connectors.errors import AlreadyExists, Conflict, NotFound, Refused, Unavailable
from tests.backends.slapd import Slapd, running
from tests.connectors.ldap_ground import ground, join

pytestmark = pytest.mark.anyio


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Slapd]:
    """A server that the test may kill."""
    with running(tmp_path / "first") as server:
        yield server


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Slapd]:
    with running(tmp_path / "second") as server:
        yield server


class Cut:
    """A relay in front of slapd that ends the connection when a request of a certain kind goes by."""

    def __init__(self, slapd: Slapd) -> None:
        self.tag: int | None = None
        self.forward = True
        """whether that request still reaches the server"""
        self._to = ("127.0.0.1", slapd.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldap://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = [self._listening]
        self._answers_pass, self._swallowed = threading.Event(), threading.Event()
        self._answers_pass.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self) -> None:
        """Let everything pass again."""
        self.tag = None
        self._answers_pass.set()
        self._swallowed.clear()

    def close(self) -> None:
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._to)
            self._open += [client, server]
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, request: bool) -> None:
        try:
            while chunk := source.recv(65536):
                if request and self.tag is not None and self.tag in chunk[4:12]:
                    self._answers_pass.clear()
                    if self.forward:
                        sink.sendall(chunk)
                        self._swallowed.wait(5)
                    return
                if not request and not self._answers_pass.is_set():
                    self._swallowed.set()
                    return
                sink.sendall(chunk)
        except OSError:
            return
        finally:
            for each in (source, sink):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


@pytest.fixture
def cut(directory: Slapd) -> Iterator[Cut]:
    relay = Cut(directory)
    yield relay
    relay.close()


ADD, MODIFY, DELETE = 0x68, 0x66, 0x4A


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_connection_lost_in_a_write_is_uncertain_and_nothing_is_sent_twice(
    directory: Slapd, cut: Cut, arrives: bool
) -> None:
    async with ground(directory) as plain, ground(directory, urls=[cut.url]) as g:
        ann = await plain.user("ann")
        await g.users.read(ann.id)
        cut.forward = arrives
        for tag, verb in (
            (ADD, lambda: g.user("bob")),
            (MODIFY, lambda: g.set(ann, title="Dr")),
            (DELETE, lambda: g.users.delete(ann.id)),
        ):
            cut.tag = tag
            with directory.counting() as counted, pytest.raises(Unavailable) as lost:
                await verb()
            assert lost.value.uncertain
            cut.heal()
            assert counted["add"] + counted["modify"] + counted["delete"] == int(arrives)
        assert bool(directory.search("(uid=bob)")) is arrives
        assert bool(directory.search("(uid=ann)")) is not arrives
        if arrives:
            with pytest.raises(AlreadyExists):
                await g.user("bob")
            with pytest.raises(NotFound):
                await g.users.delete(ann.id)


async def test_killed_before_a_write_is_certain(own: Slapd) -> None:
    async with ground(own) as g:
        ann = await g.user("ann")
        own.kill()
        await asyncio.sleep(0.05)
        for verb in (g.user("bob"), g.set(ann, title="Dr"), g.users.delete(ann.id)):
            with pytest.raises(Unavailable) as away:
                await verb
            assert not away.value.uncertain, "it was never sent"
        own.restart()
        assert (await g.set(ann, title="Dr")).attributes["title"] == ("Dr",)
        assert (await g.user("bob")).id


async def test_a_read_survives_a_restart_unnoticed(own: Slapd) -> None:
    async with ground(own) as g:
        ann = await g.user("ann")
        own.restart()
        assert (await g.users.read(ann.id)).id == ann.id
        own.kill()
        with pytest.raises(Unavailable):
            await g.users.read(ann.id)
        own.restart()
        assert (await g.users.search(Query())).total == 1


async def test_killed_amid_writes_every_answer_was_true(own: Slapd) -> None:
    async with ground(own) as g:
        answers: dict[str, str] = {}
        enough = asyncio.Event()

        async def write(number: int) -> None:
            uid = f"p{number}"
            try:
                await g.user(uid)
                answers[uid] = "made"
                if len(answers) > 20:
                    enough.set()
            except Unavailable as error:
                answers[uid] = "uncertain" if error.uncertain else "not made"

        writes = [asyncio.create_task(write(number)) for number in range(300)]
        await enough.wait()
        own.kill()
        await asyncio.gather(*writes)
        own.restart()
        there = {entry["uid"][0] for entry in own.search("(objectClass=inetOrgPerson)").values()}
        assert {uid for uid, answer in answers.items() if answer == "made"} <= there
        assert not {uid for uid, answer in answers.items() if answer == "not made"} & there
        assert "not made" in answers.values()


async def test_a_silent_directory_is_unavailable_and_not_asked_twice(own: Slapd) -> None:
    async with ground(own, timeouts={"connect": 1, "answer": 1}) as g:
        ann = await g.user("ann")
        own.pause()
        try:
            with pytest.raises(Unavailable) as silent:
                await g.users.read(ann.id)
            assert not silent.value.uncertain
            with pytest.raises(Unavailable):
                await g.set(ann, title="Dr")
        finally:
            own.resume()
        assert (await g.users.read(ann.id)).id == ann.id


async def test_urls_are_failover_and_the_first_is_returned_to(own: Slapd, second: Slapd) -> None:
    urls = [own.url, second.url]
    async with ground(own, urls=urls, timeouts={"failback": 1}) as g:
        for number in range(4):
            await g.user(f"p{number}")
        assert second.search("(objectClass=inetOrgPerson)") == {}, "no load balancing"
        own.kill()
        await g.user("later")
        assert len(second.search("(objectClass=inetOrgPerson)")) == 1
        own.restart()
        await asyncio.sleep(1.1)
        assert (await g.users.search(Query())).total == 4, "back at the first"
        with second.counting() as counted:
            await g.users.search(Query())
        assert counted["operations"] == 0


async def test_rule_02_what_was_seen_is_not_gone_right_after_a_failover(own: Slapd, second: Slapd) -> None:
    for settle, error in ((300, Unavailable), (0.001, NotFound)):
        own.restart()
        async with ground(own, urls=[own.url, second.url], settle=settle) as g:
            ann = await g.user(f"ann{settle}")
            own.kill()
            assert (await g.users.search(Query())).total == 0, "the second one answers"
            await asyncio.sleep(0.01)
            with pytest.raises(error):
                await g.users.read(ann.id)
            with pytest.raises(NotFound):
                await g.users.read("8f0e2b0a-0000-1041-8000-000000000000")


async def test_rule_02_a_missing_base_is_unavailable_not_gone(directory: Slapd) -> None:
    async with ground(directory) as here:
        ann = await here.user("ann")
    async with ground(directory, base="dc=elsewhere") as g:
        for verb in (g.users.read(ann.id), g.users.search(Query()), g.users.read("no-such-id"), g.users.delete(ann.id)):
            with pytest.raises(Unavailable):
                await verb


async def test_rule_02_lost_rights_are_unavailable_not_gone(own: Slapd) -> None:
    async with ground(own) as g:
        ann = await g.user("ann")
        rights = {
            "olcAccess": [("MODIFY_REPLACE", ["{0}to attrs=userPassword by anonymous auth", "{1}to * by * none"])]
        }
        own.configure("olcDatabase={1}mdb,cn=config", rights)
        for verb in (g.users.read(ann.id), g.users.search(Query()), g.set(ann, uid="x"), g.users.delete(ann.id)):
            with pytest.raises(Unavailable):
                await verb


async def test_a_right_that_is_missing_is_refused_without_effect(own: Slapd) -> None:
    async with ground(own) as g:
        ann = await g.user("ann")
        group = await g.group("staff", ann)
        by = f'by dn.exact="{own.bind_dn}"'
        rules = [
            "{0}to attrs=userPassword by anonymous auth",
            f'{{1}}to dn.subtree="ou=people,{own.base}" {by} read',
            f"{{2}}to * {by} write",
        ]
        own.configure("olcDatabase={1}mdb,cn=config", {"olcAccess": [("MODIFY_REPLACE", rules)]})
        for verb in (g.set(ann, title="x"), g.set(ann, uid="x"), g.user("bob"), g.users.delete(ann.id)):
            with pytest.raises(Refused):
                await verb
        assert await g.users.read(ann.id) == ann
        members = await g.groups.read(group.id, frozenset({"@members"}))
        assert members.attributes["@members"] == (Ref(ann.id),)


async def test_a_directory_in_maintenance_is_unavailable(own: Slapd) -> None:
    async with ground(own) as g:
        ann = await g.user("ann")
        own.configure("olcDatabase={1}mdb,cn=config", {"olcReadOnly": [("MODIFY_REPLACE", ["TRUE"])]})
        for verb in (g.user("bob"), g.set(ann, title="Dr"), g.users.delete(ann.id)):
            with pytest.raises(Unavailable) as away:
                await verb
            assert not away.value.uncertain
        assert (await g.users.read(ann.id)).id == ann.id


async def test_many_at_once_on_few_connections(directory: Slapd) -> None:
    async with ground(directory, pool=3) as g:
        people = await asyncio.gather(*(g.user(f"p{number}") for number in range(40)))
        group = await g.group("staff")
        with directory.counting() as counted:
            await asyncio.gather(*(g.groups.update(group.id, join(each)) for each in people))
        assert counted["bind"] <= 3
        entry = await g.groups.read(group.id, frozenset({"@members"}))
        assert len(entry.attributes["@members"]) == 40


async def test_of_many_increments_none_is_lost(directory: Slapd) -> None:
    """Six writers, compare and swap on entryCSN."""
    async with ground(directory) as g:
        ann = await g.user("ann", testNumber=0)

        async def count(rounds: int) -> None:
            done = 0
            while done < rounds:
                entry = await g.users.read(ann.id)
                number = int(str(entry.attributes["testNumber"][0])) + 1
                change = Change(Kind.REPLACE, "testNumber", (number,))
                with contextlib.suppress(Conflict):
                    await g.users.update(ann.id, [change], entry.version)
                    done += 1

        await asyncio.gather(*(count(10) for _ in range(6)))
        assert (await g.users.read(ann.id)).attributes["testNumber"] == (60,)


async def test_closing_ends_what_waits(own: Slapd) -> None:
    async with ground(own) as g:
        ann = await g.user("ann")
        own.pause()
        waiting = asyncio.create_task(g.users.read(ann.id))
        await asyncio.sleep(0.1)
        await g.connector.close()
        with pytest.raises(Unavailable):
            await waiting
        with pytest.raises(Unavailable):
            await g.users.read(ann.id)
        own.resume()
