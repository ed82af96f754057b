"""The tests in a mapping file: ``[[test]]``, carried out in the mind, without a target."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scim2_models import SCIMException

from gateway.mapping.compiled import Mapping as CompiledMapping
from gateway.mapping.compiled import ResourceMapping
from gateway.mapping.errors import Message, suggest
from gateway.mapping.laws.filetest_values import Children, canonical, dn, flattened, held, shown_value, similar
from gateway.mapping.laws.simulation import Document, State, carried_out, created, is_idle, updated
from gateway.mapping.model import FileTest, MappingFile, Place

UNCHANGED = "what was read is written back, and nothing may change"
"""What every test is also tried for."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one ``[[test]]`` went.

    :param lines: what was expected and what came instead; empty when all is well.
    """

    __test__ = False  # not a class of tests for pytest

    name: str
    place: Place
    ok: bool
    lines: tuple[str, ...] = ()

    @property
    def message(self) -> Message:
        """The result as one message, for a refusal to start."""
        return Message(self.place, f"test {self.name!r} fails: {'; '.join(self.lines)}")


def run_tests(mapping: CompiledMapping, file: MappingFile) -> list[TestResult]:
    """Run every test of a file."""
    return [_result(mapping.resources[test.resource], test) for test in file.tests]


def _result(resource: ResourceMapping, test: FileTest) -> TestResult:
    lines = tuple(_Run(resource, test).faults())
    return TestResult(test.name, test.place, not lines, lines)


class _Run:
    """One test: what the target holds, what is sent, what comes of it."""

    def __init__(self, resource: ResourceMapping, test: FileTest) -> None:
        self.resource, self.test = resource, test
        self.children = Children(resource.section.children)

    def faults(self) -> Iterator[str]:
        """Yield a line for everything that is not as expected."""
        test = self.test
        try:
            state, calls = self._carried_out()
        except SCIMException as error:
            yield from self._refused(error)
            return
        if test.fails is not None:
            yield f"a refusal was expected ({_refusal(test.fails)}), and nothing was refused"
            return
        shown = self.resource.read(state.entry, state.stored)
        yield from self._given(state)
        yield from _differences("reads", test.reads or {}, shown)
        if test.calls is not None and list(test.calls) != calls:
            yield f"calls: expected {list(test.calls)!r}, got {calls!r}"
        yield from self._unchanged(state, shown)

    def _carried_out(self) -> tuple[State, list[str]]:
        test = self.test
        entry = dict(flattened(test.entry or {}, set(self.resource.spec.attributes)))
        before = State(self.children.entered(entry), _ledger(self.resource, test.last))
        if test.scim is None:
            return before, []
        document = canonical(test.scim, self.resource)
        last = canonical(test.last, self.resource) if test.last is not None else None
        if test.entry is None and last is None:
            return self._with_lifecycle(*created(self.resource, document, None), None)
        if test.entry is None and last is not None:
            before, _ = created(self.resource, last, None)
        return self._with_lifecycle(*updated(self.resource, document, before, last), before)

    def _with_lifecycle(self, state: State, plan: Any, before: State | None) -> tuple[State, list[str]]:
        """Add what the lifecycle does when an object is switched off: stamps, a move, calls."""
        if before is None or plan.activation is not False:
            return state, []
        from datetime import UTC, datetime

        id = str((self.test.entry or {}).get(self.resource.section.anchor, "{id}"))
        extra = self.resource.plan_lifecycle("deactivate", state.entry, datetime.now(UTC))
        following = self.resource.lifecycle.after
        calls = [after.said.replace("{id}", id) for after in following if "deactivate" in after.on]
        return carried_out(extra, state), calls

    def _refused(self, error: SCIMException) -> Iterator[str]:
        wanted = self.test.fails
        if wanted is None:
            yield f"refused: {error.detail}"
            return
        if "scimType" in wanted and error.scim_type != wanted["scimType"]:
            yield f"fails.scimType: expected {wanted['scimType']!r}, got {error.scim_type!r} ({error.detail})"
        if "status" in wanted and error.status != wanted["status"]:
            yield f"fails.status: expected {wanted['status']}, got {error.status} ({error.detail})"
        if "attr" in wanted and str(wanted["attr"]).lower() not in str(error.detail).lower():
            yield f"fails.attr: expected {wanted['attr']!r} to be named, got {error.detail!r}"

    def _given(self, state: State) -> Iterator[str]:
        wanted = dict(self.test.gives or {})
        if "dn" in wanted and "dn" not in self.resource.spec.attributes:
            expected = wanted.pop("dn")
            name = dn(self.resource.section, state)
            if name != expected:
                yield f"gives.dn: expected {expected!r}, got {name!r}"
        known = {*self.resource.spec.attributes, *state.attributes}
        for name, expected in flattened(wanted, known):
            got = self.children.shown(name, state.attributes.get(name, ()))
            if expected is False and not got:
                continue
            if not similar(expected, held(got)):
                hint = suggest(name, known) if name not in known else ""
                yield f"gives.{name}: expected {expected!r}, got {shown_value(got)}{hint}"

    def _unchanged(self, state: State, shown: Document) -> Iterator[str]:
        for last in (shown, canonical(self.test.scim, self.resource) if self.test.scim else None):
            try:
                after, plan = updated(self.resource, shown, state, last)
            except SCIMException as error:
                yield f"{UNCHANGED}: refused: {error.detail}"
                return
            if not is_idle(plan, state):
                names = sorted({change.attribute for change in plan.changes} | set(plan.stored))
                for name in names:
                    before, then = state.attributes.get(name, ()), after.attributes.get(name, ())
                    yield f"{UNCHANGED}: {name} changed from {shown_value(before)} to {shown_value(then)}"
                return


def _ledger(resource: ResourceMapping, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the ledger keeps of an assertion that was confirmed before."""
    if last is None:
        return {}
    try:
        return dict(created(resource, canonical(last, resource), None)[0].stored)
    except SCIMException:
        return {}  # an assertion of which only a part is told


def _differences(key: str, wanted: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[str]:
    """Compare what is named; ``false`` is absence unless the value is a boolean itself."""
    for name, expected in wanted.items():
        found = next((value for each, value in got.items() if each.lower() == name.lower()), None)
        if isinstance(expected, dict) and isinstance(found, dict):
            yield from _differences(f"{key}.{name}", expected, found)
        elif expected is False and found is None:
            continue
        elif not similar(expected, found):
            yield f"{key}.{name}: expected {expected!r}, got {'nothing' if found is None else repr(found)}"


def _refusal(wanted: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in wanted.items())
