"""What the ledger remembers, as plain values.

Nothing here has I/O. Documents are canonical SCIM JSON without ``password`` and without ``members``; what is secret
is kept out by whoever fills these (semantics, rule 14), and the ledger drops ``password`` once more when it writes.
All times are aware, in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Life = Literal["live", "absent", "deleted"]
"""``absent``: the entry was removed by ``deactivate = "delete"`` and the SCIM resource is still readable."""
Work = Literal["settled", "pending", "held", "failed"]
Origin = Literal["created", "adopted"]
Outcome = Literal["done", "unchanged", "pending", "refused", "failed"]
"""``pending``: answered 503 with the reducing part parked; ``failed``: answered 5xx with nothing parked."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose objects of which kind: one connection's view of one collection of a target."""

    connection: str
    target: str
    resource_type: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """A single reference that names someone who is not here yet (semantics, rule 18).

    :param path: the SCIM path that holds it (``urn:…:User:manager.value``).
    :param resource_type: what it refers to. :param raw: the value exactly as the IdP sent it.
    """

    path: str
    resource_type: str
    raw: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """What one connection last asserted of one object, and where the object lives.

    :param id: the SCIM id, the first one issued. :param anchor: the target's id now, None while there is no entry.
    :param document: the last *confirmed* assertion, without passwords and members; ``{}`` where none was made.
    :param stored: ledger values (``store = "ledger"``), SCIM path → value.
    :param overlay: what was answered 2xx and the target deliberately does not hold, SCIM path → value: the ``userName``
        of an ignored tombstone rename (rule 22), the last seen resource of an ``absent`` user under ``"@resource"``,
        and under ``"@guarded"`` what ``scope`` and ``protect`` read of its entry.
    :param version: grows with every visible change of this row; part of the ETag (rule 6).
    :param generation: grows with every recorded intent; a worker that holds an older one is late.
    """

    connection: str
    target: str
    resource_type: str
    id: str
    anchor: str | None
    external_id: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)
    overlay: Mapping[str, Any] = field(default_factory=dict)
    deferred: tuple[Deferred, ...] = ()
    life: Life = "live"
    work: Work = "settled"
    origin: Origin = "created"
    generation: int = 0
    version: int = 0
    created: datetime | None = None
    modified: datetime | None = None
    confirmed: datetime | None = None
    """when a write was last confirmed; within ``settle`` of it a missing entry is 503, not 404 (rule 2)"""

    @property
    def scope(self) -> Scope:
        return Scope(self.connection, self.target, self.resource_type)


@dataclass(frozen=True, slots=True)
class Seen:
    """What of a target's collection readers see otherwise than it stands there.

    :param hidden: anchors of entries confirmed deleted or replaced. :param ids: anchor → SCIM id, where it differs.
    :param anchors: the same backwards. :param special: rows of absent objects, and of those with an overlay or a
        deferred reference, by id; their ``work`` and ``generation`` may be out of date.
    :param holds: some group of this type may have a held membership.
    """

    hidden: frozenset[str] = frozenset()
    ids: Mapping[str, str] = field(default_factory=dict)
    anchors: Mapping[str, str] = field(default_factory=dict)
    special: tuple[Assertion, ...] = ()
    holds: bool = False

    def id_of(self, anchor: str) -> str:
        return self.ids.get(anchor, anchor)

    def anchor_of(self, id: str) -> str | None:
        """Where an id without an assertion lives; None where it is only the anchor of an object with another id."""
        return self.anchors.get(id) or (None if id in self.ids else id)


class AllSeen(dict[str, Seen]):
    """Resource type → ``Seen``; what is not in it is seen as it stands."""

    def __missing__(self, resource_type: str) -> Seen:
        return NOTHING_SEEN


NOTHING_SEEN = Seen()


@dataclass(frozen=True, slots=True)
class Goal:
    """The reducing part of a write: what must become true however long it takes (semantics, rule 16).

    Goals of one object add up; none of them grants anything.

    :param deactivate: enforce ``active = false``. :param delete: carry out the SCIM DELETE.
    :param remove_members: SCIM ids that must leave this group. :param must: the ``must`` calls of these events.
    :param roles: SCIM ids whose roles hang on this group and have to follow what it became.
    """

    deactivate: bool = False
    delete: bool = False
    remove_members: frozenset[str] = frozenset()
    must: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.own or bool(self.roles)

    @property
    def own(self) -> bool:
        """Whether there is something to do to the object itself; roles are others'."""
        return self.deactivate or self.delete or bool(self.remove_members) or bool(self.must)

    def __or__(self, other: "Goal") -> "Goal":
        return Goal(
            self.deactivate or other.deactivate,
            self.delete or other.delete,
            self.remove_members | other.remove_members,
            self.must + tuple(call for call in other.must if call not in self.must),
            self.roles | other.roles,
        )


