"""Everything that can be wrong with a mapping file and needs no I/O: names, conflicts, the three laws."""

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from typing import TYPE_CHECKING

from gateway.mapping.checks.meaning import meaning_messages
from gateway.mapping.errors import MappingError, Message, in_order
from gateway.mapping.model import MappingFile, Section

if TYPE_CHECKING:
    from gateway.mapping.compiled import Mapping


def check(file: MappingFile, laws: bool = True) -> list[Message]:
    """Return everything that is wrong with a loaded file, by line; nothing means that it can be used.

    :param laws: try the three laws too, where nothing else is wrong. That takes a moment.
    """
    mapping, messages = examined(file)
    return broken_laws(file) if laws and mapping is not None else messages


def examined(file: MappingFile) -> "tuple[Mapping | None, list[Message]]":
    """Return a loaded file compiled, or None and why it cannot be, by line."""
    messages = in_order(meaning_messages(file))
    if messages:
        return None, messages
    from gateway.mapping.compiled import compile_mapping

    try:
        return compile_mapping(file), []
    except MappingError as error:
        return None, in_order(error.messages)


def broken_laws(file: MappingFile) -> list[Message]:
    """Try the three laws on a file that compiles. That takes seconds."""
    from gateway.mapping.laws.laws import law_messages

    return in_order(law_messages(file))


def warnings(file: MappingFile) -> list[Message]:
    """What is allowed and hardly meant."""
    return in_order(_warnings(file))


def _warnings(file: MappingFile) -> Iterator[Message]:
    for section in file.sections.values():
        lifecycle = section.lifecycle
        if lifecycle.move_to is not None and "move" not in (lifecycle.deactivate, lifecycle.delete):
            text = 'nothing moves there: neither deactivate nor delete is "move"'
            place = file.places.get(("resource", section.name, "lifecycle", "move_to"), section.place)
            yield Message(place, text)
        for row in section.rows:
            if row.only == "write" and row.apply == "on-change":
                text = "what is only written is remembered nowhere, so that every value sent counts as a change"
                yield Message(row.place, f'apply = "on-change": {text}')
        yield from _looked_up_in_lists(file, section)


def _looked_up_in_lists(file: MappingFile, section: Section) -> Iterator[Message]:
    """A ``match`` that an application cannot be asked for costs the whole list, at every creation."""
    http = section.options.get("http")
    if file.target != "rest" or not isinstance(http, MappingOf) or "list" not in http:
        return
    finds = str(http.get("find", ""))
    attributes = {row.path: row.attr for row in section.rows if row.direction == "map"}
    for name in section.match:
        attribute = name.removeprefix("target:") if name.startswith("target:") else attributes.get(name)
        if attribute and f"{{{attribute}}}" not in finds and f"{{{name}}}" not in finds:
            text = f"no call of http.find asks for {name!r}, so that every creation reads the whole list"
            yield Message(file.places.get(("resource", section.name, "match"), section.place), text)
