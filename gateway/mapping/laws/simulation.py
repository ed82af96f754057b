"""An entry in the mind: plans carried out on plain values, without a target, for laws and for tests in files."""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Any

from connectors.entry import PARENT, Change, Entry, Kind, Value
from gateway.mapping.compiled import Plan, ResourceMapping

Held = dict[str, tuple[Value, ...]]
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What the target and the ledger hold for one object.

    :param attributes: as an ``Entry`` has them, secrets included.
    :param stored: the ledger's values by SCIM path.
    :param parent: where the entry lives, where the mapping says so.
    """

    attributes: Held = field(default_factory=dict)
    stored: Table[str, Any] = field(default_factory=dict)
    parent: str | None = None

    @property
    def entry(self) -> Entry:
        return Entry("id-of-the-entry", self.attributes)


def created(resource: ResourceMapping, document: Document, last: Document | None = None) -> tuple[State, Plan]:
    """Return what a creation leaves, and its plan."""
    plan = resource.plan_create(document, last)
    attributes = {name: values for name, values in plan.attributes.items() if values}
    parent = attributes.pop(PARENT, None)
    return State(attributes, _stored({}, plan), _text(parent)), plan


def updated(
    resource: ResourceMapping,
    document: Document,
    state: State,
    last: Document | None,
    named: frozenset[str] | None = None,
) -> tuple[State, Plan]:
    """Return what an update leaves, and its plan."""
    plan = resource.plan_update(document, state.entry, state.stored, last, named)
    return carried_out(plan, state), plan


def carried_out(plan: Plan, state: State) -> State:
    """Return what the changes of a plan leave."""
    attributes = dict(state.attributes)
    parent = state.parent
    for change in plan.changes:
        if change.attribute == PARENT:
            parent = _text(change.values)
        else:
            _apply(change, attributes)
    return State(attributes, _stored(state.stored, plan), parent)


def is_idle(plan: Plan, state: State) -> bool:
    """Whether a plan changes nothing, neither in the target nor in the ledger."""
    return not plan.changes and _stored(state.stored, plan) == dict(state.stored)


def _apply(change: Change, attributes: Held) -> None:
    held = attributes.get(change.attribute, ())
    match change.kind:
        case Kind.REPLACE:
            held = change.values
        case Kind.ADD:
            held = (*held, *(value for value in change.values if value not in held))
        case Kind.REMOVE:
            held = tuple(value for value in held if value not in change.values)
    attributes[change.attribute] = held
    if not held:
        del attributes[change.attribute]


def _stored(before: Table[str, Any], plan: Plan) -> dict[str, Any]:
    after = {**before, **plan.stored}
    return {path: value for path, value in after.items() if value is not None}


def _text(values: Any) -> str | None:
    return str(values[0]) if values else None
