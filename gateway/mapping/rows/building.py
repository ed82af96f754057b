"""From the rows of a section to bound rows; everything wrong with them is reported at once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scim2_models import InvalidFilterException
from scim2_models.path import FilterNode

from gateway.mapping.errors import Message, suggest
from gateway.mapping.filters.conditions import Condition, compile_condition, mentioned, unknown
from gateway.mapping.model import MappingFile, Place, Row, Section
from gateway.mapping.rows.bound import BoundRow, Shape
from gateway.mapping.rows.coerce import is_empty
from gateway.mapping.rows.derived import BoundSet, Parents
from gateway.mapping.rows.slots import MISSING, slot
from gateway.mapping.rows.templates import compile_template, either
from gateway.mapping.schema.index import AttributeIndex
from gateway.mapping.schema.paths import PathError, ScimPath, parse_filter, parse_path
from gateway.mapping.steps import OptionError, StepError, Surroundings, make_step
from gateway.mapping.steps.pipeline import Pipeline


class Builder:
    """Binds one section.

    :param report: where messages go; what cannot be bound is left out of the result.
    """

    def __init__(self, file: MappingFile, section: Section, index: AttributeIndex, report: list[Message]) -> None:
        self.file, self.section, self.index, self.report = file, section, index, report
        self.children = set(section.children)

    def rows(self) -> list[BoundRow]:
        """Bind the rows of ``map`` and ``show``."""
        paths: list[tuple[Row, ScimPath]] = []
        for row in self.section.rows:
            if row.direction != "set":
                path = self._path(row.path, row.place)
                if path is not None:
                    paths.append((row, self._known_value(row, path)))
        every = [path for _, path in paths]
        bound = [self._row(row, path, every) for row, path in paths]
        return [row for row in bound if row is not None]

    def sets(self) -> list[BoundSet]:
        """Bind the rows of ``set``."""
        bound = [self._set(row) for row in self.section.rows if row.direction == "set"]
        return [row for row in bound if row is not None]

    def parents(self) -> Parents:
        """Bind the branches of ``parent``."""
        choices: list[tuple[str, Condition | None]] = []
        inputs: set[str] = set()
        for choice in self.section.parent:
            condition, read = self.condition(choice.when, self.section.place)
            choices.append((choice.dn, condition))
            inputs |= read
        return Parents(tuple(choices), frozenset(inputs))

    def filter(self, text: str | None, place: Place) -> FilterNode | None:
        """Parse a condition and check that schemas know what it reads."""
        if text is None:
            return None
        try:
            node = parse_filter(text, self.index.shorts)
            compile_condition(node, self.index)
        except InvalidFilterException as error:
            self.complain(place, f"'{text}' is not a SCIM filter: {error.detail}")
            return None
        for name in unknown(node, self.index):
            names = [known.path for known in self.index if not known.extension]
            self.complain(place, f"'{text}': no schema has '{name}'{suggest(name, names)}")
        return node

    def condition(self, text: str | None, place: Place) -> tuple[Condition | None, frozenset[str]]:
        """Compile a condition, with the canonical paths of the attributes it reads."""
        node = self.filter(text, place)
        if node is None:
            return None, frozenset()
        read = frozenset(known.top for _, known in mentioned(node, self.index) if known is not None)
        return compile_condition(node, self.index), read

    def complain(self, place: Place, text: str) -> None:
        """Report a mistake."""
        self.report.append(Message(place, text))

    def _path(self, text: str, place: Place) -> ScimPath | None:
        try:
            return parse_path(text, self.index, self.section.name)
        except PathError as error:
            self.complain(place, str(error))
            return None

    def _known_value(self, row: Row, path: ScimPath) -> ScimPath:
        """A single reference, or a value in a complex attribute that is not kept whole, means its ``value``."""
        head = path.known
        if head.sub is not None or head.head.type != "complex" or head.head.multi_valued or _is_json(row):
            return path
        value = self.index.sub(head, "value")
        return ScimPath(value.path, value) if value is not None else path

    def _row(self, row: Row, path: ScimPath, every: list[ScimPath]) -> BoundRow | None:
        pipeline = self._pipeline(row, path.known.facts.type)
        condition, inputs = self.condition(row.when, row.place)
        if pipeline is None:
            return None
        child = row.attr in self.children
        shape = Shape.WHOLE if pipeline.whole else Shape.MANY if path.everything else Shape.ONE
        if path.known.facts.type == "complex" and not (child or shape is Shape.WHOLE or row.ref or row.value):
            self.complain(row.place, f"{path.text} is complex: map a sub-attribute, or all of it via 'json'")
            return None
        if row.direction == "map" and row.only != "write" and pipeline.one_way:
            name = next(step.name for step in pipeline.steps if step.one_way)
            self.complain(row.place, f"step '{name}' cannot be read backwards; add only = \"write\"")
        if row.ref is not None and row.ref not in self.file.sections:
            self.complain(row.place, f"there is no resource type '{row.ref}'{suggest(row.ref, self.file.sections)}")
        return BoundRow(
            row=row,
            path=path,
            attr=None if row.store is not None else row.attr,
            pipeline=pipeline,
            shape=shape,
            get=slot(path, [other for other in every if other is not path]),
            aliases=tuple(self._aliases(row, path)),
            when=condition,
            inputs=inputs,
            elements=child,
            columns=self._columns(row, path) if child else frozenset(),
        )

    def _columns(self, row: Row, path: ScimPath) -> frozenset[str]:
        columns = self.section.children[row.attr or ""].get("map", {})
        names = {sub.name for sub in path.known.head.sub_attributes}
        for name in columns:
            if name not in names:
                self.complain(row.place, f"'{name}' is not a sub-attribute of {path.top}{suggest(name, names)}")
        return frozenset(columns)

    def _aliases(self, row: Row, path: ScimPath) -> Iterable[tuple[str, Any]]:
        for other in row.also:
            known = self.index.find(other)
            try:
                found = parse_path(other, self.index, self.section.name) if known else None
            except PathError:
                found = None
            if found is not None and found.text != path.text:
                yield found.text, slot(found)
            elif known is None:
                self.index.alias(other, path.text, path.known.path)
                yield other, _named(other)

    def _pipeline(self, row: Row, scim_type: str) -> Pipeline | None:
        around = Surroundings(self.file.tables, scim_type, row.unknown, row.default)
        steps = []
        wrong = False
        for written in row.via:
            try:
                steps.append(make_step(written, around))
            except OptionError as error:
                wrong = True
                self.complain(row.place, str(error))
        return None if wrong else Pipeline(steps)

    def _set(self, row: Row) -> BoundSet | None:
        pipeline = self._pipeline(row, "string")
        condition, inputs = self.condition(row.when, row.place)
        value, read = self._value(row)
        if pipeline is None or value is None:
            return None
        return BoundSet(row, row.attr or "", value, pipeline, inputs | read, condition)

    def _value(self, row: Row) -> tuple[Callable[[Mapping[str, Any]], Any] | None, frozenset[str]]:
        try:
            if row.template is not None:
                otherwise = compile_template(row.otherwise, self.index, self.section.name) if row.otherwise else None
                template = either(compile_template(row.template, self.index, self.section.name), otherwise)
                return template.render, frozenset(path.top for path in template.paths)
            if row.by_group:
                return (lambda _resource: row.otherwise), frozenset()
        except PathError as error:
            self.complain(row.place, str(error))
            return None, frozenset()
        return (lambda _resource: row.value), frozenset()


def normaliser(row: BoundRow) -> Callable[[Any], Any]:
    """Return what makes of a literal what the row would write for it, so that an IdP finds by what it sent."""

    def normal(value: Any) -> Any:
        try:
            return row.out(row.into(value))
        except StepError:
            return None

    return normal


def _named(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def get(document: Mapping[str, Any]) -> Any:
        value = document.get(name, MISSING)
        return None if is_empty(value) else value

    return get


def _is_json(row: Row) -> bool:
    return any(step.name == "json" for step in row.via)
