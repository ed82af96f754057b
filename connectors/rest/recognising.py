"""Under which id stands what a creation made: an application may spell what it was sent in a way of its own.

A 2xx says that it was made. Addresses come back in small letters, names without the blanks at their ends, texts in
another normal form (Unicode TR 15); what is answered and remembered is what the application then has.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from connectors.entry import Attributes, Change, Kind
from connectors.errors import ConnectorError, InvalidValue, NotFound, Unavailable
from connectors.rest import paths
from connectors.rest.application import Application
from connectors.rest.documents import plain_id, values_of
from connectors.rest.searching import Search
from connectors.rest.sections import Create, Section
from connectors.rest.transport import Answer


def alike(one: str, other: str) -> bool:
    """Whether two texts differ in capitals, blanks at their ends and Unicode's normal form alone."""
    return _plainly(one) == _plainly(other)


def _plainly(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def says_nothing_of(section: Section, id: str, change: Change) -> bool:
    """Whether a change only spells the id in another way, as it was sent once. It is left as the application has it.

    :raises InvalidValue: it changes the id, which is to outlive every change.
    """
    if change.attribute != section.spec.anchor:
        return False
    if change.kind is Kind.REPLACE and len(change.values) == 1 and alike(str(change.values[0]), id):
        return True
    raise InvalidValue("this is the id, which does not change", attribute=change.attribute)


async def made(
    application: Application, section: Section, answer: Answer, attributes: Attributes, id: str | None
) -> tuple[str, Any]:
    """The id of what a creation made, and the document where it had to be read to know that (else None).

    :param answer: the answer to the creation. :param id: the id that was chosen here, where the mapping says so.
    :raises Unavailable: it was made, and cannot be found.
    """
    create = section.create
    assert create is not None  # noqa: S101 - for the types
    told, given = _told(create, answer), id
    if told is not None and (id is None or alike(told, id)):
        return told, None
    if given is None and (values := attributes.get(section.spec.anchor)):
        given = str(values[0])
    location = unquote(answer.headers.get("location", "").partition("?")[0].rstrip("/").rpartition("/")[2])
    if given is None:
        if not location:
            raise Unavailable(f"the answer to {create.call.label} does not tell the new id", uncertain=True)
        return location, None
    return await _looked_up(application, section, attributes, given, location)


def _told(create: Create, answer: Answer) -> str | None:
    """The id in the answer to a creation."""
    document = paths.find(answer.document, create.call.item)
    return plain_id(paths.find(document, create.key)) or plain_id(paths.find(answer.document, create.key))


async def _looked_up(
    application: Application, section: Section, attributes: Attributes, given: str, location: str
) -> tuple[str, Any]:
    failure: ConnectorError | None = None
    for spelling in dict.fromkeys(_spellings(given, location)):
        try:
            answer = await application.read(section, spelling, alike=alike)
        except NotFound as error:
            failure = failure or error
            continue
        document = paths.find(answer.document, section.read.item)
        return str(paths.find(document, section.anchor)), document
    found = await _found(application, section, attributes)
    if found is None:
        label = section.create.call.label if section.create else ""
        raise Unavailable(f"what {label} made is not found again", uncertain=True) from failure
    return found, None


def _spellings(given: str, location: str) -> Iterator[str]:
    """How an application may have written an id that it was given; the likeliest first."""
    composed = unicodedata.normalize("NFC", given)
    yield given
    if location and alike(location, given):
        yield location
    yield from (composed.strip(), composed.lower(), composed.strip().lower(), composed)


async def _found(application: Application, section: Section, attributes: Attributes) -> str | None:
    """The id of the one whom ``find`` knows by a value of the creation."""
    search = Search.of(application, section)
    for name in section.finds.keys() & attributes.keys():
        value = str(attributes[name][0])
        held = [(each, values_of(section, each, name)) for each in await search.by_find((name, value))]
        same = [each for each, values in held if any(alike(str(one), value) for one in values)]
        if len(same) == 1:
            return plain_id(paths.find(same[0], section.anchor))
    return None
