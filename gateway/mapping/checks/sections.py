"""What can be wrong with a section as a whole, and between its rows."""

import re
from collections import defaultdict
from collections.abc import Iterator

from gateway.mapping.checks.filters import filter_faults
from gateway.mapping.checks.rows import Subject, hides_section
from gateway.mapping.errors import Message, alike, listed, suggest
from gateway.mapping.model import Place, Row
from gateway.mapping.schema import rfc7643

_ENDPOINT = re.compile(r"/[A-Za-z][A-Za-z0-9._-]*\Z")
_RESERVED = ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Bulk", "/Me")
_REQUIRED = {rfc7643.USER: "userName", rfc7643.GROUP: "displayName"}
_TABLE_KINDS = {"ldap": ("class", "rdn"), "rest": ("http",), "sql": ("table",)}
_GATEWAY_WRITES = {"created", "modified"}


def section_messages(subject: Subject) -> Iterator[Message]:
    """Yield what is wrong with one section beyond its single rows."""
    yield from _required(subject)
    yield from _twice(subject)
    yield from _match(subject)
    yield from _conditions(subject)
    yield from _lifecycle(subject)
    yield from _members(subject)
    yield from _children(subject)
    yield from _placement(subject)


def writers(subject: Subject) -> dict[str, list[Row]]:
    """Return the rows that write each attribute of the target; a directory does not tell capitals apart."""
    folded, names = subject.file.target == "ldap", dict[str, str]()
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in subject.section.rows:
        if row.attr is not None and row.direction != "show" and row.only != "read":
            found[names.setdefault(row.attr.lower() if folded else row.attr, row.attr)].append(row)
    return found


def _sure_writers(subject: Subject) -> dict[str, list[Row]]:
    """The same, without rows of which a mistake hides where, or whether, they write."""
    sure = {attr: [row for row in rows if _is_sure(subject, row, rows)] for attr, rows in writers(subject).items()}
    return {attr: rows for attr, rows in sure.items() if rows}


def _is_sure(subject: Subject, row: Row, others: list[Row]) -> bool:
    """Whether a row writes its attribute, and is not, misspelled, meant to replace another that does."""
    named = row.direction != "map" or subject.path(row) is not None
    meant = not named and any(alike(row.path, other.path) for other in others if other is not row)
    return not meant and not subject.row_hides(row, "attr", "when", "only")


def _other(row: Row, other: Row) -> str:
    """Where the other row stands."""
    same = row.place.file == other.place.file
    return f"the other in line {other.place.line}" if same else f"the other in {other.place.file}:{other.place.line}"


def _required(subject: Subject) -> Iterator[Message]:
    section = subject.section
    mapped = {path.top for row in section.rows if row.direction == "map" and (path := subject.path(row))}
    needed = [_REQUIRED[section.schema]] if section.schema in _REQUIRED else []
    needed += [each.name for each in subject.file.schemas if each.resource == section.name and each.required]
    for name in needed:
        if not any(path == name or path.endswith(f":{name}") for path in mapped) and not subject.hides("map", name):
            yield Message(subject.place("map"), f"{name!r} is not mapped, and SCIM requires it")


def _twice(subject: Subject) -> Iterator[Message]:
    """Two rows of one path, two rows that write one attribute, two rows with one alias."""
    paths: dict[str, Row] = {}
    aliases: dict[str, Row] = {}
    for row in subject.section.rows:
        path = subject.path(row)
        if path is not None and paths.setdefault(path.text, row) is not row:
            yield Message(row.place, f"two rows map {path.text!r} ({_other(row, paths[path.text])})")
        for other in row.also:
            if aliases.setdefault(other.lower(), row) is not row:
                yield Message(row.place, f"also: two rows claim the name {other!r}")
    for attr, rows in _sure_writers(subject).items():
        if len(rows) > 1 and not all(row.when for row in rows):
            own = subject.file.name  # rather than a preset, of which nobody edits a line
            first, *others = sorted(rows, key=lambda row: (row.place.file == own, row.place.line))
            for row in others:
                yield Message(row.place, f"two rows write {attr!r} ({_other(row, first)})")
    kept = {subject.section.options.get(key) for key in _GATEWAY_WRITES} | {subject.section.version}
    for attr, rows in _sure_writers(subject).items():
        if attr in kept:
            yield Message(rows[0].place, f"{attr!r} is written by the gateway itself (version, created, modified)")


def _match(subject: Subject) -> Iterator[Message]:
    mapped = {path.text: row for row in subject.section.rows if (path := subject.path(row)) and row.direction == "map"}
    for number, rule in enumerate(subject.section.match):
        place = subject.place("match", number)
        known = subject.index.find(rule)
        if rule.startswith("target:"):
            yield from _match_by_target(subject, rule.removeprefix("target:"), place)
        elif subject.may_declare(rule):
            continue
        elif known is None and rule not in mapped:
            text = f"{rule!r} is not an attribute of {subject.section.name}"
            yield Message(place, text + suggest(rule, [each.path for each in subject.index]))
        elif (known.path if known else rule) not in mapped and not subject.hides("map", rule):
            yield Message(place, f"no row maps {rule!r}, so nothing can be found by it{suggest(rule, mapped)}")


def _match_by_target(subject: Subject, name: str, place: Place) -> Iterator[Message]:
    attrs = [row.attr for row in subject.section.rows if row.attr is not None]
    if name not in attrs and not _loses_rows(subject):
        yield Message(place, f"no row writes {name!r}{suggest(name, attrs)}")


