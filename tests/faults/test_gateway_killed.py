"""The gateway dies by SIGKILL in the middle of writes, between record and apply or between apply and confirm."""

import asyncio

from tests.faults.outcomes import only_what_reduces_was_done, repeating_ends_it
from tests.faults.process import NOTHING, Process
from tests.faults.targets import Target
from tests.faults.words import Cast, cast, settled


def killed_amid(gateway: Process, target: Target, told: Cast) -> None:
    """Kill the gateway once the target has all its writes in hand."""
    answers = [gateway.begin(*write) for write in told.writes]
    target.gate.caught(len(answers))
    gateway.kill()
    assert [answer.result(20) for answer in answers] == [NOTHING] * len(answers)
    target.gate.drop()


def test_between_record_and_apply_what_reduces_is_done_and_nothing_else(gateway: Process, target: Target) -> None:
    told = cast(gateway, "before")
    there = target.users("before")
    target.gate.catch("request")
    killed_amid(gateway, target, told)
    assert target.users("before") == there, "the writes were held"
    gateway.start()
    only_what_reduces_was_done(gateway, target, told)
    assert asyncio.run(gateway.left()) == ([], [])
    repeating_ends_it(gateway, target, told)


def test_between_apply_and_confirm_what_happened_stands_and_repeats_are_harmless(
    gateway: Process, target: Target
) -> None:
    told = cast(gateway, "after")
    target.gate.catch("answer")
    killed_amid(gateway, target, told)
    gateway.start()
    settled(gateway)
    assert target.active("after") == {"ann": False, "bob": True, "cal": True, "dan": False, "zoe": True}
    shown = gateway.ask("GET", f"/Users/{told.ids['cal']}").body
    assert shown["active"] is True, "a read tells what stands"
    repeating_ends_it(gateway, target, told)
    assert asyncio.run(gateway.left()) == ([], [])
