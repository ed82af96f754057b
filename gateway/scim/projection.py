"""Which attributes an answer shows (RFC 7643 §7 ``returned``, RFC 7644 §3.9), compiled per request shape.

A canonical dict goes in, the document for the wire comes out: attributes chosen, ``$ref`` and ``meta.location`` added,
names that no schema declares left out, ``schemas`` made to name what is there. Its oracle is the library's dump, which
tests compare it with on random combinations.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from gateway.scim.shape import Attribute, Shape

Document = dict[str, Any]
Rendering = Callable[[Any, str], Any]
"""A value and the base URL in, what is shown of it out; None where nothing is left."""

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
CACHED = 256
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
_LABELS = frozenset({"type", "display", "displayName"})
"""What a reference has once it is resolved."""


def _segment(id: str) -> str:
    """An id as one segment of a URL's path."""
    return id if _UNRESERVED.fullmatch(id) else quote(id, safe="")


class Projection:
    """One request shape of one resource type.

    :param attributes: canonical paths asked for, None = the defaults. :param excluded: canonical paths left out.
    :param endpoints: resource type → endpoint, for ``$ref``. :param versions: whether ``meta.version`` is shown.
    """

    def __init__(
        self,
        shape: Shape,
        attributes: frozenset[str] | None,
        excluded: frozenset[str],
        endpoints: Mapping[str, str],
        *,
        versions: bool = True,
    ) -> None:
        asked = None if attributes is None else frozenset(path.lower() for path in attributes)
        left_out = frozenset(path.lower() for path in excluded)
        choice = _Choice(shape, asked, left_out, endpoints, versions)
        self._shape = shape
        self._core = choice.table(shape.core)
        self._extensions = {extension.urn: choice.extension(extension.urn) for extension in shape.extensions.values()}

    def render(self, resource: Document, base: str) -> Document:
        """Return the document for the wire.

        :param resource: canonical, with ``id`` and ``meta``. :param base: the URL of the endpoint.
        """
        shown: Document = {"schemas": [self._shape.schema]}
        for name, value in resource.items():
            rendering = self._core.get(name)
            if rendering is _whole and type(value) is str:
                shown[name] = value
            elif rendering is not None and (part := rendering(value, base)) is not None:
                shown[name] = part
            elif (table := self._extensions.get(name)) and value and (part := _object(table, value, base)) is not None:
                shown[name] = part
                shown["schemas"].append(name)
        meta = shown.get("meta")
        if meta is not None and "location" in self._meta:
            meta["location"] = self.location(resource["id"], base)
        return shown

    def location(self, id: str, base: str) -> str:
        """``meta.location`` of a resource of this type."""
        return f"{base}{self._shape.endpoint}/{_segment(id)}"

    @property
    def _meta(self) -> frozenset[str]:
        rendering = self._core.get("meta")
        return rendering.names if isinstance(rendering, _Complex) else frozenset()


class _Complex:
    """The rendering of a complex attribute: its chosen sub-attributes, and ``$ref`` where it is one of them."""

    def __init__(self, attribute: Attribute, table: dict[str, Rendering], endpoints: Mapping[str, str]) -> None:
        self.table = table
        self.names = frozenset(table)
        reference = attribute.subs.get("$ref")
        self.reference = reference is not None and "$ref" in table
        types = [name for name in reference.references if name in endpoints] if reference is not None else []
        self.endpoints = endpoints
        # What a user is in is a group; RFC 7643 §8.7.1 lets its type say "direct" or "indirect" instead.
        self.only = endpoints.get("Group") if attribute.name == "groups" else None
        if len(types) == 1:
            self.only = endpoints[types[0]]

    def __call__(self, value: Any, base: str) -> Any:
        if not isinstance(value, dict):
            return None
        shown = _object(self.table, value, base)
        if self.reference and (location := self._reference(value, base)) is not None:
            shown = {**(shown or {}), "$ref": location}
        return shown

    def _reference(self, value: Document, base: str) -> str | None:
        """``$ref`` of a reference that the gateway resolved."""
        endpoint = self.endpoints.get(value.get("type") or "") or self.only
        target = value.get("value")
        if not _LABELS.intersection(value):
            return None  # kept as the IdP sent it, for someone who is not here yet (semantics, rule 18)
        return f"{base}{endpoint}/{_segment(target)}" if endpoint and isinstance(target, str) else None


