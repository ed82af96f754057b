"""One section of a mapping file with everything in it bound, before it is compiled."""

from collections.abc import Sequence
from typing import Any

from scim2_models.path import FilterNode

from gateway.mapping.errors import Message
from gateway.mapping.filters.conditions import mentioned
from gateway.mapping.model import MappingFile, Section
from gateway.mapping.planning.matching import unmatched
from gateway.mapping.rows.bound import BoundRow, Shape
from gateway.mapping.rows.building import Builder, normaliser
from gateway.mapping.schema.index import AttributeIndex
from gateway.mapping.specs import holders


class Parts:
    """One section, bound."""

    def __init__(self, file: MappingFile, section: Section, report: list[Message]) -> None:
        declared = [each for each in file.schemas if each.resource == section.name]
        self.section = section
        self.index = AttributeIndex(section.schema, declared)
        builder = Builder(file, section, self.index, report)
        groups = bool(holders(file, section.name))
        self.rows = [row for row in builder.rows() if not (groups and row.path.top == "groups")]
        for row in self.rows:
            if row.pipeline.steps and row.reads and row.shape is not Shape.WHOLE and row.row.direction == "map":
                normal = normaliser(row)
                self.index.normal.setdefault(row.path.known.path, []).append(normal)
                if not row.path.everything:
                    self.index.written[row.path.text] = normal
        self.sets = builder.sets()
        self.parents = builder.parents()
        self.scope = builder.filter(section.scope, section.place)
        found = [builder.filter(text, section.place) for text in section.protect]
        self.protect: Sequence[FilterNode] = [node for node in found if node is not None]
        self.match = section.match
        for text in unmatched(self.match, self.rows, self.sets, self.index):
            report.append(Message(section.place, text))

    def named_targets(self) -> frozenset[str]:
        """The target attributes that ``scope``, ``protect`` and ``match`` name."""
        nodes = [*([self.scope] if self.scope is not None else []), *self.protect]
        named = {name for node in nodes for name, known in mentioned(node, self.index) if known is None}
        return frozenset(named)


def is_unique(section: Section, row: BoundRow) -> bool:
    if row.row.direction != "map" or (row.path.selector and not row.row.unique):
        return False
    usual = {"User": "userName", "Group": "displayName"}.get(section.name) == row.name
    declared = row.path.known.sub is None and row.path.known.head.uniqueness != "none" and row.row.attr is not None
    return row.row.unique if row.row.unique is not None else usual or declared


def constants_of(section: Section, index: AttributeIndex, rows: Sequence[BoundRow]) -> dict[str, Any]:
    """``active`` without a row, where deactivation deletes or moves: what is there is active."""
    mapped = any(row.is_active for row in rows)
    if mapped or section.lifecycle.deactivate not in ("delete", "move") or index.find("active") is None:
        return {}
    return {"active": True}
