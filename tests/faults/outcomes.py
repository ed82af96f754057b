"""How a scene has to end, told by what stands in the target."""

from tests.faults.process import Process
from tests.faults.targets import Target
from tests.faults.words import Cast, person, settled, soon


def only_what_reduces_was_done(gateway: Process, target: Target, cast: Cast) -> None:
    """None of the writes was answered 2xx, none had reached the target: the worker ends what takes access away."""
    scene = cast.scene
    soon(lambda: not target.active(scene)["ann"] and not target.active(scene)["dan"])
    settled(gateway)
    assert target.active(scene) == {"ann": False, "bob": True, "cal": False, "dan": False}, "a grant came unasked"
    assert target.users(scene)["ann"].get("givenName") is None, "what takes nothing away is for the IdP to send again"
    assert target.groups(scene) == {"one": {"ann"}, "two": {"ann"}}
    assert gateway.ask("GET", f"/Users/{cast.ids['dan']}").status == 404


def repeating_ends_it(gateway: Process, target: Target, cast: Cast) -> None:
    """The IdP, which heard of no success, says it all again; then everything is as it wants, once."""
    *others, deletion = cast.writes
    for write in others:
        answer = gateway.ask(*write)
        assert answer.ok, (write, answer)
    assert gateway.ask(*deletion).status == 404, "deleted it is by now"
    scene = cast.scene
    assert target.active(scene) == {"ann": False, "bob": True, "cal": True, "dan": False, "zoe": True}
    assert target.users(scene)["ann"]["givenName"] == "Ann"
    assert target.groups(scene) == {"one": {"ann"}, "two": {"ann", "bob"}}
    assert gateway.ask(*person(scene, "zoe")).status == 409, "it is managed and live now"
    settled(gateway)
