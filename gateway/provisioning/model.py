"""What the SCIM rooms hand to provisioning, and what they get back. Nothing here has behaviour.

A resource travels as a canonical JSON dict: names as their schema spells them, extensions under their full URN.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from scim2_models.path import FilterNode

Resource = dict[str, Any]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock of a running gateway."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attributes the answer shall have (RFC 7644 §3.9), as canonical SCIM paths.

    :param attributes: only these (and what is always returned); None = those returned by default.
    :param excluded: all but these.
    """

    attributes: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Search:
    """A list request (RFC 7644 §3.4.2, RFC 9865), over one or several resource types.

    :param start_index: 1-based, for index paging. :param count: the most resources to return; 0 = only the total.
    :param position: where a cursor stands, exactly as ``Listing.next`` gave it; None = at the first resource.
    :param by_cursor: the caller pages by cursor and wants ``Listing.next``.
    """

    types: tuple[str, ...]
    filter: FilterNode | None = None
    sort_by: str | None = None
    descending: bool = False
    start_index: int | None = None
    count: int = 100
    position: Any = None
    by_cursor: bool = False
    wanted: Wanted = EVERYTHING


@dataclass(slots=True)
class Listing:
    """One page: the exact total (None where a cursor does not know it), the resources, and the next position."""

    total: int | None
    resources: list[Resource]
    next: Any = None
    previous: None = None


@dataclass(frozen=True, slots=True)
class MemberChange:
    """One operation on ``members`` (RFC 7644 §3.5.2).

    :param ids: the SCIM ids named; None with ``remove`` = all of them (or all that match ``filter``).
    :param filter: ``members[filter]`` of another shape than ``value eq``; only with ``remove``.
    """

    op: Literal["add", "remove", "replace"]
    ids: tuple[str, ...] | None = None
    filter: FilterNode | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """A PATCH, its member operations apart from the rest.

    :param named: the canonical paths that the operations name, ``members`` excluded.
    :param apply: the rest as a pure function, current resource → wanted one; None where only members change.
    """

    named: frozenset[str] = frozenset()
    apply: Callable[[Resource], Resource] | None = None
    members: tuple[MemberChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a PUT left. :param created: nobody had that id before (``put_creates``)."""

    resource: Resource
    created: bool


@dataclass(frozen=True, slots=True)
class Precondition:
    """The raw text of If-Match and If-None-Match (RFC 9110 §13.1), checked under the object's lock."""

    if_match: str | None = None
    if_none_match: str | None = None


ANY = Precondition()


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """How long a request waits for a target that is away.

    :param deadline: seconds from the first attempt to giving up; below the patience of any IdP.
    :param initial: seconds of the first pause at most; each further one may be twice as long, up to ``longest``.
    """

    attempts: int = 5
    deadline: float = 20.0
    initial: float = 0.2
    longest: float = 5.0


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """One ``[connection.NAME]``, as much of it as provisioning needs.

    :param target: the name of its ``[target.NAME]``.
    :param put_creates: PUT to an unknown id creates it, with that id kept as an alias (rule 23, S10).
    :param settle: seconds for which an id just confirmed may not be read as gone (rule 2).
    :param max_scan: the most candidates a residual filter may look at (rule 3).
    """

    name: str
    target: str
    dialect: str = "tolerant"
    put_creates: bool = False
    settle: float = 300.0
    max_scan: int = 100_000
    retry: RetrySettings = field(default_factory=RetrySettings)
