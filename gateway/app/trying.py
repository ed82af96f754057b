"""One SCIM document carried out in the mind: what ``dirbridge map`` shows."""

from dataclasses import dataclass
from typing import Any

from connectors.entry import PARENT, Ref
from gateway.app.parts import check_mapping
from gateway.app.unread import unread
from gateway.config import ConfigError
from gateway.mapping.errors import Message, suggest
from gateway.mapping.laws.simulation import created
from gateway.mapping.load import load
from gateway.scim import normalise
from gateway.scim.dialects import dialect_named
from gateway.scim.schemas import shape_of

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Tried:
    """What would stand in the target, attribute by attribute, and how SCIM would read it.

    :param unread: SCIM paths of what the document says and nothing in the mapping reads.
    """

    target: dict[str, Any]
    scim: dict[str, Any]
    unread: list[str]


def try_document(source: str, resource: str, document: dict[str, Any], *, dialect: str = "tolerant") -> Tried:
    """Map one document as a creation.

    :param source: a mapping file or preset. :param resource: the resource type, in any capitals.
    :raises ConfigError: the mapping cannot be used, or has no such resource type.
    :raises SCIMException: the document would be refused.
    """
    mapping = check_mapping(load(source), test=False)
    names = {name.lower(): name for name in mapping.resources}
    if resource.lower() not in names:
        hint = suggest(resource, mapping.resources) or f"; there is {', '.join(mapping.resources)}"
        raise ConfigError([Message(None, f"{source} has no resource type {resource!r}{hint}")])
    compiled = mapping.resources[names[resource.lower()]]
    shape, manner = shape_of(compiled), dialect_named(dialect)

    def canonical(body: dict[str, Any]) -> dict[str, Any]:
        return normalise.resource(shape, body, manner)

    state, _ = created(compiled, canonical(document))
    target = {name: _shown(values) for name, values in state.attributes.items()}
    target |= dict.fromkeys(compiled.spec.secrets & target.keys(), HIDDEN)
    if state.parent is not None:
        target[PARENT] = state.parent
    scim = _public(compiled.read(state.entry, state.stored))
    if compiled.members is not None and (ids := _members(canonical(document))):
        name = compiled.members.options.get("attr") or compiled.members.options.get("table") or "members"
        target[str(name)] = _shown(ids)
        if compiled.members.returned == "default":
            scim["members"] = [{"value": id} for id in ids]
    return Tried(target, scim, unread(compiled, document, canonical))


def _members(document: dict[str, Any]) -> tuple[str, ...]:
    """The members by id: the target, which is not asked here, would turn them into DNs or keys."""
    return tuple(dict.fromkeys(each["value"] for each in document.get("members") or () if each.get("value")))


def _public(value: Any) -> Any:
    """What an IdP would see: the type a reference leads to becomes part of its ``$ref`` there."""
    if isinstance(value, dict):
        return {key: _public(inner) for key, inner in value.items() if key != "_ref"}
    return [_public(inner) for inner in value] if isinstance(value, list) else value


def _shown(values: tuple[Any, ...]) -> Any:
    plain = [value.id if isinstance(value, Ref) else value for value in values]
    return plain[0] if len(plain) == 1 else plain
