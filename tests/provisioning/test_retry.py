"""``Retrying``: only what is unavailable is repeated, and a lost answer is not a lost request."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from connectors.contract import CollectionSpec
from connectors.entry import MEMBERS, Change, Entry, Kind, Ref
from connectors.errors import AlreadyExists, Conflict, InvalidValue, NotFound, Unavailable
from connectors.memory import MemoryConnector
from gateway.provisioning.model import RetrySettings
from gateway.provisioning.retry import Retrying, holds, patience
from tests.provisioning.site import QUICK, Stormy, Weather

pytestmark = pytest.mark.anyio

SPEC = CollectionSpec("User", "id", attributes=frozenset({"uid", "mail", "secret"}), secrets=frozenset({"secret"}))


class Store:
    def __init__(self, settings: RetrySettings = QUICK, chooses: bool = True) -> None:
        self.memory = MemoryConnector(unique=["uid"])
        self.weather = Weather()
        self.plain = self.memory.collections({"User": SPEC})["User"]
        self.patient = Retrying(Stormy(self.plain, self.weather, chooses), settings)

    def entries(self) -> dict[str, object]:
        return {id: record.attributes for id, record in self.memory.store["User"].items()}


async def test_a_stumble_is_repeated() -> None:
    store = Store()
    store.weather.coming = ["before", "before"]
    entry = await store.patient.create({"uid": ("ann",)}, "1")
    assert entry.attributes["uid"] == ("ann",)
    assert store.weather.writes == [("create", "User")] * 3


async def test_patience_ends_with_the_number_of_attempts() -> None:
    store = Store()
    store.weather.down = True
    with pytest.raises(Unavailable) as failure:
        await store.patient.read("1")
    assert not failure.value.uncertain
    assert len(store.weather.calls) == QUICK.attempts


async def test_what_is_refused_is_not_repeated() -> None:
    store = Store()
    await store.plain.create({"uid": ("ann",)}, "1")
    with pytest.raises(AlreadyExists):
        await store.patient.create({"uid": ("ann",)}, "2")
    with pytest.raises(NotFound):
        await store.patient.delete("nobody")
    assert len(store.weather.writes) == 2


async def test_a_repeated_create_that_meets_its_own_entry_is_a_success() -> None:
    store = Store()
    store.weather.coming = ["after"]
    entry = await store.patient.create({"uid": ("ann",)}, "1")
    assert entry.id == "1"
    assert list(store.entries()) == ["1"]


async def test_a_create_without_an_id_is_not_sent_again_blindly() -> None:
    store = Store(chooses=False)
    store.weather.coming = ["lost"]
    with pytest.raises(Unavailable) as failure:
        await store.patient.create({"uid": ("ann",)})
    assert failure.value.uncertain
    assert store.weather.writes == [("create", "User")]


async def test_a_repeated_delete_that_finds_nothing_is_a_success() -> None:
    store = Store()
    await store.plain.create({"uid": ("ann",)}, "1")
    store.weather.coming = ["after"]
    await store.patient.delete("1")
    assert store.entries() == {}


async def test_a_repeated_update_that_finds_itself_done_is_a_success() -> None:
    store = Store()
    before = await store.plain.create({"uid": ("ann",)}, "1")
    store.weather.coming = ["after"]
    after = await store.patient.update("1", [Change(Kind.REPLACE, "mail", ("a@x",))], before.version)
    assert after is not None
    assert after.attributes["mail"] == ("a@x",)


async def test_a_lost_update_that_somebody_else_overtook_is_a_conflict() -> None:
    store = Store()
    before = await store.plain.create({"uid": ("ann",)}, "1")
    store.weather.coming = ["lost"]

    class Overtaken(Stormy):
        async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
            await store.plain.update(id, [Change(Kind.REPLACE, "mail", ("other@x",))])
            return await super().read(id, attributes)

    patient = Retrying(Overtaken(store.plain, store.weather, True), QUICK)
    with pytest.raises(Conflict):
        await patient.update("1", [Change(Kind.REPLACE, "mail", ("a@x",))], before.version)


async def test_a_refusal_after_a_stumble_is_a_refusal() -> None:
    store = Store()
    strict = MemoryConnector(required=["uid"]).collections({"User": SPEC})["User"]
    store.weather.coming = ["before"]
    with pytest.raises(InvalidValue):
        await Retrying(Stormy(strict, store.weather, True), QUICK).create({"mail": ("a@x",)}, "1")


class Slow(Stormy):
    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        await asyncio.sleep(30)
        return None

    async def search(self, query: object) -> object:  # type: ignore[override]
        await asyncio.sleep(30)
        return None


async def test_a_slow_backend_is_unavailable_when_patience_ends_and_a_write_is_uncertain() -> None:
    store = Store()
    slow = Retrying(Slow(store.plain, store.weather, True), RetrySettings(attempts=5, deadline=0.05))
    started = time.monotonic()
    with pytest.raises(Unavailable) as failure:
        await slow.update("1", [])
    assert failure.value.uncertain
    with pytest.raises(Unavailable) as failure:
        await slow.search(None)  # type: ignore[arg-type]
    assert not failure.value.uncertain
    assert time.monotonic() - started < 25, "it waited for the backend"


async def test_all_calls_of_a_request_share_one_deadline() -> None:
    store = Store(RetrySettings(attempts=100, deadline=1000, initial=0.01, longest=0.01))
    store.weather.down = True
    with patience(0.1):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.patient.read("1")


async def test_the_wait_that_a_backend_asks_for_is_honoured() -> None:
    """A wait beyond the deadline is not waited for at all: the client is told to."""
    store = Store(RetrySettings(attempts=5, deadline=5))
    calls = 0

    class Throttled(Stormy):
        async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
            nonlocal calls
            calls += 1
            raise Unavailable("slow down", retry_after=60)

    with pytest.raises(Unavailable) as failure:
        await Retrying(Throttled(store.plain, store.weather, True), QUICK).read("1")
    assert calls == 1
    assert failure.value.retry_after == 60


@pytest.mark.parametrize(
    ("change", "held"),
    [
        (Change(Kind.REPLACE, "mail", ("a", "b")), True),
        (Change(Kind.REPLACE, "mail", ("a",)), False),
        (Change(Kind.REPLACE, "nothing"), True),
        (Change(Kind.ADD, "mail", ("b",)), True),
        (Change(Kind.ADD, "mail", ("c",)), False),
        (Change(Kind.REMOVE, "mail", ("c",)), True),
        (Change(Kind.REMOVE, "mail", ("a", "c")), False),
        (Change(Kind.ADD, MEMBERS, (Ref("1"),)), False),
    ],
)
async def test_whether_a_change_holds(change: Change, held: bool) -> None:
    assert holds(Entry("1", {"mail": ("a", "b")}), change) is held
