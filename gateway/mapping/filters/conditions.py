"""SCIM filters compiled into closures over canonical resources (RFC 7644 §3.4.2.2). Total and free of side effects.

``ne`` is ``not eq``, so it holds where the attribute is absent; on several values it says that none of them is equal.
An attribute that no schema has matches nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scim2_models import InvalidFilterException
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from connectors.entry import Entry
from gateway.mapping.filters.compare import comparison, present
from gateway.mapping.model import Place, SchemaAttribute
from gateway.mapping.schema.index import TARGET, AttributeIndex, Known
from gateway.mapping.steps.step import spelled

Condition = Callable[..., bool]
"""``condition(resource)`` or, where ``target:`` leaves are to be decided, ``condition(resource, entry)``."""

Values = Callable[[Any], list[Any]]
_NOWHERE = Place("", 0, "")


def compile_condition(node: FilterNode, index: AttributeIndex, raw: bool = False) -> Condition:
    """Turn a parsed filter into ``condition(resource, entry=None) -> bool``.

    :param raw: the dicts to be asked are no resources but elements (``members[…]``), whose keys are taken as they are.
    :raises InvalidFilterException: a comparison that the attribute's type does not know.
    """
    return _compile(node, _Elements(index) if raw else _Resources(index))


def mentioned(node: FilterNode, index: AttributeIndex) -> Iterator[tuple[str, Known | None]]:
    """Yield what a filter reads: canonical path and attribute, or (for ``target:attr``) the target's name and None."""
    match node:
        case Comparison(path) | Present(path):
            yield from _mentioned(path, index)
        case ValuePath(path):
            yield from _mentioned(path, index)
        case Not(inner):
            yield from mentioned(inner, index)
        case LogicalExpr():
            for term in node.terms:
                yield from mentioned(term, index)


def _mentioned(path: AttrPath, index: AttributeIndex) -> Iterator[tuple[str, Known | None]]:
    if path.uri is not None and path.uri.lower() == TARGET:
        yield target_name(path), None
        return
    known = index.find(str(path))
    if known is not None:
        yield known.path, known


def unknown(node: FilterNode, index: AttributeIndex) -> Iterator[str]:
    """Yield the attributes of a filter that no schema has."""
    match node:
        case Comparison(path) | Present(path) | ValuePath(path):
            if not (path.uri is not None and path.uri.lower() == TARGET) and index.find(str(path)) is None:
                yield str(path)
            elif isinstance(node, ValuePath):
                yield from (
                    f"{path}.{name}" for name in parts_of(node.val_filter) if index.find(f"{path}.{name}") is None
                )
        case Not(inner):
            yield from unknown(inner, index)
        case LogicalExpr():
            for term in node.terms:
                yield from unknown(term, index)


def parts_of(node: FilterNode) -> Iterator[str]:
    """Yield the sub-attributes that the filter inside ``[…]`` reads."""
    match node:
        case Comparison(path) | Present(path):
            yield path.attr
        case Not(inner):
            yield from parts_of(inner)
        case LogicalExpr():
            for term in node.terms:
                yield from parts_of(term)


def target_name(path: AttrPath) -> str:
    """The target's attribute that ``target:attr`` names; a dotted one is a path into JSON."""
    return path.attr + (f".{path.sub_attr}" if path.sub_attr else "")


class _Resources:
    """Where leaves find their values in a canonical resource."""

    def __init__(self, index: AttributeIndex) -> None:
        self.index = index

    def leaf(self, path: AttrPath, compared: bool) -> tuple[SchemaAttribute, Values] | None:
        known = self.index.find(str(path))
        if known is None:
            return None
        if compared and known.sub is None and known.head.type == "complex":
            known = self.index.sub(known, "value") or known
        return known.facts, values_of(known, self.index)

    def literals(self, path: AttrPath) -> Callable[[Any], list[Any]]:
        known = self.index.find(str(path))
        if known is None:
            return lambda _: []
        if known.sub is None and known.head.type == "complex":
            known = self.index.sub(known, "value") or known
        return lambda value: self.index.spellings(known.path, value)

    def elements(self, path: AttrPath) -> tuple[Values, "_Elements"] | None:
        known = self.index.find(str(path))
        if known is None:
            return None
        if not known.head.multi_valued or known.sub is not None:
            raise InvalidFilterException(detail=f"{path} is not multi-valued, so nothing can be selected in it")
        return values_of(known, self.index), _Elements(self.index, known)


class _Elements(_Resources):
    """Where leaves inside ``[…]`` find their values: one element, or one plain value, which is called ``value``."""

    def __init__(self, index: AttributeIndex, top: Known | None = None) -> None:
        super().__init__(index)
        self.top = top

    def leaf(self, path: AttrPath, compared: bool) -> tuple[SchemaAttribute, Values] | None:  # noqa: ARG002
        name = path.attr
        if self.top is None:
            return _guessed(name), lambda element: _folded(element, name)
        if self.top.head.type != "complex":
            if name.lower() != "value":
                return None
            return self.top.head, lambda element: [element]
        known = self.index.sub(self.top, name)
        if known is None:
            return None
        key = known.facts.name
        return known.facts, lambda element: _listed(element.get(key)) if isinstance(element, Mapping) else []

    def literals(self, path: AttrPath) -> Callable[[Any], list[Any]]:
        if self.top is None:
            return lambda _: []
        whole = f"{self.top.top}.{path.attr}" if self.top.head.type == "complex" else self.top.top
        canonical = self.index.canonical(whole) or whole
        return lambda value: self.index.spellings(canonical, value)


