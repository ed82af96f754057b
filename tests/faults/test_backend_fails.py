"""The target dies, freezes, is slow, restarts: before, during and after a write; one gateway through all of it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.outcomes import only_what_reduces_was_done, repeating_ends_it
from tests.faults.process import Process
from tests.faults.targets import Target
from tests.faults.words import Request, cast, is_503, leave, made, named, patch, person, remove, settled, soon, team

READS: list[Request] = [
    ("GET", "/Users?filter=userName%20eq%20%22x%22", None),
    ("GET", "/Groups?count=1", None),
]


def test_killed_before_a_write(gateway: Process, target: Target) -> None:
    told = cast(gateway, "dead")
    target.kill()
    reads = [*READS, ("GET", f"/Users/{told.ids['ann']}", None), ("GET", f"/Groups/{told.ids['one']}", None)]
    for answer in [gateway.begin(*request) for request in [*told.writes, *reads]]:
        is_503(answer.result(30))
    target.start()
    only_what_reduces_was_done(gateway, target, told)
    repeating_ends_it(gateway, target, told)


def test_frozen_beyond_the_deadline(gateway: Process, target: Target) -> None:
    """Some of the requests were sent and nobody knows; none of them is answered 2xx, and none is done twice."""
    told = cast(gateway, "frozen")
    target.freeze()
    reads = [*READS, ("GET", f"/Users/{told.ids['ann']}", None)] * 8
    answers = [gateway.begin(*request) for request in [*told.writes, *reads]]
    for answer in answers:
        is_503(answer.result(30))
    target.thaw()
    assert gateway.ask("GET", f"/Users/{told.ids['bob']}").status == 200, "it is back as soon as the target is"
    settled(gateway)
    assert not target.active("frozen")["ann"]
    assert not target.active("frozen")["dan"]
    assert "bob" not in target.groups("frozen")["one"]
    repeating_ends_it(gateway, target, told)


def test_frozen_for_less_than_the_deadline_is_only_slow(gateway: Process, target: Target) -> None:
    told = cast(gateway, "slow")
    target.freeze()
    answers = [gateway.begin(*request) for request in told.writes]
    time.sleep(1)
    target.thaw()
    assert [answer.result(30).status // 100 for answer in answers] == [2] * len(answers)
    assert target.active("slow") == {"ann": False, "bob": True, "cal": True, "dan": False, "zoe": True}
    assert target.groups("slow") == {"one": {"ann"}, "two": {"ann", "bob"}}


@pytest.mark.parametrize("where", ["request", "answer"])
def test_silent_in_the_middle_of_a_write(gateway: Process, target: Target, where: str) -> None:
    """The connection stands and the write is never answered; whether it was done, only a look can tell."""
    scene = f"silent{where}"
    told = cast(gateway, scene)
    target.gate.catch("request" if where == "request" else "answer")
    answers = [gateway.begin(*request) for request in told.writes]
    for number, answer in enumerate(answers):
        found = answer.result(30)
        if where == "answer" and found.ok:
            assert number == 0, "a look tells that zoe is there; of the others nobody heard an answer"
        else:
            is_503(found)
    target.gate.drop()
    settled(gateway)
    stands = target.active(scene)
    assert not stands["ann"]
    assert not stands["dan"]
    assert "bob" not in target.groups(scene)["one"]
    if where == "request":
        assert not stands["cal"], "a grant came back unasked"
        assert "zoe" not in stands
        assert "bob" not in target.groups(scene)["two"]
    elif answers[0].result().ok:
        assert gateway.ask(*remove(answers[0].result().body["id"])).status == 204
        assert gateway.ask(*person(scene, "zoe")).status == 201, "the same person returns"
        told = type(told)(scene, told.ids)
        assert target.active(scene)["zoe"]
        return
    repeating_ends_it(gateway, target, told)


def test_killed_during_writes_again_and_again(gateway: Process, target: Target) -> None:
    """What was answered 201 stands, and was there at once after the crash; what was not, a repetition makes, once."""
    scene, stop = "during", threading.Event()
    answers: dict[str, int] = {}

    def create(client: int) -> None:
        for number in range(40):
            if stop.is_set():
                return
            name = f"u{client}x{number}"
            answers[name] = gateway.ask(*person(scene, name)).status
            time.sleep(0.02 if answers[name] == 201 else 0.2)

    with ThreadPoolExecutor(4) as clients:
        running = [clients.submit(create, client) for client in range(4)]
        for _ in range(2):
            time.sleep(0.7)
            target.kill()
            time.sleep(0.2)
            done = {name for name, status in list(answers.items()) if status == 201}
            target.start()
            assert done <= set(target.users(scene)), "a 201 was lost by the crash"
        stop.set()
        for each in running:
            each.result(30)
    assert set(answers.values()) <= {201, 503}
    for name, status in answers.items():
        if status == 503:
            assert gateway.ask(*person(scene, name)).status == 201
        else:
            assert name in target.users(scene)
    assert set(target.users(scene)) == set(answers)


def test_restarted_between_two_requests_goes_unnoticed(gateway: Process, target: Target) -> None:
    told = cast(gateway, "restart")
    for answer in [gateway.begin("GET", f"/Users/{told.ids['bob']}") for _ in range(8)]:
        assert answer.result(30).status == 200
    target.kill()
    target.start()
    answers = [gateway.begin(*request) for request in told.writes]
    assert [answer.result(30).status // 100 for answer in answers] == [2] * len(answers)
    assert target.active("restart") == {"ann": False, "bob": True, "cal": True, "dan": False, "zoe": True}


def test_what_is_pending_survives_a_restart_of_the_gateway(gateway: Process, target: Target) -> None:
    ids = [made(gateway, person("patient", name)) for name in ("ann", "bob")]
    group = made(gateway, team("patient", "all", *ids))
    target.kill()
    for request in (patch(ids[0], active=False, name=named("Ann")), leave(group, ids[1]), remove(ids[1])):
        is_503(gateway.ask(*request))
    gateway.kill()
    gateway.start()
    is_503(gateway.ask("GET", f"/Users/{ids[0]}"))
    target.start()
    soon(lambda: not any(target.active("patient").values()))
    settled(gateway)
    assert target.groups("patient") == {"all": {"ann"}}
    assert gateway.ask("GET", f"/Users/{ids[0]}").body["active"] is False
    assert gateway.ask("GET", f"/Users/{ids[1]}").status == 404
