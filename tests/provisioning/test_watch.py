"""A target, or the ledger, that goes away is said once, with its name and the next step; and that it is back."""

import asyncio
import logging
from pathlib import Path

import pytest
from scim2_models import NotFoundException

from connectors.errors import Unavailable
from gateway.ledger import LedgerUnavailable
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.watch import Watch
from gateway.provisioning.worker import Worker
from tests.provisioning.site import site

pytestmark = pytest.mark.anyio


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.name == "gateway.provisioning.watch"]
    caplog.clear()
    return found


async def test_an_outage_is_said_when_it_begins_and_when_it_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with site(tmp_path) as here:
        ann = (await here.post({"userName": "ann"}))["id"]
        assert said(caplog) == []
        here.weather.coming = ["before"]
        await here.patch(ann, {"title": "T"})
        assert said(caplog) == [], "a stumble within a request is no outage"
        here.weather.down = True
        for _ in range(5):
            with pytest.raises(Unavailable503):
                await here.get(ann)
        (line,) = said(caplog)
        assert line.startswith("target 'store' is away: the store is down.")
        assert "Next: " in line
        here.weather.down = False
        with pytest.raises(NotFoundException):
            await here.get("nobody")
        await here.get(ann)
        assert said(caplog) == ["target 'store' answers again"]


async def test_a_ledger_that_goes_away_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with site(tmp_path) as here:

        class Away(Worker):
            rounds = 0

            async def work(self) -> int:
                self.rounds += 1
                if self.rounds == 5:
                    self.stop()
                if self.rounds < 4:
                    raise LedgerUnavailable("it cannot be reached")
                return 0

        worker = Away(here.ledger, {"okta": here.provisioner}, pause=0.001)
        await asyncio.wait_for(worker.run(), 20)
        away, back = said(caplog)
        assert away.startswith("the ledger is away: it cannot be reached.")
        assert "server.ledger" in away
        assert back == "the ledger answers again"


def test_a_refused_login_has_a_step_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch("target 'corp'")
    watch.lost(Unavailable("the directory does not accept the login").detail)
    (line,) = said(caplog)
    assert line.startswith("target 'corp' refuses the login")
    assert "put right its login in config.toml" in line


def test_one_that_comes_and_goes_is_not_spoken_of_all_the_time(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    watch = Watch("target 'corp'", clock=lambda: now)
    for _ in range(50):
        now += 1
        watch.lost("it was lost")
        watch.answered()
    assert len(said(caplog)) == 2
    now += 60
    watch.lost("it was lost")
    assert len(said(caplog)) == 1
