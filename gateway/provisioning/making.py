"""Making an entry so that a lost answer never doubles it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from connectors.entry import MEMBERS, Attributes, Change, Entry, Kind
from connectors.errors import AlreadyExists, Unavailable, UnknownReference
from gateway.provisioning import members
from gateway.provisioning.applying import without_unknown
from gateway.provisioning.ground import Ground
from gateway.provisioning.members import Delta

Find = Callable[[], Awaitable[Entry | None]]


async def make(ground: Ground, attributes: Attributes, delta: Delta, find: Find) -> tuple[Entry, Delta]:
    """Create one entry with its members.

    :param find: looks for the entry where the answer to its creation was lost.
    :return: the entry, and the members as far as they exist.
    :raises AlreadyExists, InvalidValue, Refused, Unavailable: ``uncertain`` where the entry may be there.
    """
    id = new_id(ground)
    while True:
        first, rest = _portions(ground, delta)
        try:
            entry = await _once(ground, {**attributes, **first}, id, find)
        except UnknownReference as unknown:
            delta = without_unknown(ground, delta, unknown)
            continue
        if rest:
            entry = await _add(ground, entry.id, rest)
        return entry, delta


def new_id(ground: Ground) -> str | None:
    """An id of our own choice, where the backend leaves it to us: with it, a lost answer is settled by a look."""
    if ground.collection.capabilities.generates_id or ground.mapping.spec.generate not in (None, "uuid4"):
        return None
    return str(uuid4())


def _portions(ground: Ground, delta: Delta) -> tuple[Mapping[str, Any], list[tuple[Change, ...]]]:
    if not delta.add:
        return {}, []
    first, *rest = delta.chunks(members.policy(ground).chunk)
    return {MEMBERS: first[0].values}, rest


async def _once(ground: Ground, attributes: Attributes, id: str | None, find: Find) -> Entry:
    """One entry, in one attempt or several: from the first lost answer on, each begins with a look."""
    attempts, lost = ground.settings.retry.attempts, False
    while True:
        attempts -= 1
        try:
            own = await find() if lost else None
            if own is not None:
                return await _with_secrets(ground, own, attributes)
            return await _create(ground, attributes, id, find if lost else None)
        except Unavailable as failure:
            lost |= failure.uncertain
            if id is not None or not failure.uncertain or attempts <= 0:
                raise Unavailable(failure.detail, retry_after=failure.retry_after, uncertain=lost) from failure


async def _create(ground: Ground, attributes: Attributes, id: str | None, find: Find | None) -> Entry:
    try:
        return await ground.collection.create(attributes, id)
    except AlreadyExists:
        own = await find() if find is not None else None
        if own is None:
            raise
        return await _with_secrets(ground, own, attributes)


async def _with_secrets(ground: Ground, own: Entry, attributes: Attributes) -> Entry:
    """Our own entry, whose creation was never answered. A password may be a request of its own, and cannot be seen."""
    names = sorted(set(attributes) & ground.mapping.spec.secrets)
    changes = [Change(Kind.REPLACE, name, attributes[name]) for name in names if attributes[name]]
    return (await ground.collection.update(own.id, changes) if changes else None) or own


async def _add(ground: Ground, anchor: str, portions: list[tuple[Change, ...]]) -> Entry:
    """The members that did not fit into the creation. The entry stands by now, so a failure leaves its fate open."""
    try:
        for portion in portions:
            await ground.collection.update(anchor, [Change(Kind.ADD, MEMBERS, change.values) for change in portion])
        return await ground.collection.read(anchor)
    except Unavailable as failure:
        raise Unavailable(failure.detail, retry_after=failure.retry_after, uncertain=True) from failure
