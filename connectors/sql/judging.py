"""How well the database would answer one leaf of a filter, said without asking it."""

from collections.abc import Mapping
from typing import Any

from connectors.entry import GROUPS, ID, MEMBERS, Ref
from connectors.filters import AnyOf, Compare, Leaf, Operator, Present, Verdict
from connectors.matching import instant
from connectors.sql.codecs import Codec, Unfit, codec_for
from connectors.sql.options import TableOptions
from connectors.sql.reading import Layouts
from connectors.sql.tables import TEXT, TYPES
from connectors.sql.texts import TRIED

LONGEST = 8192
"""characters of text to compare in the database; SQLite bounds the length of a pattern"""
PATTERNS = frozenset({Operator.CO, Operator.SW, Operator.EW})


def judge(
    leaf: Leaf, name: str, sections: Mapping[str, TableOptions], layouts: Layouts | None, dialect: str
) -> Verdict:
    """Judge one leaf over the collection ``name``; of an untried dialect only equality is believed, in part."""
    verdict = _judged(leaf, name, sections, layouts)
    if dialect in TRIED or verdict is not Verdict.EXACT or leaf.attribute in (ID, MEMBERS, GROUPS):
        return verdict
    equal = isinstance(leaf, AnyOf) or (isinstance(leaf, Compare) and leaf.operator is Operator.EQ)
    return Verdict.SUPERSET if equal else Verdict.UNSUPPORTED


def _judged(leaf: Leaf, name: str, sections: Mapping[str, TableOptions], layouts: Layouts | None) -> Verdict:
    options = sections[name]
    if leaf.attribute in (ID, MEMBERS, GROUPS):
        return _own(leaf, name, sections)
    known, codec = _codec(leaf.attribute, options, layouts)
    kind = None if codec is None else codec.kind
    if not known or kind == "json":
        return Verdict.UNSUPPORTED
    if isinstance(leaf, Present):
        return Verdict.EXACT
    if leaf.attribute == options.spec.anchor or leaf.attribute in options.spec.references:
        equal = isinstance(leaf, AnyOf) or leaf.operator is Operator.EQ
        return Verdict.EXACT if equal else Verdict.UNSUPPORTED
    if isinstance(leaf, AnyOf):
        verdicts = {_value(value, Operator.EQ, codec) for value in leaf.values}
        if kind == "moment" or Verdict.UNSUPPORTED in verdicts:
            return Verdict.UNSUPPORTED
        return Verdict.SUPERSET if Verdict.SUPERSET in verdicts else Verdict.EXACT
    return _value(leaf.value, leaf.operator, codec)


def _own(leaf: Leaf, name: str, sections: Mapping[str, TableOptions]) -> Verdict:
    if isinstance(leaf, Compare) and leaf.operator is not Operator.EQ:
        return Verdict.UNSUPPORTED
    groups = any(each.members is not None and name in each.members.collections for each in sections.values())
    has = {ID: True, MEMBERS: sections[name].members is not None, GROUPS: groups}
    return Verdict.EXACT if has[leaf.attribute] else Verdict.UNSUPPORTED


def _codec(attribute: str, options: TableOptions, layouts: Layouts | None) -> tuple[bool, Codec | None]:
    """Whether an attribute can be compared at all, and the codec of its column where that is known."""
    whole, dot, part = attribute.partition(".")
    child = options.children.get(whole)
    if child is not None:
        column = child.columns.get(part) if dot else child.key
        if column is None:
            return False, None
        if layouts is not None:
            return True, layouts[options.spec.name].children[whole].codecs[column]
    elif attribute not in options.spec.attributes - options.spec.secrets:
        return False, None
    elif layouts is not None:
        codec = layouts[options.spec.name].rows.codecs.get(attribute)
        return codec is not None, codec
    return True, _created(attribute, options) if options.create else None


def _created(attribute: str, options: TableOptions) -> Codec:
    moments = (options.created, options.modified)
    return codec_for(
        TYPES["dateTime"] if attribute in moments else TYPES.get(options.spec.types.get(attribute, ""), TEXT)
    )


def _value(value: Any, operator: Operator, codec: Codec | None) -> Verdict:
    kind = None if codec is None else codec.kind
    if isinstance(value, str) and len(value) > LONGEST:
        return Verdict.UNSUPPORTED
    if operator in PATTERNS:
        return Verdict.EXACT if kind == "text" and isinstance(value, str) else Verdict.UNSUPPORTED
    if codec is not None and _speaks(value, codec.kind):
        ordered = operator is Operator.EQ or (kind != "boolean" and _fits(value, codec))
        return Verdict.EXACT if ordered else Verdict.UNSUPPORTED
    if operator is Operator.EQ and isinstance(value, str | Ref) and kind in (None, "number", "exact"):
        return Verdict.SUPERSET
    return Verdict.UNSUPPORTED


def _fits(value: Any, codec: Codec) -> bool:
    """A value that the column cannot hold equals nothing there, yet may well be greater or less than what is."""
    try:
        codec.encode(value)
    except Unfit:
        return False
    return True


def _speaks(value: Any, kind: str) -> bool:
    """Whether a value is of the very kind of the column, so that both sides mean the same by every comparison."""
    match kind:
        case "text":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "moment":
            return isinstance(value, str) and instant(value) is not None
    return False
