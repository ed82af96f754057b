"""The plans of one resource type: create, update, and the events of its life."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scim2_models import MutabilityException

from connectors.entry import Attributes, Change, Entry, Kind
from gateway.mapping.model import Lifecycle
from gateway.mapping.planning.events import Events, forced
from gateway.mapping.planning.request import Request, RowChoice
from gateway.mapping.rows import derived
from gateway.mapping.rows.bound import BoundRow, Shape
from gateway.mapping.rows.derived import BoundSet, Parents
from gateway.mapping.rows.meanings import Held, Made
from gateway.mapping.rows.plan import (
    Draft,
    Plan,
    all_into,
    asked,
    into,
    missing,
    own,
    plain,
    respelt,
    several,
    swap,
    truth,
    unsaid,
)
from gateway.mapping.rows.slots import Lack
from gateway.mapping.targets import single_valued

Document = Mapping[str, Any]
Last = Document | None
Read = Callable[[Entry, Document, Last], dict[str, Any]]


class Planner:
    """Plans for one resource type.

    :param rows: the rows of ``map``. :param read: how an entry reads, for derived values.
    :param marker: attribute and value of managed entries, or None. :param target: the kind of target.
    """

    def __init__(
        self,
        rows: Sequence[BoundRow],
        sets: Sequence[BoundSet],
        parents: Parents,
        lifecycle: Lifecycle,
        read: Read,
        marker: tuple[str, Any] | None = None,
        target: str = "",
    ) -> None:
        written = [row for row in rows if row.writes]
        self.choice = RowChoice(written)
        self.sets = list(sets)
        self.parents = parents
        self.lifecycle = lifecycle
        self.read = read
        self.marker = marker
        self.marking = Kind.REPLACE if marker is not None and single_valued(target)(marker[0]) else Kind.ADD
        active = next((row for row in written if row.is_active and row.attr), None)
        self.events = Events(lifecycle, active, target == "ldap")
        inputs = frozenset[str]().union(*(each.inputs for each in sets), parents.inputs)
        self.unread = inputs - {row.path.top for row in rows if row.reads}
        self.feeding = {row.attr or row.name for row in rows if row.path.top in inputs}

    def create(self, resource: Document) -> Plan:
        """Everything a new entry has. :raises InvalidValueException: a value is missing or cannot be taken."""
        draft = Draft()
        for row in self.choice.in_documents(resource):
            if row.when is None or row.when(resource):
                self._create(row, asked(row, resource), draft)
        derived.create(self.sets, self.parents, resource, draft)
        if self.marker is not None:
            draft.add(self.marker[0], [self.marker[1]])
        return draft.plan()

    def _create(self, row: BoundRow, value: Any, draft: Draft) -> None:
        lacking = value is None or isinstance(value, Lack)
        if lacking and row.is_active:
            value, lacking = True, False
        target = row.row.create
        if target is not None and (lacking or row.out(target) == value):
            made = [target]
        else:
            if lacking:
                value = row.row.default
            made = [] if value is None else all_into(row, value)
            if not made and row.required:
                raise missing(row)
        if row.is_active:
            draft.activation = value is not False
        if row.attr is None:
            if value is not None:
                draft.stored[row.name] = kept(row, value)
        elif made:
            draft.add(row.attr, made)
            after = tuple(made)
            draft.note(row.name, row.attr, None, after if row.row.ref is None else plain(after), row.secret)

    def update(
        self, resource: Document, entry: Entry, stored: Document, last: Last, named: frozenset[str] | None,
        *, restore: bool = False, edited: bool | None = None,
    ) -> Plan:  # fmt: skip
        """The real differences between what is asserted and what is there. See ``ResourceMapping.plan_update``."""
        draft = Draft()
        ask = Request(resource, entry, stored, last, named, restore, edited)
        for row in ask.rows(self.choice):
            if row.when is None or row.when(resource, entry):
                self._update(row, ask, draft)
        self._derived(ask, draft)
        if self.marker is not None and last is None and self.marker[1] not in entry.attributes.get(self.marker[0], ()):
            draft.changes.append(Change(self.marking, self.marker[0], (self.marker[1],)))
        return draft.plan()

    def _update(self, row: BoundRow, ask: Request, draft: Draft) -> None:
        value, before = asked(row, ask.resource, ask.named), ask.before(row)
        held: tuple[Any, ...] = ask.entry.attributes.get(row.attr, ()) if row.attr else ()
        if row.is_active:
            self._activate(row, value, before, held, ask, draft)
            return
        explicit = ask.edited or not unsaid(value)
        if unsaid(value):
            # A PUT that leaves an immutable value out does not ask to clear it (RFC 7644 §3.5.1).
            if (row.frozen and not ask.edited) or not ask.removes(row, value, before):
                return
            value = None
        if value is None and (row.is_password or _kept(row, explicit)):
            return
        if not _applies(row, value, before, held, ask):
            return
        if value is None:
            value = row.row.default
            if value is None and row.required:
                raise missing(row)
        if row.attr is None:
            self._remember(row, value, ask, draft)
            return
        changes, was, now = _difference(row, value, before, held, ask)
        if changes and now is None and row.required:
            raise missing(row)
        if changes and not respelt(row, value, before, was, now):
            _admit(row, held, now, changes, draft)
            draft.note(row.name, row.attr, plain(was), plain(now), row.secret)

    def _activate(
        self, row: BoundRow, value: Any, before: Any, held: tuple[Any, ...], ask: Request, draft: Draft
    ) -> None:
        """``active = false`` is always enforced; true only undoes what this connection did (rule 9)."""
        if value is None or isinstance(value, Lack):
            # Omitted and null say nothing (rule 8). A PATCH that removes it clears what is a plain value in the target.
            if ask.edited and row.attr is not None and row.pipeline.plain and not row.required:
                changes, was, now = swap(row, None, held, before)
                draft.changes += changes
                draft.note(row.name, row.attr, plain(was), plain(now), row.secret)
            return
        if row.attr is None:
            self._remember(row, value, ask, draft)
            draft.activation = draft.stored.get(row.name)
            return
        off = not truth(row, value)
        if not off and not _may_enable(row, before, held, ask):
            return
        lasting = off and row.pipeline.fleeting and ask.last is not None and before is not False
        if lasting:
            changes, was, now = forced(row, held)
        else:
            changes, was, now = swap(row, value, held, before)
        if changes:
            draft.changes += changes
            draft.activation = not off
            draft.reducing += changes if off else []
            draft.note(row.name, row.attr, plain(was), plain(now), row.secret)

    def _remember(self, row: BoundRow, value: Any, ask: Request, draft: Draft) -> None:
        value = None if value is None else kept(row, value)
        if ask.stored.get(row.name) != value:
            draft.stored[row.name] = value

    def _derived(self, ask: Request, draft: Draft) -> None:
        inputs = [each.inputs for each in self.sets if each.row.apply != "create"] + [self.parents.inputs]
        if not any(ask.touched(each) for each in inputs) or not self._moved(ask, draft):
            return
        before = self._with_unread(self.read(ask.entry, ask.stored, ask.last), ask.last or {})
        later = Entry(ask.entry.id, applied(ask.entry.attributes, draft.changes))
        after = self._with_unread(self.read(later, {**ask.stored, **draft.stored}, ask.resource), ask.resource)
        derived.update(self.sets, before, after, ask.entry, ask.touched, draft)
        gone = self.lifecycle.deactivate == "move" and False in (before.get("active"), ask.resource.get("active"))
        if ask.touched(self.parents.inputs) and not gone:
            derived.move(self.parents, before, after, draft)

    def _moved(self, ask: Request, draft: Draft) -> bool:
        """Whether anything changes that a derived value can come from."""
        if self.unread or any(
            each.row.apply == "if-empty" and each.attr not in ask.entry.attributes for each in self.sets
        ):
            return True
        return not self.feeding.isdisjoint((*(change.attribute for change in draft.changes), *draft.stored))

    def _with_unread(self, document: dict[str, Any], source: Document) -> dict[str, Any]:
        """Add what derived values read and no row shows, from an asserted document."""
        for top in self.unread:
            extension, colon, name = top.rpartition(":")
            holder = source.get(extension) if colon else source
            if isinstance(holder, Mapping) and name in holder:
                (document.setdefault(extension, {}) if colon else document)[name] = holder[name]
        return document


def _may_enable(row: BoundRow, before: Any, held: tuple[Any, ...], ask: Request) -> bool:
    """Whether ``active = true`` is this connection's to say. What reads as neither on nor off is no lock of others,
    as long as this connection never spoke of it."""
    if ask.restore or before is False or (row.row.apply_given and row.row.apply == "always"):
        return True
    return isinstance(before, Lack) and (not held or row.out(row.chosen(held, before)) is None)


def _kept(row: BoundRow, explicit: bool) -> bool:
    """Whether clearing leaves the target's value: ``on_clear = "keep"``, and no default that takes its place."""
    return row.row.on_clear == "keep" and not (explicit and row.row.default is not None)


