"""``check``: does the application answer as the mapping says?"""

from connectors.contract import Finding
from connectors.errors import ConnectorError, NotFound, Unavailable
from connectors.rest import paths
from connectors.rest.application import Application
from connectors.rest.documents import plain_id
from connectors.rest.membership import members_of
from connectors.rest.sections import Section


async def findings(application: Application) -> list[Finding]:
    """Ask for the first page of every list, and look into it. :raises Unavailable: nothing answers at all."""
    found: list[Finding] = []
    for section in application.sections.values():
        found += await _section(application, section)
    return found


async def _section(application: Application, section: Section) -> list[Finding]:
    name, listing = section.spec.name, section.list
    if listing is None:
        return [
            Finding("warning", "no call lists them, so that only filters on 'find' are answered", name, "http.list")
        ]
    try:
        _, items = await application.listed(section, listing, listing.paging.query(None, listing.paging.count))
    except Unavailable as error:
        if "cannot be reached" in error.detail or "login" in error.detail:
            raise
        return [Finding("error", error.detail, name, "http.list")]
    except ConnectorError as error:
        return [Finding("error", error.detail, name, "http.list")]
    if not items:
        return []
    ids = [plain_id(paths.find(each, section.anchor)) for each in items]
    if None in ids:
        return [Finding("error", f"an element of the list has no '{section.spec.anchor}'", name, "anchor")]
    return [*_fields(section, items), *await _one(application, section, str(ids[0]))]


def _fields(section: Section, items: list[object]) -> list[Finding]:
    """An attribute that no element has may be misspelt."""
    return [
        Finding("warning", f"none of the first {len(items)} has '{attribute}'", section.spec.name, attribute)
        for attribute, path in section.fields.items()
        if attribute not in section.spec.secrets and not any(_has(each, path) for each in items)
    ]


def _has(document: object, path: paths.Path) -> bool:
    parent = paths.find(document, path[:-1])
    return isinstance(parent, dict) and path[-1] in parent


async def _one(application: Application, section: Section, id: str) -> list[Finding]:
    found = []
    for key, asked in (
        ("http.read", application.read(section, id)),
        ("members.read", members_of(application, section, id)),
    ):
        try:
            await asked
        except NotFound:
            found.append(Finding("error", "what the list tells of is not found", section.spec.name, key))
        except ConnectorError as error:
            found.append(Finding("error", error.detail, section.spec.name, key))
    return found
