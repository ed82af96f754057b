"""The writes of a PATCH, applied to a resource (RFC 7644 §3.5.2): a pure function on canonical dicts.

Its oracle is ``PatchOp.patch`` of scim2-models, which tests compare it with. It is its own implementation because a
resource read from a directory need not pass the models' validation, and because a model built and dumped again costs
ten times as much as the change.
"""

from collections.abc import Iterable
from typing import Any

from scim2_models import InvalidValueException, MutabilityException, NoTargetException, PayloadTooLargeException

from gateway.provisioning.documents import copied
from gateway.scim import selections
from gateway.scim.patching import Write
from gateway.scim.shape import Attribute
from gateway.scim.values import fold, identity

Document = dict[str, Any]
MAX_EFFORT = 200_000
"""How many values the operations of one PATCH may look at, each once for every term that is asked of it. Thousands of
operations on thousands of values would otherwise keep the process from everybody else."""


class Effort:
    """What is left of ``MAX_EFFORT``."""

    def __init__(self) -> None:
        self.left = MAX_EFFORT

    def spend(self, looks: int) -> None:
        """:raises PayloadTooLargeException: there is not enough left."""
        self.left -= looks
        if self.left < 0:
            raise PayloadTooLargeException(detail="The operations look at too many values; send several PATCHes")


def applied(operations: Iterable[tuple[Write, ...]], current: Document) -> Document:
    """Return the resource as it shall be; ``current`` stays as it is.

    :raises NoTargetException: a selection matches nothing and describes no element that may be created.
    :raises MutabilityException: an immutable value would change, or a required one go.
    :raises InvalidValueException: two values would be primary. :raises PayloadTooLargeException: too much work.
    """
    document: Document = copied(current)
    effort = Effort()
    for writes in operations:
        before = _snapshot(document, writes, effort)
        matched = [_matched(document, write, effort) for write in writes]
        for write, elements in zip(writes, matched, strict=True):
            _apply(document, write, elements, effort)
        for holder_name, attribute, old, olds in before:
            _settle(_holder(document, holder_name), attribute, old, olds)
    return document


def _holder(document: Document, extension: str | None) -> Document:
    return document if extension is None else document.get(extension) or {}


def _snapshot(
    document: Document, writes: tuple[Write, ...], effort: Effort
) -> list[tuple[str | None, Attribute, Any, dict[int, Document]]]:
    """What each touched attribute was; elements by identity, so that they can be paired after the writes."""
    touched = {(write.place.extension, write.place.attribute) for write in writes}
    result: list[tuple[str | None, Attribute, Any, dict[int, Document]]] = []
    for extension, attribute in touched:
        value = _holder(document, extension).get(attribute.name)
        elements = value if isinstance(value, list) else [value]
        effort.spend(len(elements) - 1)
        olds = {id(item): dict(item) for item in elements if isinstance(item, dict)}
        result.append((extension, attribute, dict(value) if isinstance(value, dict) else value, olds))
    return result


def _matched(document: Document, write: Write, effort: Effort) -> list[Any] | None:
    """The elements that a write's selection names, before anything is written."""
    attribute = write.place.attribute
    if write.selection is None:
        return None
    elements = _holder(document, write.place.extension).get(attribute.name) or []
    effort.spend((len(elements) - 1) * selections.terms(write.selection))
    return [item for item in elements if selections.matches(attribute, write.selection, item)]


def _apply(document: Document, write: Write, matched: list[Any] | None, effort: Effort) -> None:
    attribute = write.place.attribute
    extension = write.place.extension
    holder = document if extension is None else document.setdefault(extension, {})
    if matched is not None:
        _selected(holder, attribute, write, matched)
    elif write.op == "remove":
        _removed(holder, attribute, write, effort)
    elif write.place.sub is not None:
        _sub_written(holder, attribute, write.place.sub, write)
    else:
        _written(holder, attribute, write)
    if holder.get(attribute.name) in (None, [], {}):
        holder.pop(attribute.name, None)
    if extension is not None and not holder:
        document.pop(extension, None)


def _written(holder: Document, attribute: Attribute, write: Write) -> None:
    """add and replace of a whole attribute: a complex one is merged, an added array appended."""
    value = write.value
    if value is None:
        holder.pop(attribute.name, None)
    elif attribute.multi_valued:
        current = holder.get(attribute.name) or [] if write.op == "add" else []
        holder[attribute.name] = current + _new(attribute, current, value)
    elif attribute.complex:
        merged = {**(holder.get(attribute.name) or {}), **copied(value)}
        holder[attribute.name] = {name: item for name, item in merged.items() if item is not None}
    else:
        holder[attribute.name] = value


def _new(attribute: Attribute, current: list[Any], value: list[Any]) -> list[Any]:
    """The added values that are not there already: adding those changes nothing (RFC 7644 §3.5.2.1)."""
    if not attribute.complex:
        held = {fold(attribute, known) for known in current}
        return [item for item in value if fold(attribute, item) not in held]
    known = {identity(attribute, element): element for element in reversed(current)}
    new = []
    for item in value:
        element = known.get(identity(attribute, item))
        if element is None:
            new.append(item)
        else:
            element.update(item)
    return new


