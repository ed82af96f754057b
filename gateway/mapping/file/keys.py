"""Every key of a mapping file, once: ``load`` refuses the others, the JSON Schema is generated from here, and a test
insists that ``docs/reference/mapping.md`` explains each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "flag", "integer", "scalar", "any", "table", "texts", "tables", "integers", "steps", "document"]
"""What may stand behind a key. ``texts``, ``tables`` and ``integers``: one or an array of them. ``document``: a table,
or JSON in a string, as pasted from a log."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what may stand behind it, and a sentence about it.

    :param choices: the only texts allowed, where the list is closed.
    :param later: the key is specified but this version does not enforce it, so it is refused.
    :param removable: ``false`` removes what ``extends`` brought.
    """

    doc: str
    kinds: tuple[Kind, ...] = ("text",)
    choices: tuple[str, ...] = ()
    required: bool = False
    later: bool = False
    removable: bool = False


Keys = Mapping[str, Key]

FORMAT = 1

FILE: Keys = {
    "format": Key("version of the format; 1", ("integer",), required=True),
    "target": Key("the kind of target: `ldap`, `sql`, `rest`, `memory` or a plugin's name"),
    "extends": Key("the preset, or the file relative to this one, to start from"),
    "user": Key("short for `resource.User`", ("table",)),
    "group": Key("short for `resource.Group`", ("table",)),
    "resource": Key("resource types, by name", ("table",)),
    "schema": Key("declared attributes: `[schema.<ResourceType>.<attribute>]`", ("table",)),
    "table": Key("one-to-one translations: `[table.<name>]`", ("table",)),
    "test": Key("a test of this file; not inherited by `extends`", ("tables",)),
}

SECTION: Keys = {
    "endpoint": Key("path of the resource type, such as `/Devices`; default: `/` and the name with an s"),
    "schema": Key("URN of the core schema"),
    "anchor": Key(
        "the attribute that holds the id and outlives renames, or `{ attr, generate }`",
        ("text", "table"),
        required=True,
    ),
    "version": Key("the attribute that changes with every change; becomes the ETag"),
    "match": Key("how to look for an entry that already exists: SCIM paths or `target:attr`, in order", ("texts",)),
    "adopt": Key("whether a POST may take over an entry that exists", choices=("never", "unmanaged")),
    "scope": Key("SCIM filter; entries outside do not exist for the IdP", removable=True),
    "protect": Key("SCIM filters; entries that match may be read and never written", ("texts",)),
    "marker": Key("`{ attr, value }` that is set on every managed entry", ("table",)),
    "parent": Key("where entries live, or an array of `{ when, dn }`: the first that holds", ("text", "tables")),
    "map": Key("rows written on the way in and read on the way out", ("table",)),
    "set": Key("rows that are only written", ("table",)),
    "show": Key("rows that are only read", ("table",)),
    "child": Key("tables with a row for each element", ("table",)),
    "lifecycle": Key("what deactivation and deletion do", ("table",)),
    "members": Key("the members of a group", ("table",)),
}

SECTION_OPTIONS: Mapping[str, Keys] = {
    "ldap": {
        "class": Key("the objectClass values of a new entry", ("texts",)),
        "rdn": Key("the attribute that names the entry"),
        "search_base": Key("where to look for entries; every `parent` and `move_to` must lie within", ("texts",)),
        "numbers": Key("numbers that new entries get: attribute → `{ from, to, counter }`", ("table",)),
        "search_filter": Key("RFC 4515 filter that narrows every search; default: the structural class"),
    },
    "sql": {
        "table": Key("the table, or `schema.table`"),
        "create": Key("make the table, and columns it lacks, when missing", ("flag",)),
        "created": Key("the column that takes the time of creation; the gateway writes it"),
        "modified": Key("the column that takes the time of the last change; the gateway writes it"),
        "unique": Key("with `create`: columns that get a unique index, capitals ignored", ("texts",)),
        "index": Key("with `create`: columns that get an index, capitals ignored", ("texts",)),
    },
    "rest": {"http": Key("the calls of the application's API", ("table",))},
}

ANCHOR: Keys = {
    "attr": Key("the attribute that holds the id", required=True),
    "generate": Key("how the gateway makes an id, where the target does not", choices=("uuid4",)),
}
PARENT: Keys = {
    "when": Key("SCIM filter on what the IdP asserts"),
    "dn": Key("the parent; `{base}` is the target's base", required=True),
}
MARKER: Keys = {
    "attr": Key("the attribute", required=True),
    "value": Key("what it holds on a managed entry", ("scalar",), required=True),
}

_ATTR = Key("the target's attribute, column, or dotted JSON path")
_APPLY = Key("when the row is written", choices=("always", "on-change", "create", "if-empty"))
_WHEN = Key("SCIM filter; the row is written only where it holds")

MAP_ROW: Keys = {
    "attr": _ATTR,
    "store": Key("`ledger`: the gateway's own store keeps the value", choices=("ledger",)),
    "via": Key("steps, in SCIM → target order", ("steps",)),
    "ref": Key("the resource type whose id this is: `user`, `group` or a name"),
    "apply": _APPLY,
    "on_clear": Key("what removal by the IdP does to the target", choices=("clear", "keep")),
    "others": Key("values of the target that this connection did not assert", choices=("keep", "remove")),
    "required": Key("a resource without it is refused", ("flag",)),
    "default": Key("the value at creation and after a clear, when the IdP has none", ("any",)),
    "when": _WHEN,
    "only": Key("`write`: a secret, never read back or kept; `read`: never written", choices=("write", "read")),
    "immutable": Key("what a change of the value does", choices=("refuse", "recreate")),
    "secret": Key("never shown in a trace, an audit line or a message", ("flag",)),
    "unique": Key("no two entries of the collection share the value", ("flag",)),
    "create": Key("the target's value at creation, where it differs", ("scalar",)),
    "unknown": Key("what a value outside the table does", choices=("refuse", "default")),
    "also": Key("other names an IdP may use for the path", ("texts",)),
    "element": Key("sub-attributes that every element gets when read", ("table",)),
}
SET_ROW: Keys = {
    "value": Key("a constant", ("any",)),
    "template": Key("text with `{path}` in it"),
    "else": Key("what is written when `template` lacks a value, or no group of `by_group` fits"),
    "by_group": Key("`[[group, value], …]`: the first group the user is in decides", ("any",)),
    "via": MAP_ROW["via"],
    "apply": _APPLY,
    "when": _WHEN,
    "secret": MAP_ROW["secret"],
}
SHOW_ROW: Keys = {
    "attr": _ATTR,
    "via": MAP_ROW["via"],
    "ref": MAP_ROW["ref"],
    "value": Key("a constant to show", ("any",)),
    "element": MAP_ROW["element"],
    "also": MAP_ROW["also"],
}
ROWS: Mapping[str, Keys] = {"map": MAP_ROW, "set": SET_ROW, "show": SHOW_ROW}

_EVENT_CHOICES = ("disable", "move", "delete", "refuse")

LIFECYCLE: Keys = {
    "deactivate": Key("what `active = false` does", choices=_EVENT_CHOICES),
    "delete": Key("what a SCIM DELETE does", choices=_EVENT_CHOICES),
    "move_to": Key("the parent to move to, for the events that say `move`; `disable` moves nothing"),
    "stamp": Key("attributes that take the time of an event", ("tables",)),
    "after": Key("calls that follow an event", ("tables",)),
    "tombstone_rename": Key("Entra's rename of a deleted user", choices=("ignore", "apply")),
    "purge_after": Key("how long a disabled entry stays", later=True),
}
STAMP: Keys = {
    "on": Key("`deactivate`, `delete` or both", ("texts",), required=True),
    "attr": Key("the attribute that takes the time", required=True),
}
AFTER: Keys = {
    "on": Key("`deactivate`, `delete` or both", ("texts",), required=True),
    "call": Key("the call", ("table",), required=True),
    "must": Key("the SCIM answer waits for it; a failure is retried until it holds", ("flag",)),
}

MEMBERS: Keys = {
    "ref": Key("what members are: `user`, `group` or both", ("texts",)),
    "others": Key("what a replace does with members this connection did not assert", choices=("keep", "remove")),
    "unknown": Key("what a member nobody knows does", choices=("refuse", "skip")),
    "returned": Key("whether members are returned unasked", choices=("default", "request")),
    "when_inactive": Key("`hold`: an inactive user joins once active", choices=("add", "hold")),
    "chunk": Key("the most members in one change", ("integer",)),
}
MEMBER_OPTIONS: Mapping[str, Keys] = {
    "ldap": {
        "attr": Key("the attribute with the members' DNs", required=True),
        "value": Key("what the attribute holds instead of DNs: the value of the members' `rdn`, such as `uid`"),
        "write": Key("`delta`: only the named values are sent", choices=("delta",)),
        "placeholder": Key("a value that keeps the attribute from being empty; never shown", removable=True),
    },
    "sql": {
        "table": Key("the membership table", required=True),
        "group": Key("its column with the group's key", required=True),
        "user": Key("its column with the member's key", required=True),
        "type": Key("its column with the member's resource type, where several may be members"),
        "set": Key("constants for each row written", ("table",)),
    },
    "rest": {
        "read": Key("the call that lists members", ("table",)),
        "add": Key("the call that adds one, or all of `{users}`", ("table",)),
        "remove": Key("the call that removes one, or all of `{users}`", ("table",)),
        "of": Key("the call that lists a user's groups", ("table",)),
        "attr": Key("where the group itself holds its members, in place of `read`"),
        "value": Key("where an element at `attr` holds the id; default: it is the id"),
        "type": Key("where it holds the member's resource type"),
        "display": Key("where it holds the member's name"),
    },
}

ROWS_CALL: Keys = {
    "delete": Key("the table whose rows go"),
    "update": Key("the table whose rows change"),
    "key": Key("its column with the key of the entry", required=True),
    "set": Key("with `update`: the columns, and what they get", ("table",)),
}
"""What ``lifecycle.after`` calls in a database."""

CHILD: Keys = {
    "table": Key("the table with a row for each element", required=True),
    "key": Key("its column with the key of the entry", required=True),
    "map": Key("sub-attribute → column", ("table",), required=True),
    "order": Key("an integer column that keeps the order of the elements"),
}

CHILD_IN_DOCUMENT: Keys = {"map": Key("sub-attribute → name in the element", ("table",), required=True)}
"""an application's objects hold their elements themselves"""

