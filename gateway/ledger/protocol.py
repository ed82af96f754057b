"""The write protocol as transactions: record, confirm, abandon. Each function is one transaction's content."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.ledger import codec, queries
from gateway.ledger.dialect import values
from gateway.ledger.model import (
    Assertion,
    AuditChange,
    AuditLine,
    Confirmed,
    Deferred,
    Goal,
    Intent,
    Outcome,
    Pending,
    Scope,
    Work,
)
from gateway.ledger.rows import (
    assertion_row,
    audit_row,
    intent_row,
    object_of,
    own_of,
    pending_row,
    special,
)
from gateway.ledger.statements import Statements
from gateway.ledger.store import Session

DOUBTFUL = 2
"""``held`` of a member whom a write of unknown outcome was adding; see ``schema.MEMBER``"""


@dataclass(frozen=True, slots=True)
class Protocol:
    """The transactions, over one set of prepared statements."""

    s: Statements

    def record(self, session: Session, intent: Intent) -> None:
        """Write down what is about to be done."""
        session.execute(self.s.insert_intent, intent_row(intent))
        if intent.id is not None:
            session.execute(self.s.grow_generation, object_of(intent.scope, intent.id))

    def confirm(self, session: Session, intent: Intent, outcome: Confirmed, now: datetime) -> Assertion:
        """Turn the proposal into what was confirmed; every trace of the write in one commit."""
        old = self.own(session, intent.scope, outcome.id)
        new = self._merged(intent, outcome, old, now)
        session.execute(self.s.delete_intent, {"key": intent.key})
        if self._place(session, old, new, outcome.retired) or outcome.members_held:
            place = {"target": new.target, "resource_type": new.resource_type}
            session.execute(self.s.grow_epoch, place)
        session.execute(self.s.upsert_assertion, assertion_row(new))
        self._ledger_values(session, old, new)
        if (old.document if old else {}) != new.document or new.life == "deleted":
            self._references(session, new, frozenset() if new.life == "deleted" else outcome.refers)
        self._members(session, intent.scope, outcome)
        if old is not None and new.life == "live" and old.anchor != new.anchor:
            self._hold(session, intent.scope, new.id)
        self._referrers(session, intent.scope, old, outcome)
        if outcome.settled:
            self._settle(session, intent.scope, outcome.id)
        if outcome.park is not None:
            self.park(session, outcome.park)
        self.note(session, audit_line(intent, now, outcome.id, outcome.outcome, outcome.detail, outcome.changes))
        return new

    def abandon(
        self, session: Session, intent: Intent, park: Pending | None, doubtful: frozenset[str], line: AuditLine
    ) -> None:
        """Forget the proposal; what reduces stays, and who may have become a member of a group by it."""
        session.execute(self.s.delete_intent, {"key": intent.key})
        if doubtful and intent.id is not None:
            group = {**own_of(intent.scope), "group_id": codec.plain(intent.id)}
            session.execute(self.s.doubt_members, {**group, "held": DOUBTFUL, "members": values(doubtful)})
        if park is not None:
            self.park(session, park)
        self.note(session, line)

    def withdraw(self, session: Session, intent: Intent) -> None:
        """Forget what was recorded and not begun."""
        session.execute(self.s.delete_intent, {"key": intent.key})

    def park(self, session: Session, pending: Pending) -> None:
        """Add work left over to what is left of the object already."""
        key = object_of(pending.scope, pending.id)
        row = session.execute(self.s.pending_one, key).fetchone()
        if row is not None:
            there = codec.pending(row)
            pending = replace(pending, goal=there.goal | pending.goal, generation=there.generation + 1)
        session.execute(self.s.upsert_pending, pending_row(pending))
        if pending.goal.own:
            session.execute(self.s.set_work, {**key, "new_work": "pending"})

    def _settle(self, session: Session, scope: Scope, id: str) -> None:
        """Drop what was left to do to an object; what is left to do to others stays."""
        row = session.execute(self.s.pending_one, object_of(scope, id)).fetchone()
        if row is None:
            return
        left = codec.pending(row)
        if left.goal.roles:
            rest = replace(left, goal=Goal(roles=left.goal.roles), generation=left.generation + 1)
            session.execute(self.s.upsert_pending, pending_row(rest))
        else:
            session.execute(self.s.delete_pending, object_of(scope, id))

    def finish(self, session: Session, pending: Pending) -> bool:
        """Drop the work, unless more of it was parked meanwhile. :return: whether it was dropped."""
        key = object_of(pending.scope, pending.id)
        dropped: int = session.execute(self.s.finish_pending, {**key, "generation": pending.generation}).rowcount
        if dropped:
            session.execute(self.s.set_work, {**key, "new_work": "settled"})
        return dropped > 0

    def note(self, session: Session, line: AuditLine) -> None:
        session.execute(self.s.insert_audit, audit_row(line))

    def own(self, session: Session, scope: Scope, id: str) -> Assertion | None:
        """This connection's own row."""
        rows = session.execute(self.s.by_id, {"target": scope.target, "resource_type": scope.resource_type, "id": id})
        return next((codec.assertion(row) for row in rows.fetchall() if row[0] == scope.connection), None)

    def rebuild(self, session: Session, assertion: Assertion) -> None:
        """Write a row as given (``relink``)."""
        self._place(session, None, assertion, ())
        session.execute(self.s.grow_epoch, {"target": assertion.target, "resource_type": assertion.resource_type})
        session.execute(self.s.upsert_assertion, assertion_row(assertion))
        self._ledger_values(session, None, assertion)

    def _merged(self, intent: Intent, outcome: Confirmed, old: Assertion | None, now: datetime) -> Assertion:
        base = old or Assertion(
            intent.scope.connection,
            intent.scope.target,
            intent.scope.resource_type,
            outcome.id,
            outcome.anchor,
            created=now,
            modified=now,
        )
        new = replace(
            base,
            anchor=outcome.anchor,
            external_id=base.external_id if outcome.external_id is None else codec.plain(outcome.external_id) or None,
            document=base.document if outcome.document is None else codec.cleaned(outcome.document),
            stored=_with(base.stored, outcome.stored),
            overlay=_with(base.overlay, outcome.overlay),
            deferred=base.deferred if outcome.deferred is None else outcome.deferred,
            life=outcome.life,
            work=_work(base, outcome),
            origin=outcome.origin or base.origin,
            confirmed=now,
        )
        visible = _visible(new) != _visible(base) or bool(outcome.members_held)
        return replace(
            new,
            version=base.version + 1 if visible and old is not None else base.version,
            modified=now if visible or outcome.changed else base.modified,
        )

    def _place(self, session: Session, old: Assertion | None, new: Assertion, retired: tuple[str, ...]) -> bool:
        """Keep aliases true to where the object now lives. :return: whether readers must look anew."""
        place = {"target": new.target, "resource_type": new.resource_type}
        changed = special(new) or (old is not None and special(old)) or bool(retired)
        for anchor in retired:
            session.execute(self.s.upsert_alias, {**place, "anchor": anchor, "id": new.id, "retired": 1})
        if old is not None and (new.anchor, new.life) == (old.anchor, old.life):
            return changed
        changed = changed or "deleted" in {new.life, old.life if old else "live"}
        if new.anchor is not None:
            here = {**place, "anchor": new.anchor}
            changed = changed or session.execute(self.s.was_deleted, here).fetchone() is not None
            session.execute(self.s.disown_anchor, {**place, "taken": new.anchor, "by": new.id})
            if new.anchor == new.id:
                named = session.execute(self.s.forget_alias, here).rowcount
            else:
                named = session.execute(self.s.upsert_alias, {**here, "id": new.id, "retired": 0}).rowcount
            changed = changed or named > 0
        return changed

    def _ledger_values(self, session: Session, old: Assertion | None, new: Assertion) -> None:
        key = object_of(new.scope, new.id)
        if (old.stored if old else {}) != new.stored:
            session.execute(self.s.forget_values, key)
            for path, value in codec.scalars(new.stored):
                row = {**key, "path": path, "value": value, "folded": codec.plain(value.casefold())}
                session.execute(self.s.insert_value, row)
        if (old.deferred if old else ()) != new.deferred:
            session.execute(self.s.forget_deferred, key)
            for item in new.deferred:
                row = {**key, "path": item.path, "refers_to": item.resource_type, "raw": codec.plain(item.raw)}
                session.execute(self.s.insert_deferred, row)

    def _references(self, session: Session, new: Assertion, names: frozenset[str]) -> None:
        """Keep who is named by the document where it can be looked up."""
        key = object_of(new.scope, new.id)
        session.execute(self.s.forget_references, key)
        for name in sorted(names):
            session.execute(self.s.insert_reference, {**key, "names": codec.plain(name)})

    def _members(self, session: Session, scope: Scope, outcome: Confirmed) -> None:
        group = {**own_of(scope), "group_id": outcome.id}
        if outcome.members_cleared:
            session.execute(self.s.clear_members, group)
        elif outcome.members_removed:
            session.execute(self.s.remove_members, {**group, "members": values(outcome.members_removed)})
        for held, members in ((0, outcome.members_added), (1, outcome.members_held)):
            if members:
                session.execute(self.s.add_members, {**group, "held": held, "members": values(members)})
        if outcome.forget_memberships:
            member = {"connection": scope.connection, "target": scope.target, "member_id": outcome.id}
            session.execute(self.s.forget_member, member)
        elif outcome.life == "absent":
            self._hold(session, scope, outcome.id)

    def _hold(self, session: Session, scope: Scope, id: str) -> None:
        """Whoever has no entry any more, or a new one, is in no group of the target; what this connection asserts of
        them waits."""
        member = {"connection": scope.connection, "target": scope.target, "member_id": codec.plain(id)}
        groups = session.execute(self.s.groups_of, member).fetchall()
        if groups:
            session.execute(self.s.hold_member, member)
        for resource_type in {row[0] for row in groups}:
            session.execute(self.s.grow_epoch, {"target": member["target"], "resource_type": resource_type})

    def _referrers(self, session: Session, scope: Scope, old: Assertion | None, outcome: Confirmed) -> None:
        """Let references to an object whose entry goes wait for its return; after a deletion nobody returns."""
        for where, id, item in outcome.deferring:
            self._defer(session, where, id, item, waits=True)
        if outcome.life == "deleted":
            names = [name for name in (outcome.id, old.external_id if old else None) if name]
            for where, id, item in queries.waiting(session, self.s, scope, names):
                self._defer(session, where, id, item, waits=False)

    def _defer(self, session: Session, where: Scope, id: str, item: Deferred, *, waits: bool) -> None:
        old = self.own(session, where, id)
        if old is None or (item in old.deferred) is waits:
            return
        deferred = (*old.deferred, item) if waits else tuple(one for one in old.deferred if one != item)
        new = replace(old, deferred=deferred, version=old.version + 1)
        session.execute(self.s.upsert_assertion, assertion_row(new))
        self._ledger_values(session, old, new)
        session.execute(self.s.grow_epoch, queries.place(where))


def _work(before: Assertion, outcome: Confirmed) -> Work:
    """Work that is left over stays so until an outcome says that it is settled."""
    if outcome.park is not None and outcome.park.goal.own:
        return "pending"
    return outcome.work if outcome.settled or before.work == "settled" else before.work


def _with(old: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    return {path: value for path, value in {**old, **changes}.items() if value is not None} if changes else old


def _visible(assertion: Assertion) -> tuple[object, ...]:
    """What of the row a reader may see."""
    return assertion.stored, assertion.overlay, assertion.deferred, assertion.life


def audit_line(
    intent: Intent, now: datetime, id: str, outcome: Outcome, detail: str, changes: tuple[AuditChange, ...]
) -> AuditLine:
    """The line of a write in the audit, its before-image with it."""
    return AuditLine(
        time=now,
        connection=intent.scope.connection,
        operation=intent.operation,
        outcome=outcome,
        target=intent.scope.target,
        resource_type=intent.scope.resource_type,
        id=id,
        actor=intent.actor,
        request_id=intent.request_id,
        changes=changes,
        before=intent.before,
        detail=detail,
    )
