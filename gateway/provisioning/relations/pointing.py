"""Single references such as ``manager``, on their way to the target (rule 18).

What an IdP sends may be a SCIM id or an externalId, and may name someone who is not here yet: then the raw value is
kept, answered, and resolved when that someone arrives.
"""

from collections.abc import Sequence
from functools import partial

from connectors.contract import Query
from connectors.entry import Attributes, Change, Entry, Kind, Ref, Value
from gateway.ledger.model import AuditChange, Confirmed, Deferred
from gateway.provisioning.documents import speaks_of
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.protocol.protocol import Write, carry_out
from gateway.provisioning.protocol.standing import Standing
from gateway.provisioning.protocol.touching import reached
from gateway.provisioning.retry import holds


async def resolved(
    ground: Ground, there: Standing, entry: Entry, named: frozenset[str] | None, changes: Sequence[Change]
) -> tuple[tuple[Change, ...], tuple[Deferred, ...] | None]:
    """The changes in ids of the target, without those that turn out to hold already.

    :return: and all deferred references of the object from now on; None where they stay as they are.
    """
    before = there.assertion.deferred if there.assertion else ()
    kept = [one for one in before if not speaks_of(named, one.path)]
    new: list[Deferred] = []
    result = []
    for change in changes:
        if not is_reference(ground, change.attribute):
            result.append(change)
            continue
        values, deferred = await _values(ground, change.attribute, change.values, change.kind)
        new += deferred
        turned = Change(change.kind, change.attribute, values)
        if not holds(entry, turned):
            result.append(turned)
    after = (*kept, *new)
    return tuple(result), None if after == before else after


async def resolved_attributes(ground: Ground, attributes: Attributes) -> tuple[Attributes, tuple[Deferred, ...]]:
    """The same for the attributes of a new entry."""
    result, deferred = dict(attributes), list[Deferred]()
    for name in [name for name in attributes if is_reference(ground, name)]:
        values, missing = await _values(ground, name, attributes[name], Kind.ADD)
        deferred += missing
        result[name] = values
    return {name: values for name, values in result.items() if values}, tuple(deferred)


def is_reference(ground: Ground, attribute: str) -> bool:
    """Whether an attribute holds single references; members are another matter."""
    return not attribute.startswith("@") and attribute in ground.mapping.spec.references


async def _values(
    ground: Ground, attribute: str, values: Sequence[Value], kind: Kind
) -> tuple[tuple[Value, ...], list[Deferred]]:
    found, missing = list[Value](), list[Deferred]()
    for value in values:
        anchor = await _anchor(ground, attribute, value.id) if isinstance(value, Ref) else None
        if anchor is not None:
            found.append(Ref(anchor))
        elif not isinstance(value, Ref) or kind is Kind.REMOVE:
            found.append(value)
        else:
            missing.append(Deferred(path_of(ground, attribute), _types(ground, attribute)[0], value.id))
    return tuple(found), missing


async def _anchor(ground: Ground, attribute: str, raw: str) -> str | None:
    for name in _types(ground, attribute):
        kind = ground.others.get(name)
        anchor = await _anchor_of(kind, raw) if kind else None
        if anchor is not None:
            return anchor
    return None


async def _anchor_of(kind: Ground, raw: str) -> str | None:
    """Where somebody lives; None also for those outside the scope, who do not exist for this connection (rule 25)."""
    anchor = await _known_as(kind, raw)
    if anchor is None or kind.mapping.scope_filter is None:
        return anchor
    page = await kind.collection.search(Query(ids=[anchor], attributes=kind.mapping.guard_attributes, count=False))
    inside = [entry.id for entry in page.entries if kind.mapping.in_scope(kind.mapping.read(entry, {}), entry)]
    return anchor if inside else None


async def _known_as(kind: Ground, raw: str) -> str | None:
    known = (await kind.ledger.by_ids(kind.scope, [raw])).get(raw)
    if known is not None and (known.life == "deleted" or known.anchor is not None):
        return known.anchor if known.life == "live" else None
    for assertion in await kind.ledger.by_external(kind.scope, raw):
        if assertion.life == "live" and assertion.anchor is not None:
            return assertion.anchor
    seen = await kind.ledger.seen(kind.scope)
    anchor = seen.anchor_of(raw)
    if anchor is None or anchor in seen.hidden:
        return None
    page = await kind.collection.search(Query(ids=[anchor], attributes=frozenset(), limit=1, count=False))
    return anchor if page.entries else None


def _types(ground: Ground, attribute: str) -> tuple[str, ...]:
    return ground.mapping.spec.references[attribute].collections


def path_of(ground: Ground, attribute: str) -> str:
    """The SCIM path of the row that writes an attribute."""
    for row in ground.mapping.section.rows:
        if row.attr == attribute and row.direction == "map":
            return ground.mapping.attributes.canonical(row.path) or row.path
    return attribute


async def arrive(ground: Ground, id: str, external_id: str | None) -> None:
    """Someone is here now under an id and an externalId: resolve the references that waited for them."""
    names = [id, external_id] if external_id else [id]
    for scope, holder, deferred in await ground.ledger.waiting_for(ground.scope, names):
        kind = ground.others.get(scope.resource_type)
        if kind is not None:
            await under_locks(kind, frozenset({kind.key(holder)}), partial(_point, kind, holder, deferred))


async def resume(ground: Ground) -> None:
    """Point at those who arrived and whom nobody was pointed at since: the gateway ended just then."""
    for one in await ground.ledger.special(ground.scope):
        if one.connection != ground.scope.connection or one.life != "live":
            continue
        for item in one.deferred:
            kind = ground.others.get(item.resource_type)
            if kind is not None and await _is_known(kind, item.raw):
                await under_locks(ground, frozenset({ground.key(one.id)}), partial(_point, ground, one.id, item))


async def _is_known(kind: Ground, raw: str) -> bool:
    """Whether the ledger knows somebody live under an id or an externalId; the target is not asked."""
    known = (await kind.ledger.by_ids(kind.scope, [raw])).get(raw)
    named = [known] if known is not None else await kind.ledger.by_external(kind.scope, raw)
    return any(one.life == "live" for one in named)


async def _point(ground: Ground, id: str, deferred: Deferred, _: frozenset[str]) -> None:
    there = await reached(ground, id)
    if there is None or there.entry is None or there.assertion is None or deferred not in there.assertion.deferred:
        return
    entry, left = there.entry, tuple(one for one in there.assertion.deferred if one != deferred)
    for attribute in (name for name in ground.mapping.spec.references if path_of(ground, name) == deferred.path):
        values, missing = await _values(ground, attribute, [Ref(deferred.raw)], Kind.REPLACE)
        if missing:
            return

        async def apply(attribute: str = attribute, values: tuple[Value, ...] = values) -> Confirmed:
            await ground.collection.update(entry.id, [Change(Kind.REPLACE, attribute, values)])
            told = (AuditChange(deferred.path, attribute, None, deferred.raw),)
            return Confirmed(id=id, anchor=entry.id, deferred=left, changes=told, detail=f"{deferred.path} has arrived")

        await carry_out(ground, Write("resolve", id, entry.id, before=entry), apply)
