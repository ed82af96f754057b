"""The keys of a mapping file's section that belong to the REST connector, read once and without I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import CollectionSpec
from connectors.entry import MEMBERS
from connectors.rest import paths
from connectors.rest.calls import COMMON, Call, read_call
from connectors.rest.paging import PAGE, Paging, read_paging
from connectors.rest.reader import Reader

HTTP = frozenset({"item", "find", "list", "read", "create", "update", "delete", "integer_ids", "if_match"})
LISTED = frozenset({"items", "page"})
EACH = frozenset({"items", "page", "value", "type", "display"})
CHANGING = frozenset({"value", "each"})
OWN_MEMBERS = frozenset({"read", "add", "remove", "of", "attr", "value", "type", "display"})


@dataclass(frozen=True, slots=True)
class Listing:
    """A call that answers with a list. :param items: where it stands in the answer."""

    call: Call
    items: paths.Path
    paging: Paging


@dataclass(frozen=True, slots=True)
class Find:
    """A call that answers "who has this value". :param exact: it tells all who have it, in any capitals, and no others.

    :param capitals: to the application, other capitals are another value.
    """

    listing: Listing
    attribute: str
    place: str
    exact: bool
    capitals: bool


@dataclass(frozen=True, slots=True)
class Create:
    """:param key: where the answer holds the id. :param idempotency: the header that makes a repetition harmless.

    :param takes: the attributes that the call takes, where ``update`` is to write the others; None = all.
    """

    call: Call
    key: paths.Path
    whole: bool
    idempotency: str | None
    takes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """:param whole: the answer holds the whole object, so that it need not be read once more."""

    call: Call
    whole: bool


@dataclass(frozen=True, slots=True)
class MemberList:
    """Where members are told: in an answer of its own, or at ``attr`` of the group.

    :param value: where an element holds the id; ``()`` = it is the id. :param type, display: what else it may hold.
    """

    listing: Listing | None
    attr: paths.Path
    value: paths.Path
    type: paths.Path | None
    display: paths.Path | None


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A call that adds or removes one member (``{user}``) or, where ``send`` says ``{users}``, all at once."""

    call: Call
    batch: bool
    each: Any


