"""Everything that can be wrong with a mapping file and needs no I/O: names, conflicts, the three laws."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points

from gateway.mapping import rfc7643
from gateway.mapping.check_rows import row_messages, subjects
from gateway.mapping.check_sections import section_messages
from gateway.mapping.errors import MappingError, Message, in_order, listed, suggest
from gateway.mapping.model import MappingFile, Place, SchemaAttribute, Section

_GROUP = "dirbridge.connectors"


def check(file: MappingFile, laws: bool = True) -> list[Message]:
    """Return everything that is wrong with a loaded file, by line; nothing means that it can be used.

    :param laws: try the three laws too, where nothing else is wrong. That takes a moment.
    """
    messages = in_order(_messages(file))
    if messages:
        return messages
    from gateway.mapping.compiled import compile_mapping
    from gateway.mapping.laws import law_messages

    try:
        compile_mapping(file)
    except MappingError as error:
        return in_order(error.messages)
    return in_order(law_messages(file)) if laws else []


def warnings(file: MappingFile) -> list[Message]:
    """What is allowed and hardly meant."""
    return in_order(_warnings(file))


def _warnings(file: MappingFile) -> Iterator[Message]:
    for section in file.sections.values():
        lifecycle = section.lifecycle
        if lifecycle.move_to is not None and "move" not in (lifecycle.deactivate, lifecycle.delete):
            text = 'nothing moves there: neither deactivate nor delete is "move"'
            yield Message(_place(file, "resource", section.name, "lifecycle", "move_to"), text)
        for row in section.rows:
            if row.only == "write" and row.apply == "on-change":
                text = "what is only written is remembered nowhere, so that every value sent counts as a change"
                yield Message(row.place, f'apply = "on-change": {text}')
        yield from _looked_up_in_lists(file, section)


def _looked_up_in_lists(file: MappingFile, section: Section) -> Iterator[Message]:
    """A ``match`` that an application cannot be asked for costs the whole list, at every creation."""
    http = section.options.get("http")
    if file.target != "rest" or not isinstance(http, Mapping) or "list" not in http:
        return
    finds = str(http.get("find", ""))
    attributes = {row.path: row.attr for row in section.rows if row.direction == "map"}
    for name in section.match:
        attribute = name.removeprefix("target:") if name.startswith("target:") else attributes.get(name)
        if attribute and f"{{{attribute}}}" not in finds and f"{{{name}}}" not in finds:
            text = f"no call of http.find asks for {name!r}, so that every creation reads the whole list"
            yield Message(_place(file, "resource", section.name, "match"), text)


def _messages(file: MappingFile) -> Iterator[Message]:
    yield from _target(file)
    yield from _schemas(file)
    yield from row_messages(file)
    for subject in subjects(file):
        yield from section_messages(subject)
    yield from _endpoints(file)
    yield from _tests(file)


def _place(file: MappingFile, *path: str | int) -> Place:
    return file.places.get(path, Place(file.name, 1, ".".join(map(str, path))))


def _target(file: MappingFile) -> Iterator[Message]:
    installed = sorted(point.name for point in entry_points(group=_GROUP))
    if file.target not in installed:
        hint = suggest(file.target, installed) or f" (there are {listed(installed)})"
        text = f"no connector of kind {file.target!r} is installed{hint}"
        yield Message(_place(file, "target"), text)


def _schemas(file: MappingFile) -> Iterator[Message]:
    for attribute in file.schemas:
        if attribute.resource not in file.sections:
            hint = suggest(attribute.resource, file.sections)
            yield Message(attribute.place, f"there is no section for {attribute.resource!r}{hint}")
            continue
        yield from _declared(attribute)


def _declared(attribute: SchemaAttribute) -> Iterator[Message]:
    known = {each.name.lower() for each in (*rfc7643.COMMON, *rfc7643.BUILT_IN.get(attribute.urn, ()))}
    if attribute.name.lower() in known:
        yield Message(attribute.place, f"{attribute.name!r} is an attribute of RFC 7643 already")
    if attribute.sub_attributes and attribute.type != "complex":
        yield Message(attribute.place, 'sub_attributes need type = "complex"')
    if attribute.type == "complex" and not attribute.sub_attributes:
        yield Message(attribute.place, 'type = "complex" needs sub_attributes')
    if not attribute.urn.lower().startswith("urn:"):
        yield Message(attribute.place, f"the schema {attribute.urn!r} is not a URN")
    if attribute.required and attribute.mutability == "readOnly":
        yield Message(attribute.place, "'required' and mutability = \"readOnly\" contradict each other")
    for part in attribute.sub_attributes:
        if part.sub_attributes:
            yield Message(part.place, "a sub-attribute has no sub_attributes of its own (RFC 7643 §2.3.8)")


def _endpoints(file: MappingFile) -> Iterator[Message]:
    seen: dict[str, str] = {}
    for section in sorted(file.sections.values(), key=lambda section: section.place.line):
        before = seen.setdefault(section.endpoint.lower(), section.name)
        if before != section.name:
            text = f"{section.endpoint!r} is the endpoint of {before} already"
            place = file.places.get(("resource", section.name, "endpoint"), section.place)
            yield Message(place, text)


def _tests(file: MappingFile) -> Iterator[Message]:
    for test in file.tests:
        if test.resource not in file.sections:
            hint = suggest(test.resource, file.sections)
            yield Message(test.place, f"for: there is no section for {test.resource!r}{hint}")
        if test.scim is None and test.entry is None:
            yield Message(test.place, "a test needs 'scim', 'entry' or both")
        if test.fails is not None and (test.gives or test.reads or test.calls):
            yield Message(test.place, "'fails' expects a refusal, so nothing can be given, read or called")
        if test.fails is None and test.gives is None and test.reads is None and test.calls is None:
            yield Message(test.place, "a test needs 'gives', 'reads', 'calls' or 'fails'")
