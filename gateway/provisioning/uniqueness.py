"""``unique`` rows: one holder in the collection, compared as the schema compares (rule 4), on create and rename."""

import json
from collections.abc import Mapping
from typing import Any

from scim2_models import UniquenessException

from connectors.contract import Query
from gateway.mapping.compiled import parse_filter
from gateway.provisioning.documents import speaks_of, value_at
from gateway.provisioning.ground import Ground, require


def renamed(
    ground: Ground, wanted: Mapping[str, Any], current: Mapping[str, Any], named: frozenset[str] | None = None
) -> dict[str, str]:
    """The unique values that a request gives and the object does not have yet."""
    values = {path: value_at(wanted, path) for path in ground.mapping.unique if speaks_of(named, path)}
    return {
        path: value
        for path, value in values.items()
        if isinstance(value, str) and value.casefold() != str(value_at(current, path) or "").casefold()
    }


async def hold(ground: Ground, values: Mapping[str, str], held: frozenset[str], anchor: str | None = None) -> None:
    """Make sure that nobody else has any of ``values``, and that nobody takes one meanwhile.

    :param anchor: the entry that may have it: the object's own.
    :raises MoreLocks: the lock of a value is not held yet. :raises UniquenessException: 409.
    """
    require(held, frozenset(ground.value_key(path, value) for path, value in values.items()))
    for path, value in values.items():
        if await _taken(ground, path, value, anchor):
            raise UniquenessException(detail=f"{path} {json.dumps(value, ensure_ascii=False)} is taken")


async def _taken(ground: Ground, path: str, value: str, anchor: str | None) -> bool:
    pushed = ground.mapping.push(parse_filter(f"{path} eq {json.dumps(value)}"), ground.collection.judge, _nobody)
    needs = ground.mapping.attributes_for(pushed.needs) if pushed.residual else frozenset()
    limit = None if pushed.residual else 2
    page = await ground.collection.search(Query(filter=pushed.filter, attributes=needs, limit=limit, count=False))
    return any(
        entry.id != anchor and (pushed.residual is None or pushed.residual(ground.mapping.read(entry, {})))
        for entry in page.entries
    )


def _nobody(path: str, operator: str, value: Any) -> None:
    """A unique value that only the ledger holds is not looked for in the target."""
