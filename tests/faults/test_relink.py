"""The ledger is lost with everything in it: ``dirbridge relink`` takes the objects back into care (rule 21)."""

from tests.faults.process import Process
from tests.faults.targets import Target
from tests.faults.words import cast, join, leave, named, patch, person, remove, settled


def test_rule_21_a_lost_ledger_is_rebuilt_from_the_target(gateway: Process, target: Target) -> None:
    told = cast(gateway, "lost")
    ids = told.ids
    there = target.seen.traces()
    gateway.kill()
    for file in gateway.config.parent.glob("ledger.db*"):
        file.unlink()
    target.kill()
    assert gateway.verb("relink", "--all").returncode == 3, "the target cannot be read"
    target.start()
    dry = gateway.verb("relink", "--all", "--dry-run")
    assert "User: 4 would be linked" in dry.stdout, dry
    done = gateway.verb("relink", "--all")
    assert (done.returncode, "User: 4 linked" in done.stdout, "Group: 2 linked" in done.stdout) == (0, True, True), done
    again = gateway.verb("relink", "--all")
    assert "User: 0 linked, 4 known already" in again.stdout
    assert target.seen.traces() == there, "relink writes nothing to the target"
    gateway.start()
    assert gateway.ask(*person("lost", "ann")).status == 409, "she is managed, and by this connection"
    shown = gateway.ask("GET", f"/Users/{ids['cal']}").body
    assert (shown["id"], shown["active"]) == (ids["cal"], False)
    put = {key: value for key, value in person("lost", "ann")[2].items() if key != "externalId"}
    assert gateway.ask("PUT", f"/Users/{ids['ann']}", put).status == 200
    assert gateway.ask(*patch(ids["cal"], name=named("Cal"))).status == 200
    assert not target.active("lost")["cal"], "nobody is unlocked by the loss of a ledger"
    writes = [patch(ids["ann"], active=False), leave(ids["one"], ids["bob"]), join(ids["two"], ids["bob"])]
    for request in (*writes, remove(ids["dan"])):
        answer = gateway.ask(*request)
        assert answer.ok, (request, answer)
    assert gateway.ask("GET", f"/Users/{ids['dan']}").status == 404
    assert target.active("lost") == {"ann": False, "bob": True, "cal": False, "dan": False}
    assert target.groups("lost") == {"one": {"ann"}, "two": {"ann", "bob"}}
    settled(gateway)