def _object(table: Mapping[str, Rendering], value: Document, base: str) -> Document | None:
    shown: Document = {}
    for name, item in value.items():
        rendering = table.get(name)
        if rendering is _whole and type(item) is str:  # nearly every one; spares a call
            shown[name] = item
        elif rendering is not None and (part := rendering(item, base)) is not None:
            shown[name] = part
    return shown or None


def _whole(value: Any, _base: str) -> Any:
    return None if value == [] else value


def _each(rendering: Rendering) -> Rendering:
    def render(value: Any, base: str) -> Any:
        if not isinstance(value, list):
            return None
        return [part for item in value if (part := rendering(item, base)) is not None] or None

    return render


class _Choice:
    """What one request shape chooses, attribute by attribute; all paths folded."""

    def __init__(
        self,
        shape: Shape,
        asked: frozenset[str] | None,
        left_out: frozenset[str],
        endpoints: Mapping[str, str],
        versions: bool,
    ) -> None:
        self.shape, self.left_out, self.endpoints, self.versions = shape, left_out, endpoints, versions
        self.asked = asked
        self.all_core = asked is not None and shape.schema.lower() in asked

    def table(self, attributes: Mapping[str, Attribute]) -> dict[str, Rendering]:
        """Name → rendering of the attributes that are shown."""
        return {
            attribute.name: rendering
            for attribute in attributes.values()
            if attribute.name != "schemas" and (rendering := self._rendering(attribute)) is not None
        }

    def extension(self, urn: str) -> dict[str, Rendering]:
        """The table of an extension: empty where all of it is left out."""
        if urn.lower() in self.left_out:
            return {}
        return self.table(self.shape.extensions[urn.lower()].attributes)

    def _rendering(self, attribute: Attribute) -> Rendering | None:
        if not self._shown(attribute):
            return None
        if not attribute.complex:
            return _whole
        subs = {sub.name: self._rendering(sub) for sub in attribute.subs.values()}
        if attribute.name == "meta" and not self.versions:
            subs.pop("version", None)
        table = {name: rendering for name, rendering in subs.items() if rendering is not None}
        if not table:
            return None
        rendering = _Complex(attribute, table, self.endpoints)
        return _each(rendering) if attribute.multi_valued else rendering

    def _shown(self, attribute: Attribute) -> bool:
        """RFC 7643 §7, judged at the attribute's own level; its parent is judged before it."""
        path = attribute.path.lower()
        if attribute.returned == "never":
            return False
        if attribute.returned == "always":
            return True
        if attribute.returned == "request":
            return self.asked is not None and any(name == path or name.startswith(f"{path}.") for name in self.asked)
        if self.asked is not None and not self._requested(path):
            return False
        return path not in self.left_out

    def _requested(self, path: str) -> bool:
        if self.all_core and ":" not in path:
            return True
        return any(
            name == path or path.startswith((f"{name}.", f"{name}:")) or name.startswith(f"{path}.")
            for name in self.asked or ()
        )


class Projections:
    """The projections of one endpoint, compiled on first use and kept while they are in use."""

    def __init__(self, shapes: Mapping[str, Shape], *, versions: bool) -> None:
        self._shapes = shapes
        self._versions = versions
        self._endpoints = {name: shape.endpoint for name, shape in shapes.items()}
        self._kept: OrderedDict[tuple[str, frozenset[str] | None, frozenset[str]], Projection] = OrderedDict()

    def of(self, type: str, attributes: frozenset[str] | None, excluded: frozenset[str]) -> Projection:
        """Return the projection of one request shape."""
        key = (type, attributes, excluded)
        found = self._kept.get(key)
        if found is None:
            shape = self._shapes[type]
            found = Projection(shape, attributes, excluded, self._endpoints, versions=self._versions)
            self._kept[key] = found
            if len(self._kept) > CACHED:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found