def _applies(row: BoundRow, value: Any, before: Any, held: tuple[Any, ...], ask: Request) -> bool:
    match row.row.apply:
        case "create":
            return False
        case "if-empty":
            return not held and (row.attr is not None or ask.stored.get(row.name) is None)
        case "on-change":
            return bool(value != (None if isinstance(before, Lack) else before))
    return True


def _difference(
    row: BoundRow, value: Any, before: Any, held: tuple[Any, ...], ask: Request
) -> tuple[list[Change], Any, Any]:
    if row.pipeline.varies or row.is_password:
        made = None if value is None else into(row, value)
        return ([], None, None) if made is None else ([Change(Kind.REPLACE, row.attr or "", (made,))], None, made)
    if row.shape is Shape.ONE:
        return swap(row, value, held, before)
    if row.shape is Shape.WHOLE:
        return own(row, value, held)
    return several(row, value, held, before, _removed(row, value, held) if ask.edited else ())


def _removed(row: BoundRow, value: Any, held: tuple[Any, ...]) -> tuple[Any, ...]:
    """What an edit takes away: a request that only takes away means it; one that also adds is a replace (rule 17)."""
    made = [] if value is None else all_into(row, value)
    standing = Held(row, held)
    if not all(standing.has(each) for each in made):
        return ()
    kept = Made(row, made)
    return tuple(there for there in held if not kept.has(there))


def _admit(row: BoundRow, held: tuple[Any, ...], now: Any, changes: list[Change], draft: Draft) -> None:
    if row.frozen and held:
        raise MutabilityException(
            attribute=row.name, mutability="immutable", detail=f"{row.name} is set once and cannot change"
        )
    if row.row.immutable == "recreate" and held and now is not None:
        draft.recreate = True
    else:
        draft.changes += changes


def kept(row: BoundRow, value: Any) -> Any:
    """Return a value as the ledger keeps it: in SCIM's form, as the row's steps spell it."""
    if row.shape is not Shape.ONE or row.row.ref is not None:
        return value
    made = into(row, value)
    return None if made is None else row.out(made)


def applied(attributes: Attributes, changes: Sequence[Change]) -> Attributes:
    """The attributes as they will be once ``changes`` are applied."""
    after = dict(attributes)
    for change in changes:
        held = after.get(change.attribute, ())
        if change.kind is Kind.REPLACE:
            values = change.values
        elif change.kind is Kind.ADD:
            values = (*held, *(value for value in change.values if value not in held))
        else:
            values = tuple(value for value in held if value not in change.values)
        if values:
            after[change.attribute] = values
        else:
            after.pop(change.attribute, None)
    return after
