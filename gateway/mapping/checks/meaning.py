"""Names, conflicts and conditions of a mapping file: everything that can be wrong with it before it is compiled."""

from collections.abc import Iterator
from importlib.metadata import entry_points

from gateway.mapping.checks.rows import hides_section, row_messages, subjects
from gateway.mapping.checks.sections import section_messages
from gateway.mapping.errors import Message, listed, suggest
from gateway.mapping.file.faults import hidden
from gateway.mapping.model import MappingFile, Place, SchemaAttribute
from gateway.mapping.schema import rfc7643

_GROUP = "dirbridge.connectors"


def meaning_messages(file: MappingFile) -> Iterator[Message]:
    """Yield what is wrong with names, conflicts and conditions; nothing that only follows from a mistake of form."""
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
    if hidden(file.faults, file.strays, "target"):
        return
    installed = sorted(point.name for point in entry_points(group=_GROUP))
    if file.target not in installed:
        hint = suggest(file.target, installed) or f" (there are {listed(installed)})"
        text = f"no connector of kind {file.target!r} is installed{hint}"
        yield Message(_place(file, "target"), text)


def _schemas(file: MappingFile) -> Iterator[Message]:
    for attribute in file.schemas:
        if attribute.resource not in file.sections:
            if hides_section(file, attribute.resource):
                continue
            hint = suggest(attribute.resource, file.sections)
            yield Message(attribute.place, f"there is no section for {attribute.resource!r}{hint}")
            continue
        yield from _declared(file, attribute)


def _declared(file: MappingFile, attribute: SchemaAttribute) -> Iterator[Message]:
    path = next((path for path, place in file.places.items() if place == attribute.place), ())
    unsure = any(hidden(file.faults, file.strays, *path, key) for key in ("type", "sub_attributes"))
    known = {each.name.lower() for each in (*rfc7643.COMMON, *rfc7643.BUILT_IN.get(attribute.urn, ()))}
    if attribute.name.lower() in known:
        yield Message(attribute.place, f"{attribute.name!r} is an attribute of RFC 7643 already")
    if attribute.sub_attributes and attribute.type != "complex" and not unsure:
        yield Message(attribute.place, 'sub_attributes need type = "complex"')
    if attribute.type == "complex" and not attribute.sub_attributes and not unsure:
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
    for number, test in enumerate(file.tests):
        if test.resource not in file.sections and not hides_section(file, test.resource):
            hint = suggest(test.resource, file.sections)
            yield Message(test.place, f"for: there is no section for {test.resource!r}{hint}")
        given = [key for key in ("scim", "entry") if hidden(file.faults, file.strays, "test", number, key)]
        expected = [
            key for key in ("gives", "reads", "calls", "fails") if hidden(file.faults, file.strays, "test", number, key)
        ]
        if test.scim is None and test.entry is None and not given:
            yield Message(test.place, "a test needs 'scim', 'entry' or both")
        if test.fails is not None and (test.gives or test.reads or test.calls):
            yield Message(test.place, "'fails' expects a refusal, so nothing can be given, read or called")
        wanted = (test.fails, test.gives, test.reads, test.calls)
        if all(each is None for each in wanted) and not expected:
            yield Message(test.place, "a test needs 'gives', 'reads', 'calls' or 'fails'")