@dataclass(frozen=True, slots=True)
class Pending:
    """Work left over: one row an object, "make this object as the goal says".

    ``generation`` is set by the ledger when it is parked or parked again.
    """

    scope: Scope
    id: str
    anchor: str | None
    goal: Goal
    next_due: datetime
    generation: int = 0
    attempts: int = 0
    reason: str = ""
    actor: str = ""
    request_id: str = ""
    failed: bool = False
    """given up for now: shown by ``dirbridge pending``, no longer ``due`` until parked again"""


@dataclass(frozen=True, slots=True)
class Intent:
    """One write about to touch the target; durable before it does.

    :param key: unique, made by the caller (``uuid4().hex``).
    :param operation: ``create replace patch delete restore`` or a word of the caller's for the audit line.
    :param id: the SCIM id where it is known (not for a create whose id the target makes).
    :param match: the normalised match values of a create, by which an unconfirmed one is found again (rule 23).
    :param proposed: the document as it would stand, without passwords and members. :param before: the target's
        attributes before the write (the before-image); secrets never.
    :param reducing: what a crash or failure may not lose. :param actor: the token's name.
    :param adding: SCIM ids that become members of this group.
    """

    key: str
    scope: Scope
    operation: str
    at: datetime
    id: str | None = None
    anchor: str | None = None
    match: tuple[str, ...] = ()
    proposed: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    reducing: Goal = field(default_factory=Goal)
    actor: str = ""
    request_id: str = ""
    adding: frozenset[str] = frozenset()

    @property
    def takes_away(self) -> bool:
        """Whether the object's entry goes by this, is switched off, or is replaced by another."""
        return self.reducing.delete or self.reducing.deactivate or bool(self.match and self.anchor)


@dataclass(frozen=True, slots=True)
class AuditChange:
    """One changed value; ``before`` and ``after`` are JSON, ``"***"`` for what is secret."""

    path: str
    attribute: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How a write ended. The ledger turns it and the intent into the confirmed assertion, in one transaction.

    :param id: the SCIM id. :param anchor: the target's id, None when there is no entry any more.
    :param document: the new last confirmed assertion; None keeps the old one.
    :param stored: changes of ledger values, path → value or None to forget. :param overlay: likewise.
    :param deferred: all deferred references of the object from now on; None keeps them.
    :param external_id: the externalId asserted; None keeps the old one, "" forgets it.
    :param refers: the ids and externalIds by which ``document`` names other objects.
    :param members_added, members_removed: SCIM ids now asserted, and no longer (rule 17); for ``members_held`` see
        ``when_inactive = "hold"``: asserted, but not yet in the target. ``members_cleared`` drops all rows of it.
    :param forget_memberships: drop this object from every group of the connection (rule 20). ``life="absent"`` holds
        its memberships instead.
    :param deferring: references of other objects to this one that wait from now on, because its entry goes: where,
        which object, what. A confirmed deletion ends those that wait for it.
    :param retired: anchors of old entries that stay in the target and must not be seen again (rule 24).
    :param changed: the target changed; else ``modified`` stays (a visible change of this row counts by itself).
    :param park: reducing work left over. :param settled: outstanding pending work of the object is finished by this.
    """

    id: str
    anchor: str | None
    document: Mapping[str, Any] | None = None
    external_id: str | None = None
    refers: frozenset[str] = frozenset()
    stored: Mapping[str, Any] = field(default_factory=dict)
    overlay: Mapping[str, Any] = field(default_factory=dict)
    deferred: tuple[Deferred, ...] | None = None
    life: Life = "live"
    work: Work = "settled"
    origin: Origin | None = None
    members_added: frozenset[str] = frozenset()
    members_held: frozenset[str] = frozenset()
    members_removed: frozenset[str] = frozenset()
    members_cleared: bool = False
    forget_memberships: bool = False
    deferring: tuple[tuple[Scope, str, Deferred], ...] = ()
    retired: tuple[str, ...] = ()
    changed: bool = True
    outcome: Outcome = "done"
    changes: tuple[AuditChange, ...] = ()
    detail: str = ""
    park: Pending | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token as it may be shown; the secret itself is never kept.

    :param prefix: the beginning of the secret, enough to recognise it by.
    """

    id: str
    connection: str
    name: str
    prefix: str
    created: datetime
    last_used: datetime | None = None
    expires: datetime | None = None
    read_only: bool = False
    revoked: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the audit: who did what to which object, and what came of it."""

    time: datetime
    connection: str
    operation: str
    outcome: Outcome
    target: str = ""
    resource_type: str = ""
    id: str = ""
    actor: str = ""
    request_id: str = ""
    changes: tuple[AuditChange, ...] = ()
    before: Mapping[str, Any] | None = None
    detail: str = ""
