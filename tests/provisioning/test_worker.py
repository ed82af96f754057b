"""The worker when something goes wrong with one object, or with one target: nobody else is kept waiting (rule 16)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.entry import Entry
from connectors.errors import Unavailable
from gateway.ledger.model import Intent
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.ground import Ground
from gateway.provisioning.recovery import recovery
from tests.provisioning.site import Site, site

pytestmark = pytest.mark.anyio


class Sessions:
    """What follows a deactivation: it can be away, and for some it has a fault."""

    def __init__(self) -> None:
        self.away = True
        self.faulty: set[str] = set()
        self.tried: list[str] = []

    async def __call__(self, event: str, id: str, entry: Entry | None) -> None:
        self.tried.append(id)
        if id in self.faulty:
            raise KeyError("a fault of the program")
        if self.away:
            raise Unavailable("away")


async def owing(here: Site, names: Sequence[str]) -> list[str]:
    """People whose deactivation an outage kept from being finished."""
    ids = [(await here.post({"userName": name}))["id"] for name in names]
    for id in ids:
        with pytest.raises(Unavailable503):
            await here.patch(id, {"active": False})
        here.clock.forward(1)
    return ids


async def test_rule_16_a_fault_in_one_attempt_keeps_nobody_else_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = Sessions()
    async with site(tmp_path, after=sessions) as here:
        ann, *_ = await owing(here, ("ann", "bob", "eve"))
        sessions.away, sessions.faulty = False, {ann}
        assert await here.later() == 2
        (left,) = await here.ledger.pending()
        assert (left.id, left.failed, left.reason) == (ann, False, "the attempt failed: KeyError")
        assert "pending work failed" in caplog.text
        sessions.faulty.clear()
        assert await here.later() == 1, "it was not tried again"


async def test_rule_16_one_attempt_tells_that_the_target_is_away(tmp_path: Path) -> None:
    sessions = Sessions()
    async with site(tmp_path, after=sessions) as here:
        ids = await owing(here, [f"u{number}" for number in range(6)])
        sessions.tried.clear()
        assert await here.later() == 0
        assert sessions.tried == ids[:1], "each of them waited for the whole deadline"
        sessions.away = False
        assert await here.later() == 6


async def test_rule_16_what_cannot_be_settled_after_a_crash_keeps_nothing_else_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it takes away is parked all the same, and the next intent has its turn."""
    async with site(tmp_path) as here:
        ann, bob = [(await here.post({"userName": name}))["id"] for name in ("ann", "bob")]
        for id in (ann, bob):
            here.weather.coming = ["crash"]
            with pytest.raises(asyncio.CancelledError):
                await here.patch(id, {"active": False})
        here.restarted()
        look = recovery._entry

        async def faulty(ground: Ground, intent: Intent) -> Entry | None:
            if intent.id == ann:
                raise KeyError("a fault of the program")
            return await look(ground, intent)

        monkeypatch.setattr(recovery, "_entry", faulty)
        await here.worker().recover(here.clock())
        assert len(await here.ledger.unsettled()) == 2, "a replica may be working on them"
        here.clock.forward(60)
        await here.worker().recover(here.clock())
        assert await here.ledger.unsettled() == []
        assert await here.worker().work() == 1, "where the target answers, nobody waits for the worker's first pause"
        assert here.entry(bob)["state"] == ("off",)
        assert await here.later() == 1
        assert here.entry(ann)["state"] == ("off",)