def _guessed(name: str) -> SchemaAttribute:
    return SchemaAttribute("", name, "", _NOWHERE, case_exact=name.lower() in ("value", "$ref"))


def _folded(element: Any, name: str) -> list[Any]:
    if not isinstance(element, Mapping):
        return [element] if name.lower() == "value" else []
    return [item for key, value in element.items() if key.lower() == name.lower() for item in _listed(value)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def values_of(known: Known, index: AttributeIndex) -> Values:
    """Return what lists the values under a path of a canonical resource; empty where it is missing."""
    extension, name = known.extension, known.head.name
    if known.top == "schemas":
        return lambda resource: resource.get("schemas") or [index.schema, *(key for key in resource if ":" in key)]

    def held(resource: Any) -> list[Any]:
        holder = resource.get(extension) if extension else resource
        return _listed(holder.get(name)) if isinstance(holder, Mapping) else []

    if known.sub is None:
        return held
    part = known.sub.name

    def parts(resource: Any) -> list[Any]:
        found = (element.get(part) for element in held(resource) if isinstance(element, Mapping))
        return [value for value in found if value is not None]

    return parts


def _compile(node: FilterNode, scope: _Resources) -> Condition:
    match node:
        case Comparison():
            return _comparison(node, scope)
        case Present(path):
            return _present(path, scope)
        case Not(inner):
            negated = _compile(inner, scope)
            return lambda resource, entry=None: not negated(resource, entry)
        case LogicalExpr():
            terms = [_compile(term, scope) for term in node.terms]
            if node.op is LogicalOperator.and_:
                return lambda resource, entry=None: all(term(resource, entry) for term in terms)
            return lambda resource, entry=None: any(term(resource, entry) for term in terms)
        case ValuePath():
            return _selection(node, scope)
    raise InvalidFilterException(detail=f"'{node}' is not a filter")


def _never(_resource: Any, _entry: Any = None) -> bool:
    return False


def _comparison(node: Comparison, scope: _Resources) -> Condition:
    path, operator = node.attr_path, node.op
    if path.uri is not None and path.uri.lower() == TARGET:
        return _of_target(path, operator, node.value)
    if operator is CompareOperator.ne:
        known = scope.leaf(path, True)
        equal = _comparison(Comparison(path, CompareOperator.eq, node.value), scope)
        return _never if known is None else lambda resource, entry=None: not equal(resource, entry)
    found = scope.leaf(path, node.value is not None)
    if found is None:
        return _never
    facts, values = found
    if node.value is None:
        if operator is CompareOperator.eq:
            return lambda resource, _entry=None: not any(map(present, values(resource)))
        return _never
    also = scope.literals(path)(node.value) if operator is CompareOperator.eq else []
    test = comparison(facts, operator, node.value, also)
    return lambda resource, _entry=None: any(map(test, values(resource)))


def _present(path: AttrPath, scope: _Resources) -> Condition:
    if path.uri is not None and path.uri.lower() == TARGET:
        name = target_name(path)
        return lambda _resource, entry=None: any(map(present, held(entry, name)))
    found = scope.leaf(path, False)
    if found is None:
        return _never
    values = found[1]
    return lambda resource, _entry=None: any(map(present, values(resource)))


def _selection(node: ValuePath, scope: _Resources) -> Condition:
    found = scope.elements(node.attr_path)
    if found is None:
        return _never
    elements, inside = found
    test = _compile(node.val_filter, inside)
    return lambda resource, _entry=None: any(map(test, elements(resource)))


def held(entry: Entry | None, name: str) -> tuple[Any, ...]:
    """The values of a target attribute, whatever capitals the mapping file gives its name."""
    if entry is None:
        return ()
    values = entry.attributes.get(name)
    if values is None:
        folded = name.lower()
        values = next((found for key, found in entry.attributes.items() if key.lower() == folded), ())
    return values


def _of_target(path: AttrPath, operator: CompareOperator, value: Any) -> Condition:
    name = target_name(path)
    if operator is CompareOperator.ne:
        equal = _of_target(path, CompareOperator.eq, value)
        return lambda resource, entry=None: not equal(resource, entry)
    if value is None:
        return lambda _resource, entry=None: operator is CompareOperator.eq and not held(entry, name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    facts = SchemaAttribute("", name, "", _NOWHERE, type="decimal" if number else "string")
    test = comparison(facts, operator, value)

    def matches(held_value: Any) -> bool:
        if not number:
            return test(spelled(held_value))
        try:
            return test(float(spelled(held_value)))
        except ValueError:
            return False

    return lambda _resource, entry=None: any(map(matches, held(entry, name)))
