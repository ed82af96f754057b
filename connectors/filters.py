"""The filters a connector understands: attributes of the target, values already in the target's form.

The gateway translates a SCIM filter (RFC 7644 §3.4.2.2) into this tree where ``Collection.judge`` allows it and
decides the rest itself, so a filter handed down here selects a superset of what the client meant.
"""

from dataclasses import dataclass
from enum import StrEnum

from connectors.entry import Value


class Operator(StrEnum):
    """The comparisons of RFC 7644 §3.4.2.2; ``ne`` is ``Not(Compare(EQ))``."""

    EQ = "eq"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Verdict(StrEnum):
    """How well the backend answers one leaf of a filter."""

    EXACT = "exact"
    """the same entries as the SCIM meaning; may stand under ``Not``"""
    SUPERSET = "superset"
    """all of them and perhaps more; the gateway decides above"""
    UNSUPPORTED = "unsupported"
    """not to be handed down"""


@dataclass(frozen=True, slots=True)
class Compare:
    """``attribute op value``; true where *any* value of the attribute satisfies it.

    ``case_exact`` is the SCIM schema's word: False compares text case-insensitively (the connector folds).
    For ``@members``, ``@groups`` and reference attributes the value is a ``Ref`` and the operator ``EQ``.
    """

    attribute: str
    operator: Operator
    value: Value
    case_exact: bool = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``attribute`` equals one of ``values``: what a batch look-up is made of. May hold thousands of values."""

    attribute: str
    values: tuple[Value, ...]
    case_exact: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """``attribute`` has at least one value that is not the empty string."""

    attribute: str


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where ``term`` is not true: entries without the attribute included (NULL is not a third truth)."""

    term: "Filter"


Leaf = Compare | AnyOf | Present
Filter = Compare | AnyOf | Present | And | Or | Not
