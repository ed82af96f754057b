"""A mapping file made ready to run: everything is resolved and compiled once, and nothing is parsed per request."""

from collections.abc import Mapping as MappingOf
from datetime import datetime
from typing import Any, Literal

from scim2_models.path import FilterNode

from connectors.contract import CollectionSpec
from connectors.entry import GROUPS, ID, MEMBERS, Entry
from connectors.filters import Filter
from gateway.mapping.advertised import Advertised
from gateway.mapping.digest import digest_of
from gateway.mapping.errors import MappingError, Message
from gateway.mapping.filters.conditions import compile_condition, mentioned
from gateway.mapping.model import Lifecycle, MappingFile, Members
from gateway.mapping.parts import Parts, constants_of, is_unique
from gateway.mapping.planning.matching import match_filters, rows_of
from gateway.mapping.planning.planning import Planner
from gateway.mapping.pushdown.pushdown import PushDown
from gateway.mapping.pushdown.pushed import Judge, Pushed, StoredIds
from gateway.mapping.rows.bound import BoundRow, Shape
from gateway.mapping.rows.derived import BoundSet
from gateway.mapping.rows.plan import Plan
from gateway.mapping.rows.reading import Reader, put_groups, put_members, readers, referring
from gateway.mapping.rows.secrecy import Secrecy
from gateway.mapping.schema.index import AttributeIndex
from gateway.mapping.schema.paths import parse_filter
from gateway.mapping.specs import collection_spec, holders, label_attributes
from gateway.mapping.targets import single_valued

__all__ = [
    "AttributeIndex",
    "Mapping",
    "Plan",
    "Pushed",
    "ResourceMapping",
    "compile_condition",
    "compile_mapping",
    "parse_filter",
]

Document = MappingOf[str, Any]


class Mapping:
    """One compiled file.

    :ivar target: the kind of target it is for. :ivar digest: a hash of what the file means; caches key on it.
    :ivar resources: the resource types by name. :ivar specs: what ``Connector.collections`` takes.
    """

    def __init__(self, file: MappingFile, resources: dict[str, "ResourceMapping"]) -> None:
        self.name = file.name
        self.target = file.target
        self.digest = digest_of(file)
        self.resources = resources
        self.specs: dict[str, CollectionSpec] = {name: each.spec for name, each in resources.items()}


