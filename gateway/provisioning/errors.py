"""The one table that says what a backend's failure means to a SCIM client (RFC 7644 §3.12).

An outage is always 503 with Retry-After: an IdP reads 404 as "gone" and 400 as "never send this again".
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from scim2_models import (
    ConflictException,
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    NotImplementedException,
    SCIMException,
    TooManyException,
    UniquenessException,
)

from connectors import errors
from gateway.ledger import LedgerConflict, LedgerUnavailable

DEFAULT_WAIT = 30.0


class Unavailable503(SCIMException):
    """The target, or the ledger, cannot do it now.

    :param retry_after: seconds, for the Retry-After header (RFC 9110 §10.2.3).
    """

    status = 503
    _default_detail = "The target is not available now; nothing was lost, try again later"

    def __init__(self, *, retry_after: float | None = None, **kw: Any) -> None:
        self.retry_after = ceil(DEFAULT_WAIT if retry_after is None else max(retry_after, 1))
        super().__init__(**kw)


class TooManyRequests429(SCIMException):
    """The connection's rate limit is used up (RFC 6585 §4)."""

    status = 429
    _default_detail = "The rate limit of this connection is used up"

    def __init__(self, *, retry_after: float, **kw: Any) -> None:
        self.retry_after = ceil(max(retry_after, 1))
        super().__init__(**kw)


def _unavailable(error: errors.ConnectorError) -> SCIMException:
    wait = error.retry_after if isinstance(error, errors.Unavailable) else None
    return Unavailable503(detail=f"The target is not available now: {error.detail}", retry_after=wait)


def _unknown_reference(error: errors.ConnectorError) -> SCIMException:
    named = ", ".join(value for value in error.values if value not in error.detail)
    return InvalidValueException(detail=f"{error.detail}: {named}" if named else error.detail)


def _plainly(kind: Callable[..., SCIMException]) -> Callable[[errors.ConnectorError], SCIMException]:
    return lambda error: kind(detail=error.detail)


MEANING: Mapping[type[errors.ConnectorError], Callable[[errors.ConnectorError], SCIMException]] = {
    errors.NotFound: _plainly(NotFoundException),
    errors.AlreadyExists: _plainly(UniquenessException),
    errors.Conflict: _plainly(ConflictException),
    errors.InvalidValue: _plainly(InvalidValueException),
    errors.UnknownReference: _unknown_reference,
    errors.Refused: _plainly(ForbiddenException),
    errors.Unsupported: _plainly(NotImplementedException),
    errors.TooMany: _plainly(TooManyException),
    errors.Unavailable: _unavailable,
}


def meaning(error: errors.ConnectorError) -> SCIMException:
    """Translate; a subclass that a plugin made up means what its nearest ancestor means."""
    for kind in type(error).__mro__:
        if kind in MEANING:
            return MEANING[kind](error)
    raise TypeError(f"{type(error).__name__} is not one of the failures of connectors.errors")


class ledger_translated:  # noqa: N801 - reads as the verb that it is
    """The ledger's failures in SCIM's words: it is away (503), or another connection owns the entry (rule 13: 403)."""

    def __enter__(self) -> None:
        """Nothing to prepare: a class, because every request passes here and a generator costs ten calls."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LedgerConflict):
            raise ForbiddenException(detail="the entry is managed by another connection") from error
        if isinstance(error, LedgerUnavailable):
            detail = "The gateway's own store is not available now; try again later"
            raise Unavailable503(detail=detail) from error


class translated:  # noqa: N801
    """Let no ConnectorError out: what is raised within comes out as a SCIMException."""

    def __enter__(self) -> None:
        """As above."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, errors.ConnectorError):
            raise meaning(error) from error
