"""What ``dirbridge check --online`` asks a directory: does the mapping fit its schema, rights and controls?"""

from collections.abc import Iterable, Mapping

from connectors.contract import CollectionSpec, Finding
from connectors.entry import MEMBERS
from connectors.errors import ConnectorError, Unavailable
from connectors.ldap import accounts, controls, query
from connectors.ldap.messages import BASE_OBJECT
from connectors.ldap.options import Settings, suggestion
from connectors.ldap.place import Place, place_of
from connectors.ldap.pool import Link
from connectors.ldap.schema import Schema

_WANTED = {
    controls.PAGED: "without the paged results control lists end at the server's size limit",
    controls.POST_READ: "without the post-read control every change costs one more read",
    controls.ASSERTION: "without the assertion control If-Match is checked before the change, not within it",
}

_GIVEN = frozenset(
    {"instancetype", "ntsecuritydescriptor", "objectcategory", "objectsid", "grouptype", "samaccountname"}
)
"""what Active Directory demands and fills in itself"""


async def check(link: Link, specs: Mapping[str, CollectionSpec], settings: Settings) -> list[Finding]:
    """All findings for one mapping file.

    :raises Unavailable: the directory cannot be asked.
    """
    features = link.features
    wanted = {controls.PAGED} if features.active_directory else _WANTED.keys()  # it has none of the others
    findings = [Finding("warning", text) for oid, text in _WANTED.items() if oid in wanted and not features.has(oid)]
    if not features.schema.attributes:
        findings.append(Finding("warning", "the directory's schema cannot be read, so the mapping was not held to it"))
    for name, spec in specs.items():
        try:
            place = place_of(spec, settings)
        except ValueError as error:
            findings += [Finding("error", line, name) for line in str(error).splitlines()]
            continue
        findings += await _rights(link, place)
        findings += await _versions(link, place)
        findings += _accounts(place, settings) if features.active_directory else ()
        if features.schema.attributes:
            findings += _classes(features.schema, place)
            findings += _attributes(features.schema, place)
            findings += _required(features.schema, place, _GIVEN if features.active_directory else frozenset())
            findings += await _indices(link, features.schema, place)
    return findings


async def _rights(link: Link, place: Place) -> list[Finding]:
    """The bases are there and can be read, and so are all places where entries go: also those for leavers."""
    name = place.spec.name
    found: list[Finding] = []
    for dn in dict.fromkeys((*place.bases, *place.homes)):
        try:
            seen = await link.find(dn, query.ALL, ("1.1",), BASE_OBJECT)
        except Unavailable:
            seen = ()
        if not seen:
            found.append(Finding("error", f"'{dn}' is not there, or this login may not read it", name, "parent"))
    return found


def _classes(schema: Schema, place: Place) -> Iterable[Finding]:
    for each in place.classes:
        if each.lower() not in schema.classes:
            hint = suggestion(each.lower(), schema.classes)
            yield Finding("error", f"the directory has no object class '{each}'{hint}", place.spec.name, "class")


def _attributes(schema: Schema, place: Place) -> Iterable[Finding]:
    """Every attribute exists, and the classes allow it."""
    _, may = schema.requirements(place.classes)
    free = "extensibleobject" in {each.lower() for each in place.classes}
    names = {*place.spec.attributes, place.rdn, place.anchor.attribute, place.anchor.version}
    for name in sorted(names | ({place.member} if place.member else set())):
        known = schema.attributes.get(name.lower())
        if known is None:
            hint = suggestion(name.lower(), schema.attributes)
            yield Finding("error", f"the directory has no attribute '{name}'{hint}", place.spec.name, name)
        elif not known.operational and not free and not may.intersection(schema.names(name)):
            classes = ", ".join(place.classes)
            yield Finding("error", f"'{name}' is not allowed by the classes {classes}", place.spec.name, name)


async def _versions(link: Link, place: Place) -> list[Finding]:
    """The entries that are there show a version, as far as one look tells."""
    version = place.anchor.version
    if not link.features.has(controls.PAGED):
        return []
    try:
        rows, _ = await link.find_page(place.bases[0], place.filter, (version,), 1)
    except ConnectorError:
        return []  # ``_rights`` has said why
    if all(version.lower() in row.values for row in rows):
        return []
    return [Finding("warning", f"entries show no '{version}', so they have no version and no ETag", place.spec.name)]


def _accounts(place: Place, settings: Settings) -> Iterable[Finding]:
    """What goes wrong with accounts of Active Directory only."""
    name = place.spec.name
    plain = [url for url in settings.urls if url.startswith("ldap://")] if not settings.start_tls else []
    if plain and accounts.PASSWORD.lower() in place.secrets:
        yield Finding("error", "Active Directory takes passwords over TLS only; use ldaps:// or start_tls", name)
    if place.is_person and "search_filter" not in place.spec.options:
        yield Finding("warning", "computers are of the class user too; give search_filter", name, "search_filter")


def _required(schema: Schema, place: Place, given: frozenset[str]) -> Iterable[Finding]:
    """Every attribute that the classes demand is written by some row, or ``given`` by the directory itself."""
    must, _ = schema.requirements(place.classes)
    written = {"objectclass", *(each.attribute.lower() for each in place.numbers)}
    written |= {alias for name in place.spec.attributes for alias in schema.names(name)}
    if MEMBERS in place.spec.references and place.member and place.placeholder:
        written.update(schema.names(place.member))
    for name in sorted(must - written - given):
        what = f"the classes demand '{name}', and no row writes it"
        if place.member and name in schema.names(place.member):
            what = f"a group cannot be without '{place.member}'; give members.placeholder a DN to stand in"
        yield Finding("error", what, place.spec.name, name)


async def _indices(link: Link, schema: Schema, place: Place) -> list[Finding]:
    """The attributes by which entries are found have an equality index, where OpenLDAP's configuration can be read."""
    try:
        rows = await link.find("cn=config", query.equal("olcSuffix", place.base.encode()), ("olcDbIndex",))
    except ConnectorError:
        return []
    if not rows:
        return []
    lines = [raw.decode("utf-8", "replace") for row in rows for raw in row.values.get("olcdbindex", ())]
    indexed = {
        alias
        for names, _, kinds in (line.partition(" ") for line in lines)
        for name in names.split(",")
        for alias in (schema.names(name) if "eq" in kinds.split(",") else ())
    }
    return [
        Finding("warning", f"'{name}' has no equality index, so every look-up reads all", place.spec.name, name)
        for name in ("objectClass", place.anchor.attribute, place.rdn, *([place.member] if place.member else []))
        if not indexed.intersection(schema.names(name))
    ]
