"""What can go wrong at a backend, said in the same words by every connector.

::

    ConnectorError
    ├── NotFound            the entry is not there, and its collection was seen readable
    ├── AlreadyExists       a unique value is taken
    ├── Conflict            the entry is no longer at the expected version
    ├── InvalidValue        the backend's schema refuses a value
    │   └── UnknownReference    a value names an entry that does not exist
    ├── Refused             the backend forbids it to this login
    ├── Unsupported         the backend cannot do this at all
    ├── TooMany             more than the backend is willing to answer
    └── Unavailable         the backend cannot be reached, or cannot do it now; the only one that is retried

A verb that raises anything but ``Unavailable`` has had no effect. ``detail`` is a sentence for a person and never
holds a secret, a password, or a host name.
"""

from collections.abc import Sequence


class ConnectorError(Exception):
    """The root of the tree; never raised itself.

    :param detail: one sentence that names the thing.
    :param attribute: the target attribute at fault, where one is.
    :param values: the offending values (for ``UnknownReference`` the ids nobody has).
    """

    def __init__(self, detail: str, *, attribute: str | None = None, values: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.attribute = attribute
        self.values = tuple(values)


class NotFound(ConnectorError):
    """The entry is absent *and* its collection was seen readable on the same server (semantics, rule 2)."""


class AlreadyExists(ConnectorError):
    """A create or rename met an entry that holds the same unique value."""


class Conflict(ConnectorError):
    """The entry changed since ``expected``."""


class InvalidValue(ConnectorError):
    """The backend's schema refuses a value (LDAP 17, 21, 65; SQL NOT NULL, CHECK, type)."""


class UnknownReference(InvalidValue):
    """``values`` are ids that no entry of the referenced collections has. Nothing was applied."""


class Refused(ConnectorError):
    """The backend's access control says no (LDAP 50, SQL privilege)."""


class Unsupported(ConnectorError):
    """The backend cannot do this: an operator, a verb, an attribute it does not have."""


class TooMany(ConnectorError):
    """A size, time or administrative limit of the backend was hit."""


class Unavailable(ConnectorError):
    """Not now: no connection, time-out, busy, a missing base or table, lost rights on the whole collection.

    :param retry_after: seconds the backend asked to wait, where it said so.
    :param uncertain: True where the request had been sent, so that it may have taken effect.
    """

    def __init__(self, detail: str, *, retry_after: float | None = None, uncertain: bool = False) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.uncertain = uncertain
