"""The gateway dies by SIGKILL in the middle of writes, between record and apply or between apply and confirm."""

import asyncio

from tests.faults.process import NOTHING, Process
from tests.faults.targets import Target
from tests.faults.words import Request, join, leave, made, named, patch, person, remove, settled, soon, team


def scene(gateway: Process) -> tuple[dict[str, str], list[Request]]:
    """Everybody who is there, and a write of each kind."""
    ids = {name: made(gateway, person(name)) for name in ("ann", "bob", "cal", "dan")}
    assert gateway.ask(*patch(ids["cal"], active=False)).status == 200
    ids["one"] = made(gateway, team("one", ids["ann"], ids["bob"]))
    ids["two"] = made(gateway, team("two", ids["ann"]))
    return ids, [
        person("zoe"),
        patch(ids["ann"], active=False, name=named("Ann")),
        patch(ids["cal"], active=True),
        leave(ids["one"], ids["bob"]),
        join(ids["two"], ids["bob"]),
        remove(ids["dan"]),
    ]


def killed_with(gateway: Process, target: Target, writes: list[Request]) -> None:
    """Kill the gateway once the target has all of these in hand."""
    answers = [gateway.begin(*write) for write in writes]
    target.gate.caught(len(writes))
    gateway.kill()
    assert [answer.result(20) for answer in answers] == [NOTHING] * len(writes)
    target.gate.drop()


def test_between_record_and_apply_what_reduces_is_done_and_nothing_else(gateway: Process, target: Target) -> None:
    ids, writes = scene(gateway)
    before = target.users
    target.gate.catch("request")
    killed_with(gateway, target, writes)
    assert target.users == before
    gateway.start()
    soon(lambda: not target.users["ann"]["active"] and not target.users["dan"]["active"])
    settled(gateway)
    users = target.users
    assert set(users) == set(before), "nobody was created unasked"
    assert users["ann"].get("givenName") is None, "what takes nothing away is for the IdP to send again"
    assert not users["cal"]["active"], "a grant came back unasked"
    assert target.groups == {"one": {"ann"}, "two": {"ann"}}
    assert gateway.ask("GET", f"/Users/{ids['dan']}").status == 404
    assert asyncio.run(gateway.left()) == ([], [])
    repeated(gateway, target, ids, writes)


def test_between_apply_and_confirm_what_happened_stands_and_repeats_are_harmless(
    gateway: Process, target: Target
) -> None:
    ids, writes = scene(gateway)
    target.gate.catch("answer")
    killed_with(gateway, target, writes)
    gateway.start()
    settled(gateway)
    assert set(target.users) == {"ann", "bob", "cal", "dan", "zoe"}
    assert not target.users["ann"]["active"]
    shown = gateway.ask("GET", f"/Users/{ids['cal']}").body
    assert shown["active"] is target.users["cal"]["active"] is True, "a read tells what stands"
    repeated(gateway, target, ids, writes)


def repeated(gateway: Process, target: Target, ids: dict[str, str], writes: list[Request]) -> None:
    """The IdP, which heard nothing, says it all again."""
    for write in writes[:-1]:
        answer = gateway.ask(*write)
        assert answer.ok, (write, answer)
    assert gateway.ask(*writes[-1]).status == 404, "deleted it is by now"
    users = target.users
    assert set(users) == {"ann", "bob", "cal", "dan", "zoe"}
    assert {name: told["active"] for name, told in users.items()} == {
        "ann": False, "bob": True, "cal": True, "dan": False, "zoe": True,
    }  # fmt: skip
    assert users["ann"]["givenName"] == "Ann"
    assert target.groups == {"one": {"ann"}, "two": {"ann", "bob"}}
    assert gateway.ask(*person("zoe")).status == 409, "it is managed and live now"
    assert asyncio.run(gateway.left()) == ([], [])
