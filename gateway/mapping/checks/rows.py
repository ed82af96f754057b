"""What can be wrong with one row: its path, its steps, its condition, its template, keys that do not go together."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.mapping.checks.filters import filter_faults
from gateway.mapping.errors import Message, listed, suggest
from gateway.mapping.file.faults import hidden, touched
from gateway.mapping.model import MappingFile, Place, Row, Section
from gateway.mapping.model import Step as WrittenStep
from gateway.mapping.rows.slots import claim
from gateway.mapping.schema.index import AttributeIndex
from gateway.mapping.schema.paths import PathError, ScimPath, parse_path
from gateway.mapping.steps import OptionError, Step, StepError, Surroundings, make_step

BRACES = re.compile(r"\{([^{}]*)\}")

_WRITING = ("default", "create", "apply", "on_clear", "immutable", "required", "when", "others")


@dataclass(frozen=True, slots=True)
class Subject:
    """One section under examination, with the attributes its resource type has."""

    file: MappingFile
    section: Section
    index: AttributeIndex = field(compare=False)
    nameless: frozenset[tuple[str | int, ...]] = field(default=frozenset(), compare=False)
    """rows whose path names nothing: what they were meant for is not said to be missing"""

    def hides(self, *keys: str | int) -> bool:
        """Whether a mistake that is reported already may be what stands at ``keys``, or was meant to."""
        faults, strays = self.file.faults, self.file.strays | self.nameless
        return hidden(faults, strays, "resource", self.section.name, *keys)

    def touched(self, *keys: str | int) -> bool:
        """Whether a mistake of form stands at ``keys`` or below."""
        return touched(self.file.faults, "resource", self.section.name, *keys)

    def row_hides(self, row: Row, *names: str) -> bool:
        """Whether a mistake in the row may hide one of its keys."""
        place = ("resource", self.section.name, row.direction, row.path or row.attr or "")
        return any(hidden(self.file.faults, self.file.strays, *place, name) for name in names)

    def may_declare(self, path: str) -> bool:
        """Whether a mistake in ``[schema…]`` may be why the attribute of a path is not known as the row takes it."""
        head = re.split(r"[.\[]", path)[0]
        at = ("schema", self.section.name, head)
        if hidden(self.file.faults, self.file.strays, *at) or touched(self.file.faults, *at):
            return True
        return any(each.name == head and each.resource not in self.file.sections for each in self.file.schemas)

    def place(self, *keys: str | int) -> Place:
        """Return where a key of the section stands, or the nearest table around it."""
        path = ("resource", self.section.name, *keys)
        for length in range(len(path), 1, -1):
            if path[:length] in self.file.places:
                return self.file.places[path[:length]]
        return self.section.place

    def path(self, row: Row) -> ScimPath | None:
        """Return what the path of a row names; None where it names nothing, which ``row_messages`` says."""
        try:
            return parse_path(row.path, self.index, self.section.name) if row.path else None
        except PathError:
            return None


def hides_section(file: MappingFile, name: str) -> bool:
    """Whether a mistake of form hides the section of a resource type."""
    return any(fault == ("resource", name)[: len(fault)] for fault in file.faults)


def subjects(file: MappingFile) -> Iterator[Subject]:
    """Yield every section of a file with its attributes."""
    for section in file.sections.values():
        declared = [each for each in file.schemas if each.resource == section.name]
        subject = Subject(file, section, AttributeIndex(section.schema, declared))
        named = [row for row in section.rows if row.direction != "set" and subject.path(row) is None]
        nameless = frozenset(("resource", section.name, row.direction, row.path) for row in named)
        yield Subject(file, section, subject.index, nameless)


def row_messages(file: MappingFile) -> Iterator[Message]:
    """Yield what is wrong with each row and each table, looked at by itself."""
    for name, table in file.tables.items():
        yield from _one_to_one(file, name, table)
    for subject in subjects(file):
        for row in subject.section.rows:
            for text in dict.fromkeys(_faults(subject, row)):
                yield Message(row.place, text)


def _one_to_one(file: MappingFile, name: str, table: Mapping[str, Any]) -> Iterator[Message]:
    """Insist that a value of the target has one meaning, so that it can be read back."""
    seen: dict[str, str] = {}
    for key, value in table.items():
        before = seen.setdefault(str(value), key)
        if before != key:
            place = file.places.get(("table", name, key), Place(file.name, 1, f"table.{name}.{key}"))
            yield Message(place, f"{before!r} and {key!r} both give {value!r}, so {value!r} cannot be read back")


def steps_of(subject: Subject, row: Row) -> list[Step]:
    """Build the steps of a row. :raises OptionError: one is written wrongly."""
    path = subject.path(row)
    scim_type = path.known.facts.type if path else "string"
    around = Surroundings(subject.file.tables, scim_type, row.unknown, row.default)
    return [make_step(step, around) for step in row.via]


def _faults(subject: Subject, row: Row) -> Iterator[str]:
    yield from _path_faults(subject, row)
    yield from _step_faults(subject, row)
    if row.when is not None:
        for fault in filter_faults(row.when, subject.index, subject.section.name):
            yield f"when: {fault}"
    yield from _template_faults(subject, row)
    yield from _key_faults(subject, row)


def _path_faults(subject: Subject, row: Row) -> Iterator[str]:
    if row.direction == "set":
        return
    try:
        path = parse_path(row.path, subject.index, subject.section.name)
    except PathError as error:
        if subject.may_declare(row.path):
            return
        children = subject.section.children
        attrs = [
            other.attr for other in subject.section.rows if other is not row and other.attr not in (None, *children)
        ]
        hint = suggest(row.path, filter(None, attrs)) if row.path in children else ""
        yield f"no row has attr = {row.path!r}{hint}" if hint else str(error)
        return
    short = subject.section.name.lower()
    table = short if short in ("user", "group") else f"resource.{subject.section.name}"
    if path.top in ("id", "schemas"):
        yield f"'{path.top}' is the gateway's own and cannot be mapped"
    elif row.direction == "map" and "readOnly" in (path.known.head.mutability, path.known.facts.mutability):
        yield f"'{path.text}' is read-only in SCIM; move the row to [{table}.show]"
    elif row.direction == "map" and path.top == "members":
        yield f"members have a table of their own: [{table}.members]"
    elif path.known.facts.type == "complex" and not _is_held_whole(subject, row) and not _may_be_held(subject, row):
        child = f", or give its elements a table: [….child.{row.attr}]" if _may_have_rows(subject, row, path) else ""
        yield f'{row.path!r} is complex: map a sub-attribute, or all of it with via = ["json"]{child}'
    if path.top == "password" and row.direction == "map" and row.only != "write" and not subject.row_hides(row, "only"):
        yield 'a password is never read back; add only = "write"'
    if path.top == "password" and row.store == "ledger":
        yield "a password is never kept in the ledger; it needs 'attr'"
    elif row.only == "write" and row.store == "ledger":
        yield "what is only written is a secret, and never kept in the ledger; it needs 'attr'"
    for other in row.also:
        known = subject.index.find(other)
        if known is not None and known.sub is None and not known.extension:
            yield f"also: {other!r} is an attribute of {subject.section.name} itself"


def _may_have_rows(subject: Subject, row: Row, path: ScimPath) -> bool:
    return subject.file.target == "sql" and path.known.head.multi_valued and row.attr is not None


def _is_held_whole(subject: Subject, row: Row) -> bool:
    steps = any(step.name == "json" or step.name.startswith("plugin:") for step in row.via)
    return steps or row.attr in subject.section.children or row.ref is not None or row.value is not None


def _may_be_held(subject: Subject, row: Row) -> bool:
    return subject.row_hides(row, "via", "ref", "value", "attr") or subject.may_declare(row.path)


def _step_faults(subject: Subject, row: Row) -> Iterator[str]:
    path = subject.path(row)
    around = Surroundings(subject.file.tables, path.known.facts.type if path else "string", row.unknown, row.default)
    steps: list[Step] = []
    for written in row.via:
        try:
            steps.append(make_step(written, around))
        except OptionError as error:
            if not _said_by_the_table(subject.file, written, str(error)):
                yield str(error)
    one_way = [step.name for step in steps if step.one_way]
    if one_way and row.direction == "show":
        yield f"step {listed(one_way)} cannot be read backwards"
    elif one_way and row.direction == "map" and row.only != "write" and not subject.row_hides(row, "only"):
        yield f'step {listed(one_way)} only writes; add only = "write", or move the row to [….set]'
    if len(steps) == len(row.via) and not one_way and row.default is not None and not subject.row_hides(row, "via"):
        yield from _default_faults(row, steps)


def _said_by_the_table(file: MappingFile, step: WrittenStep, text: str) -> bool:
    """The table itself was already blamed, with its line."""
    hides = step.name == "table" and hidden(file.faults, file.strays, "table", str(step.argument))
    return hides or text.endswith("cannot be read back")


def _default_faults(row: Row, steps: list[Step]) -> Iterator[str]:
    if any(step.whole for step in steps):
        return
    value = row.default
    try:
        for step in steps:
            value = step.forward(value)
    except StepError as error:
        yield f"default: {error}"


def _template_faults(subject: Subject, row: Row) -> Iterator[str]:
    for key, template in (("template", row.template), ("else", row.otherwise)):
        if template is None or row.by_group:
            continue
        if "{" in BRACES.sub("", template) or "}" in BRACES.sub("", template):
            yield f"{key}: a brace without its partner in {template!r}"
        for name in BRACES.findall(template):
            try:
                path = parse_path(name, subject.index, subject.section.name)
            except PathError as error:
                if not subject.may_declare(name):
                    yield f"{key}: {error}"
                continue
            if path.top == "password":
                yield f"{key}: a password may not be copied into another attribute"
    sources = row.template is not None or row.by_group or subject.row_hides(row, "template", "by_group")
    if row.otherwise is not None and not sources:
        yield "'else' goes with 'template' or 'by_group'"


def _key_faults(subject: Subject, row: Row) -> Iterator[str]:
    """Keys that have no effect together are refused: whoever wrote them expects one."""
    if row.only == "read":
        given = [key for key in _WRITING if _given(row, key)]
        if given:
            yield f'only = "read" is never written, so {listed(given)} can have no effect'
    if row.unknown == "default" and row.default is None and not subject.row_hides(row, "default"):
        yield "unknown = \"default\" needs a 'default'"
    of_table = any(step.name in ("table", "states") for step in row.via) or subject.row_hides(row, "via")
    if row.unknown == "default" and not of_table:
        yield "'unknown' is about a value outside a table; the row has no step 'table' or 'states'"
    path = subject.path(row)
    if row.direction == "map" and path is not None:
        if row.element is not None and not path.everything:
            yield "'element' goes with a path that takes the values of all elements, such as \"emails.value\""
        if row.others == "remove" and not path.everything:
            yield f"'others' is about several values, and {path.text!r} has one"
        if row.element is not None:
            subs = [sub.name for sub in path.known.head.sub_attributes]
            for name in row.element:
                if name not in subs:
                    yield f"element: {name!r} is not a sub-attribute of {path.top}{suggest(name, subs)}"
        if path.everything and path.known.sub is not None and row.only is None and not subject.row_hides(row, "only"):
            yield from _claimed_elements(subject, row, path)
    if row.ref is not None and row.ref not in subject.file.sections and not hides_section(subject.file, row.ref):
        yield f"ref: there is no section for {row.ref!r}{suggest(row.ref, subject.file.sections)}"
    if row.ref is not None and row.via:
        yield "'ref' is translated by the gateway; it takes no 'via'"


def _claimed_elements(subject: Subject, row: Row, path: ScimPath) -> Iterator[str]:
    """What a row of all elements shows must come back to it, and not to a row that selects such elements."""
    for other in subject.section.rows:
        selecting = subject.path(other)
        if other.direction != "map" or selecting is None or selecting.top != path.top or not selecting.selector:
            continue
        if claim(selecting)([dict(row.element or {})]) is not None:
            apart = "primary = false" if dict(selecting.selector).get("primary") is True else 'type = "other"'
            yield (
                f"what is read here would be written by {selecting.text!r} (line {other.place.line}); tell such "
                f"elements apart, as in element = {{ {apart} }}, or let the other row select more narrowly"
            )


def _given(row: Row, key: str) -> bool:
    if key == "apply":
        return row.apply_given
    defaults = {"on_clear": "clear", "others": "keep", "required": False}
    return bool(getattr(row, key) != defaults.get(key))