@dataclass(frozen=True, slots=True)
class Members:
    """``[group.members]``. :param of: the call that lists a user's groups."""

    read: MemberList
    add: MemberChange | None
    remove: MemberChange | None
    of: MemberList | None
    collections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One resource type: its calls, and where its attributes stand in a document."""

    spec: CollectionSpec
    anchor: paths.Path
    fields: Mapping[str, paths.Path]
    version: paths.Path | None
    list: Listing | None
    finds: Mapping[str, Find]
    read: Call
    create: Create | None
    update: Update | None
    delete: Call | None
    members: Members | None
    after: tuple[Call, ...] = ()
    integer_ids: bool = False
    if_match: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def read_sections(specs: Mapping[str, CollectionSpec], variables: Mapping[str, str]) -> dict[str, Section]:
    """Read all sections. :raises ValueError: every wrong key, one sentence a line."""
    mistakes: list[str] = []
    sections = {name: _section(spec, variables, mistakes) for name, spec in specs.items()}
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return {name: section for name, section in sections.items() if section is not None}


def _section(spec: CollectionSpec, variables: Mapping[str, str], mistakes: list[str]) -> Section | None:
    where = spec.name.lower()
    own = Reader(where, spec.options, mistakes)
    own.only({"http"})
    http = Reader(f"{where}.http", spec.options.get("http") or {}, mistakes)
    http.only(HTTP)
    item = http.path("item", "") or ()
    places = frozenset(variables)
    one = {*places, "id"}
    read = read_call(http.inner("read"), one, item=item, methods=("get", "post"))
    if read is None:
        http.complain("'read' is missing: the call that reads one object, such as { get = \"/users/{id}\" }")
        return None
    delete = read_call(http.inner("delete"), one, methods=("delete", "post", "put", "patch"))
    return Section(
        spec=spec,
        anchor=_path(own, spec.anchor),
        fields={name: _path(own, name) for name in sorted(spec.attributes)},
        version=None if spec.version is None else _path(own, spec.version),
        list=_listing(http.inner("list"), places),
        finds={each.attribute: each for each in _finds(http, spec, places)},
        read=read,
        create=_create(http.inner("create"), spec, one, item),
        update=_update(http.inner("update"), one, item),
        delete=delete,
        members=_members(Reader(f"{where}.members", spec.members or {}, mistakes), spec, places),
        after=tuple(_after(where, spec, one, mistakes)),
        integer_ids=http.flag("integer_ids"),
        if_match=http.flag("if_match"),
        variables=variables,
    )


def _path(reader: Reader, text: str) -> paths.Path:
    try:
        return paths.parse(text)
    except ValueError as error:
        reader.complain(str(error))
        return (text,)


def _listing(reader: Reader | None, places: Iterable[str], keys: Iterable[str] = ()) -> Listing | None:
    call = read_call(reader, places, {*LISTED, *keys}, methods=("get", "post"))
    if reader is None or call is None:
        return None
    return Listing(call, reader.path("items", "") or (), read_paging(reader.inner("page")))


def _finds(http: Reader, spec: CollectionSpec, places: frozenset[str]) -> Iterator[Find]:
    given = http.table.get("find", [])
    for table in given if isinstance(given, list) else [given]:
        reader = http.inner("find", table)
        known = {**dict(zip(spec.attributes, spec.attributes, strict=True)), **spec.names}
        listing = _listing(reader, {*places, *known}, ("exact", "capitals"))
        if reader is None or listing is None:
            continue
        asked = listing.call.template.places - places
        if len(asked) != 1:
            reader.complain("must have one place with the attribute to find by, such as '/users?email={userName}'")
            continue
        place = next(iter(asked))
        yield Find(listing, known.get(place, place), place, reader.flag("exact"), reader.flag("capitals"))


def _create(reader: Reader | None, spec: CollectionSpec, places: Iterable[str], item: paths.Path) -> Create | None:
    known = set(places) if spec.generate is not None else set(places) - {"id"}
    call = read_call(reader, known, ("key", "whole", "idempotency", "takes"), item=item, methods=("post", "put"))
    if reader is None or call is None:
        return None
    key = reader.path("key")
    idempotency = reader.text("idempotency")
    takes = _takes(reader, spec)
    return Create(call, _path(reader, spec.anchor) if key is None else key, reader.flag("whole"), idempotency, takes)


def _takes(reader: Reader, spec: CollectionSpec) -> frozenset[str] | None:
    given = reader.table.get("takes")
    if given is None:
        return None
    names = given if isinstance(given, list) else [given]
    known = {*spec.attributes, spec.anchor}
    for name in names:
        if name not in known:
            reader.complain(
                f"'takes': '{name}' is no attribute that a row writes; these are {', '.join(sorted(known))}"
            )
    return frozenset(name for name in names if isinstance(name, str))


def _update(reader: Reader | None, places: Iterable[str], item: paths.Path) -> Update | None:
    call = read_call(reader, places, ("whole",), item=item, methods=("patch", "put", "post"))
    return None if reader is None or call is None else Update(call, reader.flag("whole"))


def _members(reader: Reader, spec: CollectionSpec, places: frozenset[str]) -> Members | None:
    if spec.members is None:
        return None
    reference = spec.references.get(MEMBERS)
    listing = _member_list(reader.inner("read"), {*places, "id"})
    attr = reader.path("attr", "") or ()
    if (listing is None) == (not attr):
        reader.complain("needs one of 'read', the call that lists members, and 'attr', where the group holds them")
        return None
    if listing is None:
        listing = MemberList(None, attr, reader.path("value", "") or (), reader.path("type"), reader.path("display"))
    change = {*places, "id", "user", "users"}
    add, remove = (_member_change(reader.inner(key), change) for key in ("add", "remove"))
    if not attr and (add is None or remove is None):
        reader.complain("'add' and 'remove' are the calls that change members")
    if (add is None) != (remove is None):
        reader.complain("'add' and 'remove' belong together")
    return Members(
        read=listing,
        add=add,
        remove=remove,
        of=_member_list(reader.inner("of"), {*places, "user"}),
        collections=reference.collections if reference is not None else ("User",),
    )


def _member_list(reader: Reader | None, places: Iterable[str]) -> MemberList | None:
    listing = _listing(reader, places, EACH - LISTED)
    if reader is None or listing is None:
        return None
    value = reader.path("value", "id")
    return MemberList(listing, (), value or (), reader.path("type"), reader.path("display"))


def _member_change(reader: Reader | None, places: Iterable[str]) -> MemberChange | None:
    call = read_call(reader, places, CHANGING - {"value"}, methods=("put", "post", "patch", "delete"), taken=())
    if reader is None or call is None:
        return None
    said = str(call.send)
    named = "{user}" in call.template.text or "{user}" in said
    batch = "{users}" in said
    if named == batch:
        reader.complain("must name the member: {user} for one, or {users} in 'send' for all at once")
    if batch and call.taken:
        reader.complain("'taken' does not tell which of {users} is a member already: name one, {user}")
    return MemberChange(call, batch, reader.table.get("each", "{user}"))


def _after(where: str, spec: CollectionSpec, places: Iterable[str], mistakes: list[str]) -> Iterator[Call]:
    for number, table in enumerate(spec.calls):
        reader = Reader(f"{where}.lifecycle.after.{number}.call", table, mistakes)
        call = read_call(reader, places)
        if call is not None:
            yield call


__all__ = ["COMMON", "PAGE", "Create", "Find", "Listing", "MemberChange", "MemberList", "Members", "Section", "Update"]