def _loses_rows(subject: Subject) -> bool:
    """Whether a mistake of form hides what a row writes to."""
    rows = [row for row in subject.section.rows if row.direction == "map"]
    tables = [fault[2:] for fault in subject.file.faults if fault[:2] == ("resource", subject.section.name)]
    lost = any(len(fault) == 2 and fault[0] in ("map", "set") for fault in tables)
    return lost or subject.hides("map") or subject.hides("set") or any(subject.row_hides(row, "attr") for row in rows)


def _conditions(subject: Subject) -> Iterator[Message]:
    section, known = subject.section, writers(subject)
    conditions: list[tuple[str, tuple[str | int, ...], bool]] = []
    if section.scope is not None:
        conditions.append((section.scope, ("scope",), True))
    conditions += [(text, ("protect", number), True) for number, text in enumerate(section.protect)]
    conditions += [
        (choice.when, ("parent", number, "when"), False)
        for number, choice in enumerate(section.parent)
        if choice.when is not None
    ]
    for text, keys, target in conditions:
        for fault in filter_faults(text, subject.index, section.name, target=known if target else None):
            yield Message(subject.place(*keys), fault)
    if subject.touched("parent"):
        return
    for number, choice in enumerate(section.parent[:-1]):
        if choice.when is None:
            yield Message(subject.place("parent", number), "holds always, so what follows is never reached")


def _lifecycle(subject: Subject) -> Iterator[Message]:
    section, lifecycle = subject.section, subject.section.lifecycle
    active = any(row.path.lower() == "active" and row.direction == "map" and row.only != "read" for row in section.rows)
    for event in ("deactivate", "delete"):
        action = getattr(lifecycle, event)
        given = ("resource", section.name, "lifecycle", event) in subject.file.places
        unsure = subject.hides("map", "active") or subject.hides("lifecycle", event)
        if action == "disable" and not active and (given or event == "delete") and not unsure:
            default = "" if given else ", which is the default,"
            text = f'{event} = "disable"{default} needs a row that maps active'
            yield Message(subject.place("lifecycle", event), text)
        if action == "move" and lifecycle.move_to is None and not subject.hides("lifecycle", "move_to"):
            yield Message(subject.place("lifecycle", event), f'{event} = "move" needs move_to')
    written = _sure_writers(subject)
    for stamp in lifecycle.stamp:
        if stamp.attr in written:
            text = f"two rows write {stamp.attr!r} (the other in line {written[stamp.attr][0].place.line})"
            yield Message(subject.place("lifecycle", "stamp"), text)
    if lifecycle.after and subject.file.target in ("ldap", "memory"):
        text = f"a target of kind {subject.file.target!r} has no calls to make"
        yield Message(subject.place("lifecycle", "after"), text)


def _members(subject: Subject) -> Iterator[Message]:
    members = subject.section.members
    if members is None:
        return
    if subject.index.find("members") is None:
        yield Message(members.place, f"{subject.section.name} has no attribute 'members'")
    for name in members.ref:
        if name not in subject.file.sections and not hides_section(subject.file, name):
            hint = suggest(name, subject.file.sections)
            yield Message(subject.place("members", "ref"), f"there is no section for {name!r}{hint}")
    if members.chunk < 1:
        yield Message(subject.place("members", "chunk"), "must be at least 1")


def _children(subject: Subject) -> Iterator[Message]:
    for name, child in subject.section.children.items():
        rows = [row for row in subject.section.rows if row.attr == name]
        path = subject.path(rows[0]) if rows else None
        if path is None:
            continue  # the row is already reported
        subs = [sub.name for sub in path.known.head.sub_attributes]
        columns = child.get("map")
        if path.known.sub is not None or not path.known.head.multi_valued or not subs:
            text = f"{path.text!r} is not multi-valued and complex, so its elements have no rows"
            yield Message(subject.place("child", name), text)
        for sub in columns if isinstance(columns, dict) and subs else ():
            if sub not in subs:
                text = f"{sub!r} is not a sub-attribute of {path.known.head.name}{suggest(sub, subs)}"
                yield Message(subject.place("child", name, "map", sub), text)


def _placement(subject: Subject) -> Iterator[Message]:
    section, target = subject.section, subject.file.target
    missing = [key for key in _TABLE_KINDS.get(target, ()) if key not in section.options]
    missing += ["parent"] if target == "ldap" and not section.parent and not subject.touched("parent") else []
    missing = [key for key in missing if not subject.hides(key)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        yield Message(section.place, f"{listed(missing)} {verb} missing for a target of kind {target!r}")
    rdn = section.options.get("rdn")
    named = str(rdn).lower() in map(str.lower, writers(subject)) or subject.hides("rdn") or _loses_rows(subject)
    if target == "ldap" and rdn is not None and not named:
        text = f"no row writes {rdn!r}, which names the entry{suggest(rdn, writers(subject))}"
        yield Message(subject.place("rdn"), text)
    if not _ENDPOINT.match(section.endpoint) or section.endpoint in _RESERVED:
        text = f"{section.endpoint!r} cannot be an endpoint: one word after a slash, and not {listed(_RESERVED, 'or')}"
        yield Message(subject.place("endpoint"), text)
    if section.marker is not None and section.marker[0] in _sure_writers(subject):
        yield Message(subject.place("marker"), f"two rows write {section.marker[0]!r}")
