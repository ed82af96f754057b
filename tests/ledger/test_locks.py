"""Rule 12: one lock an object, in one process and across several."""

import asyncio

import pytest

from gateway.ledger import Ledger
from gateway.ledger.locks import KeyedLocks

pytestmark = pytest.mark.anyio


async def test_rule_12_writers_of_one_object_go_one_after_the_other(ledger: Ledger) -> None:
    inside: list[str] = []
    most: list[int] = []

    async def work(name: str, *keys: str) -> None:
        async with ledger.lock(*keys):
            inside.append(name)
            most.append(len(inside))
            await asyncio.sleep(0.001)
            inside.remove(name)

    await asyncio.gather(*(work(f"w{number}", "a", f"b{number}") for number in range(12)))
    assert most == [1] * 12


async def test_rule_12_keys_asked_for_in_any_order_never_wait_in_a_ring(ledger: Ledger) -> None:
    async def work(*keys: str) -> None:
        async with ledger.lock(*keys):
            await asyncio.sleep(0)

    orders = [("a", "b", "c"), ("c", "b", "a"), ("b", "a", "b")]
    await asyncio.wait_for(asyncio.gather(*(work(*orders[number % 3]) for number in range(60))), 20)


async def test_rule_12_other_objects_do_not_wait(ledger: Ledger) -> None:
    async with ledger.lock("a"), asyncio.timeout(10), ledger.lock("b"):
        pass


async def test_a_waiter_that_gives_up_leaves_the_lock_usable(ledger: Ledger) -> None:
    async with ledger.lock("a"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), ledger.lock("a", "b"):
                pass
    async with asyncio.timeout(10), ledger.lock("a", "b"):
        pass


async def test_a_failure_under_the_lock_releases_it(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        async with ledger.lock("a"):
            raise KeyError
    async with asyncio.timeout(10), ledger.lock("a"):
        pass


async def test_keyed_locks_forget_keys_that_nobody_uses() -> None:
    locks = KeyedLocks()
    async with locks.hold(["a", "b"]):
        assert len(locks._locks) == 2
    assert locks._locks == {}


async def test_rule_12_replicas_exclude_one_another(postgres_url: str) -> None:
    one, two = await Ledger.open(postgres_url), await Ledger.open(postgres_url)
    order: list[str] = []

    async def second() -> None:
        async with two.lock("a"):
            order.append("two")

    async with one.lock("a"):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.2)
        order.append("one")
    await asyncio.wait_for(waiting, 10)
    assert order == ["one", "two"]
    await one.close()
    await two.close()


async def test_rule_12_a_replica_that_dies_lets_go(postgres_url: str) -> None:
    one, two = await Ledger.open(postgres_url), await Ledger.open(postgres_url)
    held = one.lock("a")
    await held.__aenter__()
    await two._store.write(  # what the server does when a replica's machine is gone
        lambda session: session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        ).fetchall()
    )
    async with asyncio.timeout(10), two.lock("a"):
        pass
    await held.__aexit__(None, None, None)
    async with asyncio.timeout(10), one.lock("a"):
        pass
    await one.close()
    await two.close()


async def test_more_holders_than_connections_take_turns(postgres_url: str) -> None:
    ledger = await Ledger.open(postgres_url)

    async def work(number: int) -> None:
        async with ledger.lock(f"k{number}"):
            await asyncio.sleep(0.001)

    await asyncio.wait_for(asyncio.gather(*(work(number) for number in range(64))), 30)
    await ledger.close()