def _sub_written(holder: Document, attribute: Attribute, sub: Attribute, write: Write) -> None:
    """add and replace of ``name.givenName``, and of ``emails.value`` on every element."""
    if attribute.multi_valued:
        elements = holder.get(attribute.name) or []
        if not elements and write.value is not None:
            holder[attribute.name] = [{sub.name: write.value}]
        for element in elements:
            _set(element, sub, write)
        return
    target = holder.setdefault(attribute.name, {})
    _set(target, sub, write)


def _set(target: Document, sub: Attribute, write: Write) -> None:
    if write.value is None or write.value == []:
        target.pop(sub.name, None)
    elif write.op == "add" and sub.multi_valued:
        current = target.get(sub.name) or []
        target[sub.name] = current + [item for item in write.value if item not in current]
    else:
        target[sub.name] = write.value


def _removed(holder: Document, attribute: Attribute, write: Write, effort: Effort) -> None:
    current = holder.get(attribute.name)
    if current is None:
        return
    if write.place.sub is not None:
        for element in current if isinstance(current, list) else [current]:
            element.pop(write.place.sub.name, None)
        holder[attribute.name] = [item for item in current if item] if isinstance(current, list) else current
    elif write.values is not None:
        holder[attribute.name] = _left(attribute, current, write.values, effort)
    else:
        holder.pop(attribute.name)


def _left(attribute: Attribute, current: list[Any], values: tuple[Any, ...], effort: Effort) -> list[Any]:
    """The elements that none of the values names. A value is first looked up by its ``value``."""
    if not attribute.complex:
        gone = {fold(attribute, value) for value in values}
        return [item for item in current if fold(attribute, item) not in gone]
    sub = attribute.subs.get("value")
    naming: dict[Any, list[Document]] = {}
    for value in values:
        naming.setdefault(fold(sub, value["value"]) if sub and "value" in value else None, []).append(value)
    left = []
    for item in current:
        asked = naming.get(None, [])
        if sub and item.get("value") is not None:
            asked = asked + naming.get(fold(sub, item["value"]), [])
        effort.spend(len(asked))
        if not any(selections.covers(attribute, [item], value) for value in asked):
            left.append(item)
    return left


def _selected(holder: Document, attribute: Attribute, write: Write, matched: list[Any]) -> None:
    """The elements a selection names: removed, changed in place, or (none there) created."""
    sub = write.place.sub
    if not matched:
        if write.op != "remove":
            _create(holder, attribute, write)
        return
    if write.op == "remove" or (write.value is None and sub is None):
        if sub is None:
            gone = {id(item) for item in matched}
            holder[attribute.name] = [item for item in holder[attribute.name] if id(item) not in gone]
        else:
            for element in matched:
                element.pop(sub.name, None)
        return
    for element in matched:
        if sub is not None:
            _set(element, sub, write)
        elif attribute.complex:
            element.update(copied(write.value))
    if not attribute.complex:
        chosen = {id(item) for item in matched}
        holder[attribute.name] = [write.value if id(item) in chosen else item for item in holder[attribute.name]]


def _create(holder: Document, attribute: Attribute, write: Write) -> None:
    if write.value is None:
        return
    if write.creates is None:
        raise NoTargetException(detail=f"No value of {attribute.path} matches the filter of the path")
    sub = write.place.sub
    element = {**write.creates, **({sub.name: write.value} if sub else write.value)}
    if write.selection is not None and not selections.matches(attribute, write.selection, element):
        raise InvalidValueException(attribute=attribute.path, detail="The value contradicts the filter of the path")
    holder[attribute.name] = [*(holder.get(attribute.name) or []), element]


def _settle(holder: Document, attribute: Attribute, old: Any, olds: dict[int, Document]) -> None:
    """Compare an attribute with what it was before the operation, and keep one primary."""
    new = holder.get(attribute.name)
    if new == old and not olds:
        return
    _check_change(attribute, old, new)
    elements = new if isinstance(new, list) else [new]
    for element in elements:
        before = olds.get(id(element)) if attribute.multi_valued else old
        if isinstance(element, dict) and isinstance(before, dict) and before != element:
            for sub in attribute.subs.values():
                _check_change(sub, before.get(sub.name), element.get(sub.name))
    if isinstance(new, list) and attribute.complex:
        _settle_primary(attribute, new, olds)


def _check_change(attribute: Attribute, old: Any, new: Any) -> None:
    if old in (None, [], {}) or old == new:
        return
    if attribute.mutability == "immutable":
        raise MutabilityException(attribute=attribute.path, detail=f"{attribute.path} is immutable")
    if attribute.required and new in (None, [], {}):
        raise MutabilityException(
            attribute=attribute.path, detail=f"{attribute.path} is required and became unassigned"
        )


def _settle_primary(attribute: Attribute, elements: list[Document], olds: dict[int, Document]) -> None:
    """A value just marked primary unmarks the others (RFC 7644 §3.5.2); two at once are refused."""
    primary = [item for item in elements if item.get("primary") is True]
    if len(primary) < 2:
        return
    marked = [item for item in primary if olds.get(id(item), {}).get("primary") is not True]
    if len(marked) != 1:
        raise InvalidValueException(attribute=attribute.path, detail=f"{attribute.path}: only one value may be primary")
    for item in primary:
        if item is not marked[0]:
            item["primary"] = False
