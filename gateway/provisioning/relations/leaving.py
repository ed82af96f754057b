"""Out of every group: what a confirmed deletion means where the entry stays (rule 20)."""

from collections.abc import Iterable

from connectors.contract import Query
from connectors.entry import MEMBERS, Change, Kind, Ref
from connectors.errors import ConnectorError, NotFound, Unavailable
from connectors.filters import Compare, Operator, Verdict
from gateway.provisioning.ground import Ground
from gateway.provisioning.protocol.touching import is_protected


async def leave_groups(ground: Ground, id: str, anchor: str) -> None:
    """Take a deleted object out of every group that this connection wrote and may still write to.

    :raises ConnectorError: a group refused; the others were left all the same.
    """
    refusal: ConnectorError | None = None
    for kind in ground.others.values():
        if kind.mapping.members is None or ground.type not in kind.mapping.members.ref:
            continue
        asserted = [group for type, group in await ground.ledger.memberships(ground.scope, id) if type == kind.type]
        for group in {*await _holding(kind, anchor), *await _anchors(kind, asserted)}:
            if await is_protected(kind, group):
                continue
            try:
                await kind.collection.update(group, [Change(Kind.REMOVE, MEMBERS, (Ref(anchor),))])
            except NotFound:
                continue  # a group that went meanwhile has no members
            except Unavailable:
                raise
            except ConnectorError as error:
                refusal = error
    if refusal is not None:
        raise refusal


async def _holding(kind: Ground, anchor: str) -> list[str]:
    """The groups managed by this connection that have the member, whoever added it."""
    leaf = Compare(MEMBERS, Operator.EQ, Ref(anchor))
    if kind.collection.judge(leaf) is Verdict.UNSUPPORTED:
        return []
    page = await kind.collection.search(Query(filter=leaf, attributes=frozenset(), count=False))
    owners = await kind.ledger.by_anchors(kind.scope, [entry.id for entry in page.entries])
    return [anchor for anchor, owner in owners.items() if owner.connection == kind.scope.connection]


async def _anchors(kind: Ground, groups: Iterable[str]) -> list[str]:
    found = await kind.ledger.by_ids(kind.scope, groups)
    return [one.anchor for one in found.values() if one.anchor is not None and one.life == "live"]
