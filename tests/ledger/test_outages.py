"""Rule 12: a ledger that is down is 503, and comes back by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.ledger import Ledger, LedgerUnavailable, advisory, postgres
from gateway.ledger.model import Confirmed
from tests.backends.postgres import Postgres, running
from tests.ledger.words import USERS, intent, write

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of one's own, for those who kill it."""
    with running(sync=True) as own:
        yield own


async def test_rule_12_a_ledger_whose_server_died_is_unavailable_until_it_is_back(server: Postgres) -> None:
    ledger = await Ledger.open(server.database())
    _, secret = await ledger.create_token("okta", "first")
    await write(ledger, "a1")
    async with ledger.lock("a"):
        pass
    server.kill()
    for attempt in (ledger.get(USERS, "a1"), ledger.record(intent()), ledger.verify({"okta"}, secret), ledger.audit()):
        with pytest.raises(LedgerUnavailable):
            await attempt
    with pytest.raises(LedgerUnavailable):
        async with ledger.lock("a"):
            pytest.fail("no lock without a server")
    server.start()
    assert await ledger.get(USERS, "a1") is not None
    assert await ledger.verify({"okta"}, secret) is not None
    async with ledger.lock("a"):
        await write(ledger, "a2")
    await ledger.close()


async def test_a_restart_between_two_requests_goes_unnoticed(server: Postgres) -> None:
    ledger = await Ledger.open(server.database())
    await asyncio.gather(*(write(ledger, f"u{number}") for number in range(20)))
    async with ledger.lock("a"):
        pass
    server.restart()
    await asyncio.gather(*(write(ledger, f"v{number}") for number in range(20)))
    async with ledger.lock("a"):
        assert len(await ledger.assertions(USERS)) == 40
    await ledger.close()


async def test_a_server_that_does_not_answer_is_not_waited_for(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await Ledger.open(server.database())
    with server.paused():
        monkeypatch.setattr(postgres, "PATIENCE", 0.3)
        monkeypatch.setattr(advisory, "PATIENCE", 0.3)
        with pytest.raises(LedgerUnavailable, match="did not answer"):
            await ledger.get(USERS, "a1")
        with pytest.raises(LedgerUnavailable):
            async with ledger.lock("a"):
                pytest.fail("no lock without a server")
    monkeypatch.undo()
    await write(ledger, "a1")
    async with ledger.lock("a"):
        pass
    await ledger.close()


async def test_what_was_given_up_does_not_happen_later(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waited was told 503: when the server goes on, it may not find the confirmation on its way."""
    ledger = await Ledger.open(server.database())
    meant = [intent(id=f"u{number}") for number in range(12)]
    for one in meant:
        await ledger.record(one)
    monkeypatch.setattr(postgres, "PATIENCE", 0.5)
    with server.paused():
        confirming = [ledger.confirm(one, Confirmed(one.id or "", one.id)) for one in meant]
        outcomes = await asyncio.gather(*confirming, return_exceptions=True)
        assert all(isinstance(outcome, LedgerUnavailable) for outcome in outcomes)
    monkeypatch.undo()
    await asyncio.sleep(0.5)
    assert await ledger.assertions(USERS) == []
    assert len(await ledger.unsettled()) == len(meant)
    await ledger.close()


async def test_a_lock_that_cannot_be_given_back_keeps_nobody_waiting(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server froze while the target was written to: the answer does not wait until it is well again."""
    monkeypatch.setattr(advisory, "RETURNING", 0.3)
    ledger = await Ledger.open(server.database())
    async with asyncio.timeout(10):
        async with ledger.lock("a"):
            server.pause()
    server.resume()
    async with ledger.lock("a"):
        await write(ledger, "a1")
    await ledger.close()


async def test_a_full_disk_is_unavailable_and_loses_nothing(tmp_path: Path) -> None:
    ledger = await Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    await write(ledger, "a1")
    session = ledger._store._writer._session  # type: ignore[attr-defined]
    pages = session.execute("PRAGMA page_count").fetchone()[0]
    session.execute(f"PRAGMA max_page_count = {pages}")
    meant = intent(id="a1")
    large = {"stored": {"note": "x" * 1_000_000}}
    with pytest.raises(LedgerUnavailable, match="full"):
        await ledger.confirm(meant, Confirmed("a1", "a1", **large))
    assert await ledger.get(USERS, "a1") is not None
    session.execute("PRAGMA max_page_count = 1000000")
    await ledger.confirm(meant, Confirmed("a1", "a1", **large))
    await ledger.close()


async def test_the_reasons_name_no_host_and_no_user(server: Postgres) -> None:
    url = server.database().replace("gateway@", "gateway:s3cret@")
    server.kill()
    with pytest.raises(LedgerUnavailable) as caught:
        await Ledger.open(url)
    assert "127.0.0.1" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
