"""The contract's filters as LDAP filters, and how well the directory answers each leaf.

What SCIM compares and what a matching rule compares are close, not equal: ``caseIgnoreMatch`` also ignores
insignificant spaces (RFC 4518 §2.6.1), SCIM folds ``ß`` to ``ss`` and a directory does not. So text is asked for a
little more widely than it was meant (a superset), and the gateway decides above.
"""

import math
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import product

from connectors.entry import GROUPS, ID, MEMBERS, PARENT, Ref, Value
from connectors.errors import InvalidValue, Unsupported
from connectors.filters import And, AnyOf, Compare, Filter, Leaf, Not, Operator, Or, Present, Verdict
from connectors.ldap import query
from connectors.ldap.place import Place
from connectors.ldap.schema import BUILT_IN, EXACT, EXACT_ASCII, FLAG, IGNORE, NUMBER, TELEPHONE, TIME, Rule, Schema
from connectors.ldap.values import encode

_GAPS = re.compile(r"[^\x21-\x7e]+|-+|[sS]{2,}")
_COMPARED = (IGNORE, EXACT, EXACT_ASCII, TELEPHONE, TIME)
_LARGEST = 2**63 - 1
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,40}")
_FOLDED = {EXACT: "caseIgnoreMatch", EXACT_ASCII: "caseIgnoreIA5Match"}

References = Callable[[str, Sequence[str]], Awaitable[bytes]]
"""(``@members``, ``@groups`` or a reference attribute, ids) → the filter for entries that refer to one of them."""


def rule_of(schema: Schema, attribute: str) -> Rule | None:
    """The matching rules of an attribute, as the directory says or, before it was asked, as every directory does."""
    if schema.attributes:
        return schema.rule(attribute)
    return BUILT_IN.get(attribute.lower())


def judge(leaf: Leaf, place: Place, schema: Schema) -> Verdict:
    """See ``Collection.judge``."""
    name = leaf.attribute
    equality = isinstance(leaf, AnyOf) or (isinstance(leaf, Compare) and leaf.operator is Operator.EQ)
    if name.lower() in place.secrets or name == PARENT:
        return Verdict.UNSUPPORTED
    if name == ID or name.lower() == place.anchor.attribute.lower():
        return Verdict.EXACT if equality or isinstance(leaf, Present) else Verdict.UNSUPPORTED
    if name in place.spec.references or name in (MEMBERS, GROUPS):
        return _judge_reference(leaf, equality)
    rule = rule_of(schema, name)
    if rule is None and not (schema.attributes and name in place.spec.attributes):
        return Verdict.UNSUPPORTED
    if rule is None or isinstance(leaf, Present):
        return Verdict.EXACT
    if isinstance(leaf, AnyOf) or leaf.operator is Operator.EQ:
        return Verdict.EXACT if rule.equality in (FLAG, NUMBER) else _superset(rule.equality in _COMPARED)
    if leaf.operator in (Operator.CO, Operator.SW, Operator.EW):
        foldable = leaf.case_exact or rule.equality in (IGNORE, TELEPHONE)
        return _superset(rule.substrings and foldable and isinstance(leaf.value, str))
    return _superset(rule.ordering and rule.equality in (TIME, NUMBER))


def _superset(possible: bool) -> Verdict:
    return Verdict.SUPERSET if possible else Verdict.UNSUPPORTED


def _judge_reference(leaf: Leaf, equality: bool) -> Verdict:
    if isinstance(leaf, Present):
        virtual = leaf.attribute in (MEMBERS, GROUPS)
        return Verdict.UNSUPPORTED if virtual else Verdict.SUPERSET  # a DN outside the mapped collections is not shown
    values = leaf.values if isinstance(leaf, AnyOf) else (leaf.value,)
    return Verdict.EXACT if equality and all(isinstance(each, Ref) for each in values) else Verdict.UNSUPPORTED


class Translator:
    """Turns one filter into bytes; ``references`` may ask the directory."""

    def __init__(self, place: Place, schema: Schema, references: References) -> None:
        self._place = place
        self._schema = schema
        self._references = references

    async def translate(self, term: Filter) -> bytes:
        """The LDAP filter, without the collection's own.

        :raises Unsupported: a leaf that ``judge`` calls so.
        """
        match term:
            case And(terms):
                return query.both(*[await self.translate(each) for each in terms])
            case Or(terms):
                return query.either([await self.translate(each) for each in terms])
            case Not(inner):
                return query.negated(await self.translate(inner))
            case _:
                return await self._leaf(term)

    async def _leaf(self, leaf: Leaf) -> bytes:
        if judge(leaf, self._place, self._schema) is Verdict.UNSUPPORTED:
            raise Unsupported("the directory cannot filter like that", attribute=leaf.attribute)
        name = leaf.attribute
        anchor = self._place.anchor
        if name == ID or name.lower() == anchor.attribute.lower():
            if isinstance(leaf, Present):
                return query.ALL
            asserted = (anchor.asserted(each) for each in _texts(leaf))
            return query.any_value(anchor.attribute, [each for each in asserted if each is not None])
        if isinstance(leaf, Present):
            known = rule_of(self._schema, name) is not None
            return query.present(name) if known else query.NOTHING
        if name in self._place.spec.references or name in (MEMBERS, GROUPS):
            values = leaf.values if isinstance(leaf, AnyOf) else (leaf.value,)
            return await self._references(name, [each.id for each in values if isinstance(each, Ref)])
        rule = rule_of(self._schema, name)
        if rule is None:
            return query.NOTHING  # no entry can have it
        scim_type = self._place.spec.types.get(name)
        if isinstance(leaf, AnyOf):
            return query.either([_equal(name, rule, each, leaf.case_exact, scim_type) for each in leaf.values])
        return _compare(leaf, rule, scim_type)


