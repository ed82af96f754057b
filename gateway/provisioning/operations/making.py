"""Making an entry so that a lost answer never doubles it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from connectors.entry import MEMBERS, Attributes, Change, Entry, Kind
from connectors.errors import AlreadyExists, ConnectorError, NotFound, Unavailable, UnknownReference
from gateway.provisioning.ground import Ground
from gateway.provisioning.members import members, portions
from gateway.provisioning.members.applying import without_unknown
from gateway.provisioning.members.members import Delta

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
        try:
            return (await _filled(ground, entry, rest) if rest.add else entry), delta
        except UnknownReference as unknown:
            delta = without_unknown(ground, delta, unknown)


def new_id(ground: Ground) -> str | None:
    """An id of our own choice, where the backend leaves it to us: with it, a lost answer is settled by a look."""
    if ground.collection.capabilities.generates_id or ground.mapping.spec.generate not in (None, "uuid4"):
        return None
    return str(uuid4())


def _portions(ground: Ground, delta: Delta) -> tuple[Mapping[str, Any], Delta]:
    """The members that fit into the creation, and the rest."""
    if not delta.add:
        return {}, Delta()
    size = members.policy(ground).chunk
    first = frozenset(sorted(delta.add)[:size])
    ((change, *_), *_) = delta.chunks(size)
    return {MEMBERS: change.values}, replace(delta, add=delta.add - first, remove=frozenset(), shown=first)


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


async def _filled(ground: Ground, made: Entry, rest: Delta) -> Entry:
    """Add the members that did not fit into the creation; where one of them is refused, the entry goes again.

    :raises Unavailable: ``uncertain``: the entry stands, and its fate is open.
    """
    try:
        try:
            await portions.carry(ground, made.id, rest)
        except Unavailable:
            raise
        except ConnectorError:
            await unmake(ground, made.id)
            raise
        return await ground.collection.read(made.id)
    except Unavailable as failure:
        raise Unavailable(failure.detail, retry_after=failure.retry_after, uncertain=True) from failure


async def unmake(ground: Ground, anchor: str) -> None:
    """Take back an entry just made. :raises Unavailable: ``uncertain``, where the target does not let us."""
    try:
        await ground.collection.delete(anchor)
    except NotFound:
        return
    except ConnectorError as error:
        raise Unavailable("what was made of a refused creation could not be taken back", uncertain=True) from error