SCHEMA_ATTRIBUTE: Keys = {
    "urn": Key("the schema it belongs to; default: the resource type's core schema"),
    "type": Key(
        "type of RFC 7643 §2.3",
        choices=("string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"),
    ),
    "multi_valued": Key("several values", ("flag",)),
    "description": Key("what people read in /Schemas"),
    "required": Key("a resource without it is refused", ("flag",)),
    "case_exact": Key("capitals count in comparisons", ("flag",)),
    "mutability": Key("RFC 7643 §7", choices=("readOnly", "readWrite", "immutable", "writeOnly")),
    "returned": Key("RFC 7643 §7", choices=("always", "never", "default", "request")),
    "uniqueness": Key("RFC 7643 §7", choices=("none", "server", "global")),
    "canonical": Key("the suggested values", ("texts",)),
    "reference_types": Key("what a reference points to", ("texts",)),
    "sub_attributes": Key("the parts of a complex attribute, by name", ("table",)),
}

TEST: Keys = {
    "name": Key("what the test says, as a sentence", required=True),
    "for": Key("the resource type; default `user`"),
    "entry": Key("what the target holds before", ("document",)),
    "last": Key("what this connection asserted before", ("document",)),
    "scim": Key("what the IdP sends", ("document",)),
    "gives": Key("what the target must then hold; `false`: absent", ("table",)),
    "reads": Key("what SCIM must then read; `false`: absent", ("table",)),
    "calls": Key("the calls that follow, in order", ("texts",)),
    "fails": Key("the refusal expected: `{ attr, scimType }`", ("table",)),
}
FAILS: Keys = {
    "attr": Key("the SCIM path the refusal names"),
    "scimType": Key("the scimType of RFC 7644 §3.12"),
    "status": Key("the HTTP status", ("integer",)),
}


def section_options(target: str) -> Keys | None:
    """Return the section keys that a kind of target adds; None where a plugin decides and all are allowed."""
    return SECTION_OPTIONS.get(target)


def child_keys(target: str) -> Keys:
    """Return the keys of a table of ``child``."""
    return CHILD_IN_DOCUMENT if target == "rest" else CHILD


def member_options(target: str) -> Keys | None:
    """Return the keys that a kind of target adds to ``members``; None where all are allowed."""
    return MEMBER_OPTIONS.get(target)