def _texts(leaf: Compare | AnyOf) -> Iterable[str]:
    values = leaf.values if isinstance(leaf, AnyOf) else (leaf.value,)
    return (each.id if isinstance(each, Ref) else str(each) for each in values)


def _compare(leaf: Compare, rule: Rule, scim_type: str | None) -> bytes:
    if leaf.operator is Operator.EQ:
        return _equal(leaf.attribute, rule, leaf.value, leaf.case_exact, scim_type)
    if leaf.operator in (Operator.CO, Operator.SW, Operator.EW):
        return _part(leaf.attribute, leaf.operator, str(leaf.value))
    upwards = leaf.operator in (Operator.GE, Operator.GT)
    if rule.equality == NUMBER:
        return _beyond(leaf.attribute, leaf.value, upwards)
    raw = _raw(leaf.attribute, leaf.value)
    if raw is None:
        return query.NOTHING
    return query.at_least(leaf.attribute, raw) if upwards else query.at_most(leaf.attribute, raw)


def _beyond(attribute: str, value: Value, upwards: bool) -> bytes:
    """The numbers from the whole one at ``value`` on; nothing where that is no number. Samba cannot compare with what
    64 bits do not hold."""
    try:
        number = float(value) if isinstance(value, float) else int(str(value))
        whole = math.ceil(number) if upwards else math.floor(number)
    except (ValueError, OverflowError):
        return query.NOTHING
    if whole < -_LARGEST if upwards else whole > _LARGEST:
        return query.present(attribute)
    raw = str(max(-_LARGEST, min(_LARGEST, whole))).encode()
    return query.at_least(attribute, raw) if upwards else query.at_most(attribute, raw)


def _raw(attribute: str, value: Value) -> bytes | None:
    """The value as bytes; None where no entry can hold it."""
    try:
        return encode(attribute, value) or None
    except InvalidValue:
        return None


def _part(attribute: str, operator: Operator, value: str) -> bytes:
    """``co``, ``sw``, ``ew``: whatever a matching rule might treat otherwise than SCIM does becomes a ``*``."""
    parts = [part.encode() for part in _GAPS.split(value)]
    first = parts.pop(0) if operator is Operator.SW and parts else b""
    last = parts.pop() if operator is Operator.EW and parts else b""
    return query.substrings(attribute, first, parts, last)


def _equal(attribute: str, rule: Rule, value: Value, exact: bool, scim_type: str | None) -> bytes:
    raw = _raw(attribute, value)
    if raw is None or not _fits(raw, value, rule, scim_type):
        return query.NOTHING
    if exact or rule.equality not in (IGNORE, EXACT, EXACT_ASCII) or not isinstance(value, str):
        return query.equal(attribute, raw)
    spellings = [each.encode() for each in _spellings(value)]
    if rule.equality in _FOLDED:
        return query.either([query.matches(attribute, _FOLDED[rule.equality], each) for each in spellings])
    return query.any_value(attribute, spellings)


def _fits(raw: bytes, value: Value, rule: Rule, scim_type: str | None) -> bool:
    """Whether an entry could hold ``value``: a number is not the text that spells it, nor the other way round."""
    if rule.equality == FLAG:
        return raw in (b"TRUE", b"FALSE") and isinstance(value, bool) == (scim_type == "boolean")
    if rule.equality != NUMBER:
        return True
    plain = _INTEGER.fullmatch(raw.decode("utf-8", "replace")) is not None
    return plain and isinstance(value, int) == (scim_type == "integer") and not isinstance(value, bool)


def _spellings(value: str) -> list[str]:
    """``value`` and, as SCIM folds ``ß`` to ``ss`` and directories do not, what folds to the same."""
    parts = value.casefold().split("ss") if "ss" in value.casefold() else [value]
    if not 1 < len(parts) <= 4:
        return [value]
    joints = product(("ss", "ß"), repeat=len(parts) - 1)
    return ["".join(part + joint for part, joint in zip(parts, (*each, ""), strict=True)) for each in joints]
