"""Schema and ResourceType documents (RFC 7643 §6, §7) that advertise exactly what a mapping can do."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from gateway.mapping.model import SchemaAttribute, Section
from gateway.mapping.parts import is_unique
from gateway.mapping.rows.bound import BoundRow
from gateway.mapping.schema import rfc7643
from gateway.mapping.schema.index import AttributeIndex, Known

Document = dict[str, Any]

SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_UNLISTED = frozenset({"id", "externalId", "schemas", "meta"})
_REFERENCE_PARTS = ("value", "$ref", "display", "displayName", "type")


class Advertised:
    """What one section makes of its schemas.

    :param groups: some other section's members are of this type.
    :param implicit: attributes that are there without a row (``active`` where deactivation deletes).
    """

    def __init__(
        self,
        section: Section,
        index: AttributeIndex,
        rows: Sequence[BoundRow],
        *,
        groups: bool,
        implicit: Iterable[str],
    ) -> None:
        self.section, self.index, self.groups = section, index, groups
        self.rows: dict[str, list[BoundRow]] = {}
        for row in rows:
            self.rows.setdefault(row.path.top, []).append(row)
        self.implicit = frozenset(implicit)

    def documents(self) -> list[Document]:
        """The core schema, then every extension of which something is mapped."""
        urns = [self.section.schema, *(urn for urn in self.index.extensions.values())]
        found = [self._document(urn) for urn in urns]
        return [document for document in found if document["attributes"] or document["id"] == self.section.schema]

    def resource_type(self, documents: Sequence[Document]) -> Document:
        """The ResourceType of the section."""
        name, description = rfc7643.NAMES.get(self.section.schema, (self.section.name, self.section.name))
        extensions = [document["id"] for document in documents if document["id"] != self.section.schema]
        return {
            "schemas": [RESOURCE_TYPE],
            "id": self.section.name,
            "name": self.section.name,
            "description": description or name,
            "endpoint": self.section.endpoint,
            "schema": self.section.schema,
            "schemaExtensions": [{"schema": urn, "required": False} for urn in extensions],
        }

    def _document(self, urn: str) -> Document:
        extension = "" if urn == self.section.schema else urn
        known = [each for each in self.index if each.extension == extension and each.sub is None]
        attributes = [self._attribute(each) for each in known if each.path not in _UNLISTED]
        name, description = rfc7643.NAMES.get(urn, (self.section.name if not extension else urn, ""))
        listed = [attribute for attribute in attributes if attribute is not None]
        if not extension:
            listed += self._other_names({attribute["name"].lower() for attribute in listed})
        return {
            "schemas": [SCHEMA],
            "id": urn,
            "name": name,
            "description": description or f"The schema of {name}",
            "attributes": listed,
        }

    def _attribute(self, known: Known) -> Document | None:
        rows = self.rows.get(known.path, [])
        if known.path == "members" and self.section.members is not None:
            rules = self.section.members
            kinds = [_of_kinds(part, rules.ref) for part in known.head.sub_attributes]
            return described(replace(known.head, returned=rules.returned), kinds)
        if known.path == "groups" and self.groups and not rows:
            return described(known.head, known.head.sub_attributes)
        if known.path in self.implicit and not rows:
            return described(known.head, ())
        if not rows:
            return None
        return described(_as_mapped(self.section, known.head, rows), _parts(known.head, rows))

    def _other_names(self, taken: set[str]) -> list[Document]:
        """Other names of whole attributes (``also``) can be written and looked for, and are not read back."""
        others: list[Document] = []
        for row in (row for rows in self.rows.values() for row in rows):
            for name in row.row.also:
                if name.isidentifier() and name.lower() not in taken and name.lower() in self.index.aliases:
                    taken.add(name.lower())
                    facts = replace(
                        row.facts, name=name, description=f"Another name for {row.name}.", required=False,
                        multi_valued=False, uniqueness="none", mutability="writeOnly", returned="never",
                    )  # fmt: skip
                    others.append(described(facts, ()))
        return others


def _of_kinds(part: SchemaAttribute, kinds: tuple[str, ...]) -> SchemaAttribute:
    """A part of ``members`` for the resource types that members may be of."""
    if part.type == "reference":
        return replace(part, reference_types=kinds)
    return replace(part, canonical=kinds) if part.name == "type" else part


def _as_mapped(section: Section, head: SchemaAttribute, rows: Sequence[BoundRow]) -> SchemaAttribute:
    """The facts of an attribute under its rows."""
    mutability, returned = _mutability(head, rows), head.returned
    if mutability == "writeOnly" or not any(row.reads for row in rows):
        returned = "never"
    whole = [row for row in rows if row.path.known.sub is None]
    uniqueness = head.uniqueness
    if any(is_unique(section, row) for row in whole):
        uniqueness = "server" if uniqueness == "none" else uniqueness
    elif any(row.row.unique is False for row in whole):
        uniqueness = "none"
    needed = mutability != "readOnly" and any(row.required for row in rows)
    canonical = head.canonical or _table_keys(whole)
    return replace(
        head, mutability=mutability, returned=returned, uniqueness=uniqueness, required=needed, canonical=canonical
    )


def _mutability(facts: SchemaAttribute, rows: Sequence[BoundRow]) -> str:
    if facts.mutability == "readOnly" or not any(row.writes for row in rows):
        return "readOnly"
    if not any(row.reads for row in rows):
        return "writeOnly"
    if facts.mutability == "immutable" or (facts.type != "complex" and all(row.frozen for row in rows)):
        return "immutable"
    return "readWrite" if facts.mutability == "writeOnly" else facts.mutability


def _parts(head: SchemaAttribute, rows: Sequence[BoundRow]) -> list[SchemaAttribute]:
    """The sub-attributes that something is mapped to, as mapped."""
    whole = [row for row in rows if row.path.known.sub is None]
    fixed = {name for row in rows for name, _ in row.path.selector} | {
        name for row in rows for name in row.row.element or ()
    }
    found: list[SchemaAttribute] = []
    for sub in head.sub_attributes:
        own = [row for row in rows if row.path.known.sub is sub]
        if own:
            found.append(_part_as_mapped(head, sub, own))
        elif any(_holds(row, sub.name) for row in whole) or sub.name in fixed:
            found.append(sub)
        elif sub.name in _REFERENCE_PARTS and any(row.row.ref is not None for row in rows):
            found.append(sub if sub.name == "value" else replace(sub, mutability="readOnly", required=False))
    return found


def _part_as_mapped(head: SchemaAttribute, sub: SchemaAttribute, rows: Sequence[BoundRow]) -> SchemaAttribute:
    mutability = _mutability(sub, rows)
    never = mutability == "writeOnly"
    needed = mutability != "readOnly" and not head.multi_valued and any(row.row.required for row in rows)
    return replace(
        sub,
        mutability=mutability,
        returned="never" if never else sub.returned,
        required=needed or (sub.required and bool(head.resource)),
        canonical=sub.canonical or _table_keys(rows),
    )


def _holds(row: BoundRow, name: str) -> bool:
    """Whether a row of a whole attribute has a place for a sub-attribute."""
    return not row.elements or name in row.columns


def _table_keys(rows: Sequence[BoundRow]) -> tuple[str, ...]:
    """The known values, where every row has its values from a table and refuses others."""
    keys: dict[str, None] = {}
    for row in rows:
        outcomes = row.pipeline.outcomes() if row.row.unknown == "refuse" else None
        if row.facts.type != "string" or not outcomes or len(outcomes) > 64:
            return ()
        keys.update((str(value), None) for value, _ in outcomes)
    return tuple(keys)


def described(facts: SchemaAttribute, parts: Iterable[SchemaAttribute]) -> Document:
    """Write an attribute as RFC 7643 §7 has it."""
    document: Document = {
        "name": facts.name,
        "type": facts.type,
        "multiValued": facts.multi_valued,
        "description": facts.description or facts.name,
        "required": facts.required,
    }
    if facts.type in ("string", "reference", "binary"):
        document["caseExact"] = facts.case_exact or facts.type == "binary"
    document |= {"mutability": facts.mutability, "returned": facts.returned}
    if facts.type not in ("complex", "boolean"):
        document["uniqueness"] = facts.uniqueness
    if facts.canonical:
        document["canonicalValues"] = list(facts.canonical)
    if facts.type == "reference":
        document["referenceTypes"] = list(facts.reference_types or ("uri",))
    if facts.type == "complex":
        document["subAttributes"] = [described(part, part.sub_attributes) for part in parts]
    return document
