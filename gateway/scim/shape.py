"""What the attributes of a resource type are (RFC 7643 §7), looked up as clients spell them.

Attribute names and URNs are case-insensitive (RFC 7643 §2.1), so every table here is keyed by the folded name and
gives the schema's spelling back. A canonical path is ``userName``, ``name.givenName``, ``urn:…:2.0:User:department``
or the URN of an extension alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from scim2_models.path import AttrPath, FilterNode
from scim2_server.utils import load_default_schemas

COMMON: tuple[dict[str, Any], ...] = (
    {"name": "schemas", "type": "reference", "multiValued": True, "caseExact": True, "returned": "always"},
    {"name": "id", "type": "string", "caseExact": True, "mutability": "readOnly", "returned": "always"},
    {"name": "externalId", "type": "string", "caseExact": True},
    {
        "name": "meta",
        "type": "complex",
        "mutability": "readOnly",
        "subAttributes": [
            {"name": "resourceType", "type": "string", "caseExact": True, "mutability": "readOnly"},
            {"name": "created", "type": "dateTime", "mutability": "readOnly"},
            {"name": "lastModified", "type": "dateTime", "mutability": "readOnly"},
            {"name": "location", "type": "string", "caseExact": True, "mutability": "readOnly"},
            {"name": "version", "type": "string", "caseExact": True, "mutability": "readOnly"},
        ],
    },
)
"""The attributes that every resource has (RFC 7643 §3.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """One attribute or sub-attribute as its schema declares it.

    :param path: its canonical path. :param canonical: folded canonical value → its spelling.
    :param sole: what selects the one element that the mapping has, where it has one and no ``primary``.
    """

    name: str
    path: str
    type: str
    multi_valued: bool
    required: bool
    case_exact: bool
    mutability: str
    returned: str
    canonical: Mapping[str, str]
    references: tuple[str, ...]
    subs: Mapping[str, "Attribute"]
    sole: FilterNode | None = None

    @property
    def complex(self) -> bool:
        return self.type == "complex"

    @property
    def read_only(self) -> bool:
        return self.mutability == "readOnly"


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """A schema extension: its URN as declared, and its attributes."""

    urn: str
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads: the extension that holds it (or None), the attribute, the sub-attribute."""

    extension: str | None
    attribute: Attribute
    sub: Attribute | None = None

    @property
    def leaf(self) -> Attribute:
        """The attribute the path names last."""
        return self.sub or self.attribute

    @property
    def path(self) -> str:
        return self.leaf.path


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One resource type.

    :param aliases: folded name an IdP may use → canonical path, possibly with a selection (``also`` of a row).
    """

    name: str
    endpoint: str
    schema: str
    core: Mapping[str, Attribute]
    extensions: Mapping[str, Extension]
    members: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def always(self) -> tuple[str, ...]:
        """The paths that are returned whatever was asked for, beside ``id`` and ``schemas``."""
        own = (each for each in self.core.values() if each.name not in ("id", "schemas"))
        return tuple(each.path for each in own if each.returned == "always")

    def place(self, path: AttrPath) -> Place | None:
        """Return where a path leads, or None where this resource type has no such attribute.

        The URN of an extension alone reads as a path too, and leads nowhere: look it up in ``extensions``.
        """
        if path.uri is None or path.uri.lower() == self.schema.lower():
            holder, urn = self.core, None
        elif (extension := self.extensions.get(path.uri.lower())) is not None:
            holder, urn = extension.attributes, extension.urn
        else:
            return None
        attribute = holder.get(path.attr.lower())
        if attribute is None or path.sub_attr is None:
            return Place(urn, attribute) if attribute else None
        sub = attribute.subs.get(path.sub_attr.lower())
        return Place(urn, attribute, sub) if sub else None

    def homes(self, name: str) -> tuple[Place, ...]:
        """Return the extension attributes of this name, for those who send them at top level."""
        folded = name.lower()
        return tuple(
            Place(extension.urn, extension.attributes[folded])
            for extension in self.extensions.values()
            if folded in extension.attributes
        )


def attribute_from(document: Mapping[str, Any], prefix: str = "") -> Attribute:
    """Read one attribute of a Schema document (RFC 7643 §7), defaults as its §2.2 gives them."""
    path = f"{prefix}{document['name']}"
    kind = document.get("type", "string")
    subs = (attribute_from(sub, f"{path}.") for sub in document.get("subAttributes") or ())
    return Attribute(
        name=document["name"],
        path=path,
        type=kind,
        multi_valued=bool(document.get("multiValued", False)),
        required=bool(document.get("required", False)),
        case_exact=bool(document.get("caseExact", kind in ("reference", "binary"))),
        mutability=document.get("mutability", "readWrite"),
        returned=document.get("returned", "default"),
        canonical={value.lower(): value for value in document.get("canonicalValues") or ()},
        references=tuple(document.get("referenceTypes") or ()),
        subs={sub.name.lower(): sub for sub in subs},
    )


def attributes_from(documents: Iterable[Mapping[str, Any]], prefix: str = "") -> dict[str, Attribute]:
    """Read the attributes of one schema, keyed by folded name."""
    return {str(document["name"]).lower(): attribute_from(document, prefix) for document in documents}


def shape_from(
    name: str,
    endpoint: str,
    schema: str,
    extensions: Iterable[str],
    documents: Iterable[Mapping[str, Any]],
    *,
    members: bool = False,
    aliases: Mapping[str, str] | None = None,
) -> Shape:
    """Build a shape from the Schema documents of one resource type."""
    by_urn = {str(document["id"]).lower(): document for document in documents}
    own = attributes_from(by_urn[schema.lower()].get("attributes") or ())
    # Another name is published as an attribute, so that clients find it, and read as what it stands for.
    core = attributes_from(COMMON) | {name: each for name, each in own.items() if name not in (aliases or {})}
    return Shape(
        name=name,
        endpoint=endpoint,
        schema=schema,
        core=core,
        extensions={
            urn.lower(): Extension(urn, attributes_from(by_urn[urn.lower()].get("attributes") or (), f"{urn}:"))
            for urn in extensions
        },
        members=members,
        aliases=aliases or {},
    )


@cache
def standard() -> Mapping[str, Mapping[str, Attribute]]:
    """The schemas of RFC 7643 §8.7, by folded URN: what an IdP may name although this mapping does not map it."""
    return {
        urn.lower(): attributes_from(schema.model_dump()["attributes"])
        for urn, schema in load_default_schemas().items()
    }


def is_standard(shape: Shape, path: AttrPath) -> bool:
    """Whether RFC 7643 defines the attribute for this resource type, mapped or not."""
    schemas = standard()
    urns = [path.uri.lower()] if path.uri else [shape.schema.lower(), *_extensions_of(shape)]
    for urn in urns:
        attribute = schemas.get(urn, {}).get(path.attr.lower())
        if attribute is not None:
            return path.sub_attr is None or path.sub_attr.lower() in attribute.subs or not attribute.subs
    return False


def _extensions_of(shape: Shape) -> tuple[str, ...]:
    """The standard extensions of a standard resource type: the Enterprise extension belongs to User."""
    if shape.schema.lower() != "urn:ietf:params:scim:schemas:core:2.0:user":
        return ()
    return ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:user",)
