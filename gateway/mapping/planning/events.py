"""What the end of a life changes: disable, move, and the time of it (``[user.lifecycle]``)."""

from datetime import UTC, datetime
from typing import Any, Literal

from scim2_models import ForbiddenException

from connectors.entry import PARENT, Change, Entry, Kind
from gateway.mapping.model import Lifecycle
from gateway.mapping.rows.bound import BoundRow
from gateway.mapping.rows.plan import Draft, Plan, into, plain, swap
from gateway.mapping.rows.slots import ELSEWHERE
from gateway.mapping.steps.times import written

Event = Literal["deactivate", "delete"]


class Events:
    """The events of one resource type.

    :param active: the row that switches an entry on and off, where one does. :param ldap: times are GeneralizedTime.
    """

    def __init__(self, lifecycle: Lifecycle, active: BoundRow | None, ldap: bool) -> None:
        self.lifecycle, self.active, self.ldap = lifecycle, active, ldap

    def plan(self, event: Event, entry: Entry, now: datetime) -> Plan:
        """Everything an event changes; what it removes altogether says ``lifecycle`` itself.

        :raises ForbiddenException: nothing in the mapping says how to disable.
        """
        action = self.lifecycle.deactivate if event == "deactivate" else self.lifecycle.delete
        draft = Draft()
        if action in ("disable", "move"):
            self._disable(action, event, entry, draft)
        if action == "move" and self.lifecycle.move_to is not None:
            draft.changes.append(Change(Kind.REPLACE, PARENT, (self.lifecycle.move_to,)))
        if action in ("disable", "move"):
            stamps = (stamp.attr for stamp in self.lifecycle.stamp if event in stamp.on)
            draft.changes += [Change(Kind.REPLACE, attr, (self._time(now),)) for attr in stamps]
        draft.reducing = list(draft.changes)
        return draft.plan()

    def _disable(self, action: str, event: Event, entry: Entry, draft: Draft) -> None:
        if self.active is None:
            if action == "disable":
                raise ForbiddenException(detail=f"{event}: nothing in the mapping says how to disable")
            draft.activation = False
            return
        held = entry.attributes.get(self.active.attr or "", ())
        changes, was, now = forced(self.active, held)
        if changes:
            draft.changes += changes
            draft.activation = False
            draft.note("active", self.active.attr or "", plain(was), plain(now), self.active.secret)

    def _time(self, now: datetime) -> str:
        return f"{now.astimezone(UTC):%Y%m%d%H%M%SZ}" if self.ldap else written(now)


def forced(row: BoundRow, held: tuple[Any, ...]) -> tuple[list[Change], Any, Any]:
    """Switch off for good, whatever stands there by itself: a temporary lock ends without anybody's doing."""
    made = into(row, False) if row.pipeline.fleeting else None
    if made is None:
        return swap(row, False, held, ELSEWHERE)
    if held == (made,):
        return [], made, made
    return [Change(Kind.REPLACE, row.attr or "", (made,))], held or None, made