class ResourceMapping:
    """One resource type of a compiled file.

    :ivar schema: the URN of the core schema; ``extensions``: those of which something is mapped.
    :ivar attributes: every attribute the schemas know. :ivar unique: SCIM paths to hold unique in the collection.
    :ivar guard_attributes: target attributes that ``in_scope`` and ``protected`` look at.
    :ivar secrecy: what of documents and entries is never kept. :ivar rows: the bound rows, for checks and laws.
    :ivar referring: where references may stand in what ``read`` returns: (extension or "", attribute).
    """

    def __init__(self, parts: "Parts", spec: CollectionSpec, file: MappingFile) -> None:
        section, index, rows = parts.section, parts.index, parts.rows
        self.name, self.endpoint, self.schema = section.name, section.endpoint, section.schema
        self.section, self.spec = section, spec
        self.lifecycle: Lifecycle = section.lifecycle
        self.members: Members | None = section.members
        self.attributes: AttributeIndex = index
        self.rows: tuple[BoundRow, ...] = tuple(rows)
        self.sets: tuple[BoundSet, ...] = tuple(parts.sets)
        self._slow = [row for row in rows if row.writes and row.pipeline.slow]
        self.secrecy = Secrecy(rows)
        self.password = any(row.is_password and row.writes for row in rows)
        self.unique = tuple(row.path.known.path for row in rows if is_unique(section, row))
        self.scope_filter: FilterNode | None = parts.scope
        self._scope = None if parts.scope is None else compile_condition(parts.scope, index)
        self._protect = [compile_condition(node, index) for node in parts.protect]
        self._match = [(rule, rows_of(rule, parts.rows, parts.index)) for rule in parts.match]
        self._groups = bool(holders(file, section.name)) and index.find("groups") is not None
        self.referring = referring(rows)
        constants = constants_of(section, index, rows)
        self._readers: list[Reader] = [*readers(rows), *self._computed(constants)]
        self._by_top = self._attributes_by_top()
        self._cache: dict[frozenset[str] | None, frozenset[str]] = {}
        self.guard_attributes = self._guards(parts)
        advertised = Advertised(section, index, rows, groups=self._groups, implicit=constants)
        self.schema_documents: list[dict[str, Any]] = advertised.documents()
        self.resource_type: dict[str, Any] = advertised.resource_type(self.schema_documents)
        self.extensions: tuple[str, ...] = tuple(each["schema"] for each in self.resource_type["schemaExtensions"])
        single = single_valued(file.target)
        self._single = single
        self._push = PushDown(
            section.name,
            index,
            rows,
            single,
            members=section.members is not None,
            groups=self._groups,
            constants=constants if section.lifecycle.deactivate == "delete" else {},
        )
        self._planner = Planner(
            rows, parts.sets, parts.parents, section.lifecycle, self._read, section.marker, file.target
        )

    def read(self, entry: Entry, stored: Document, last: Document | None = None) -> dict[str, Any]:
        """Return an entry as a canonical resource, without ``id``, ``schemas`` and what ``meta`` has from the gateway.

        :param stored: ledger values, canonical path → value. :param last: the last confirmed assertion of this
            connection, which says which of several values a row of one value shows (rule 11).
        """
        return self._read(entry, stored, last)

    def _read(self, entry: Entry, stored: Document, last: Document | None) -> dict[str, Any]:
        document: dict[str, Any] = {}
        held = entry.attributes
        for attr, put in self._readers:
            if attr is None or attr in held:
                put(entry, document, stored, last)
        return document

    def _computed(self, constants: dict[str, Any]) -> list[Reader]:
        puts: list[Reader] = []
        if self.section.members is not None:
            puts.append((MEMBERS, put_members))
        if self._groups:
            puts.append((GROUPS, put_groups))
        if "active" in constants:

            def put_active(_entry: Entry, document: dict[str, Any], _stored: Document, last: Document | None) -> None:
                document["active"] = (last or {}).get("active", True) is not False

            puts.append((None, put_active))
        return puts

    def attributes_for(self, scim_attrs: frozenset[str] | None) -> frozenset[str]:
        """Return the target attributes from which these SCIM paths are rendered; None = all returned by default."""
        found = self._cache.get(scim_attrs)
        if found is None:
            found = self._needed(scim_attrs)
            if len(self._cache) < 256:
                self._cache[scim_attrs] = found
        return found

    def _needed(self, scim_attrs: frozenset[str] | None) -> frozenset[str]:
        if scim_attrs is None:
            shown = set(self._by_top) - {"members"}
            if self.members is not None and self.members.returned == "default":
                shown.add("members")
            return frozenset[str]().union(*(self._by_top[top] for top in shown))
        found: set[str] = set()
        for path in scim_attrs:
            known = self.attributes.find(path.partition("[")[0])
            if known is not None:
                found |= self._by_top.get(known.top, frozenset())
            else:
                extension = self.attributes.extensions.get(path.lower(), "-")
                found.update(*(attrs for top, attrs in self._by_top.items() if top.startswith(f"{extension}:")))
        return frozenset(found)

    def _attributes_by_top(self) -> dict[str, frozenset[str]]:
        by_top: dict[str, set[str]] = {}
        inputs: dict[str, set[str]] = {}
        for row in self.rows:
            if row.reads:
                by_top.setdefault(row.path.top, set()).update({row.attr} if row.attr else ())
                inputs.setdefault(row.path.top, set()).update(row.inputs)
        if self._groups:
            by_top["groups"] = {GROUPS}
        if self.section.members is not None:
            by_top["members"] = {MEMBERS}
        for top, read in inputs.items():
            by_top[top].update(*(by_top.get(each, set()) for each in read))
        return {top: frozenset(attrs) for top, attrs in by_top.items()}

    def _guards(self, parts: "Parts") -> frozenset[str]:
        nodes = [*([parts.scope] if parts.scope is not None else []), *parts.protect]
        read = [each for node in nodes for each in mentioned(node, self.attributes)]
        mapped = frozenset(known.path for _, known in read if known is not None)
        return self.attributes_for(mapped) | {name for name, known in read if known is None}

    def takes_time(self, resource: Document) -> bool:
        """Whether to plan for this resource takes so long that it is better done in a thread: it has a password."""
        return any(isinstance(row.get(resource), str) for row in self._slow)

    def plan_create(self, resource: Document, last: Document | None = None) -> Plan:
        """Plan a new entry.

        :param last: what was asserted before, where the entry is made again; its ``active`` outlives omission.
        :raises InvalidValueException: a required value is missing, or a value cannot be taken.
        """
        if last is not None and "active" in last and resource.get("active") is None:
            resource = {**resource, "active": last["active"]}
        return self._planner.create(resource)

    def plan_update(
        self,
        resource: Document,
        entry: Entry,
        stored: Document,
        last: Document | None,
        named: frozenset[str] | None,
        *,
        restore: bool = False,
        edited: bool | None = None,
    ) -> Plan:
        """Plan the real differences between what is asserted and what is there.

        :param resource: the whole resource as it shall be. :param stored: ledger values.
        :param last: the last confirmed assertion of this connection, or None.
        :param named: the canonical paths that the request names; None = everything. An attribute covers its
            sub-attributes and the other way round. Rows that are not touched produce nothing (rule 7).
        :param restore: a POST brings somebody back (rule 22): ``active = true`` enables whatever was asserted before,
            and ``default`` acts as at any creation.
        :param edited: ``resource`` is what was read, edited (PATCH): what it lacks was taken away. None = where it
            carries an ``id``.
        :raises InvalidValueException, MutabilityException:
        """
        return self._planner.update(resource, entry, stored, last, named, restore=restore, edited=edited)

    def plan_lifecycle(self, event: Literal["deactivate", "delete"], entry: Entry, now: datetime) -> Plan:
        """Plan what an event changes: disable, move, stamps. Whether it deletes or is refused says ``lifecycle``.

        :raises ForbiddenException: nothing in the mapping says how to disable.
        """
        return self._planner.events.plan(event, entry, now)

    def match_filters(self, resource: Document) -> list[tuple[str, Filter]]:
        """Return (rule, filter) for each ``match`` rule that the resource has a value for, in order. Rules about
        ledger values have no filter: the ledger is asked."""
        return match_filters(self._match, self.rows, self.sets, resource)

    def narrow(self, node: FilterNode, judge: Judge) -> Filter | None:
        """Return what the target can select by, without what is left to decide: cheaper than ``push``."""
        return self._push.narrow(node, judge)

    def push(self, node: FilterNode, judge: Judge, stored_ids: StoredIds | None = None) -> Pushed:
        """Divide a filter between the target and the gateway.

        :param stored_ids: finds entries by ledger value: (path, operator, value) → ids, None where it cannot say.
        :raises InvalidFilterException: a comparison that an attribute's type does not know.
        """
        return self._push.push(node, judge, stored_ids)

    def sort_attribute(self, path: str) -> str | None:
        """Return the target attribute whose order is that of a SCIM path; None where no attribute's is."""
        known = self.attributes.find(path)
        if known is None:
            return None
        if known.path == "id":
            return ID
        rows = [row for row in self.rows if row.reads and row.path.top == known.top]
        if len(rows) != 1 or rows[0].path.known.path != known.path or rows[0].path.selector:
            return None
        row = rows[0]
        steps = {step.name for step in row.pipeline.steps if not step.normaliser}
        alike = row.pipeline.plain or steps == {"iso_time"}
        fits = alike and row.shape is Shape.ONE and row.when is None and row.row.ref is None
        return row.attr if fits and row.attr is not None and self._single(row.attr) else None

    def in_scope(self, resource: Document, entry: Entry | None) -> bool:
        """Whether ``scope`` holds (rule 25)."""
        return self._scope is None or self._scope(resource, entry)

    def protected(self, resource: Document, entry: Entry | None) -> bool:
        """Whether any filter of ``protect`` holds (rule 25)."""
        return any(condition(resource, entry) for condition in self._protect)


def compile_mapping(file: MappingFile) -> Mapping:
    """Compile a mapping file.

    :raises MappingError: with every mistake in paths, steps, conditions and references.
    """
    report: list[Message] = []
    parts = {name: Parts(file, section, report) for name, section in file.sections.items()}
    if report:
        raise MappingError(report)
    labels = {name: label_attributes(each.rows) for name, each in parts.items()}
    resources = {
        name: ResourceMapping(
            each,
            collection_spec(file, each.section, each.rows, each.sets, each.named_targets(), labels),
            file,
        )
        for name, each in parts.items()
    }
    return Mapping(file, resources)
