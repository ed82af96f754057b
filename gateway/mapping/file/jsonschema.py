"""The JSON Schema (2020-12) of mapping files, generated from ``keys``, so that editors complete and check them.

``python -m gateway.mapping.file.jsonschema > mappings/mapping.schema.json`` publishes it anew; a test fails while it is
stale.
"""

import sys
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.mapping.file import call_keys as http_keys
from gateway.mapping.file import calls as http
from gateway.mapping.file import keys
from gateway.mapping.file.keys import Key, Keys

ID = "urn:dirbridge:mapping:1"

_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_SCALAR = {"type": ["string", "number", "boolean"]}
_FORMS: Mapping[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "flag": {"type": "boolean"},
    "integer": {"type": "integer"},
    "scalar": _SCALAR,
    "any": {},
    "table": {"type": "object"},
    "texts": _TEXTS,
    "tables": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]},
    "integers": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
    "steps": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1}]}},
    "document": {"type": ["object", "string"]},
}

Schema = dict[str, Any]


def mapping_schema() -> Schema:
    """Return the schema as a document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Dirbridge mapping file, format 1",
        **_table(keys.FILE, {"format": {"const": keys.FORMAT}, **_parts()}),
        "allOf": [_sections_for(kind) for kind in (*keys.SECTION_OPTIONS, None)],
        "$defs": _definitions(),
    }


def rendered() -> bytes:
    """Return the schema as the published file holds it."""
    return orjson.dumps(mapping_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _form(key: Key) -> Schema:
    if key.choices:
        choices: Schema = {"enum": list(key.choices)}
        return choices if len(key.kinds) == 1 else {"anyOf": [choices, *(_FORMS[kind] for kind in key.kinds[1:])]}
    forms = [_FORMS[kind] for kind in key.kinds]
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _table(known: Keys, special: Mapping[str, Schema] | None = None, *, closed: bool = True) -> Schema:
    """A table of known keys; ``special`` says more about some of them."""
    properties = {
        name: {
            "description": key.doc,
            **(special or {}).get(name, _removable(_form(key)) if key.removable else _form(key)),
        }
        for name, key in known.items()
        if not key.later
    }
    required = [name for name, key in known.items() if key.required]
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        **({"additionalProperties": False} if closed else {}),
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _removable(form: Schema) -> Schema:
    """``false`` removes what ``extends`` brought."""
    return {"anyOf": [{"const": False}, form]}


def _each(form: Schema) -> Schema:
    return {"type": "object", "additionalProperties": form}


def _one_or_many(form: Schema) -> Schema:
    return {"anyOf": [form, {"type": "array", "items": form}]}


def _parts() -> dict[str, Schema]:
    anything: Schema = {}  # by kind of target, in ``_sections_for``
    return {
        "user": anything,
        "group": anything,
        "resource": anything,
        "schema": _each(_each(_ref("attribute"))),
        "table": _each(_each(_SCALAR)),
        "test": _one_or_many(_ref("test")),
    }


def _sections_for(kind: str | None) -> Schema:
    """Which sections a kind of target has; None: another kind, or one that ``extends`` brings."""
    name = f"section_{kind or 'any'}"
    sections = {
        "user": _removable(_ref(name)),
        "group": _removable(_ref(name)),
        "resource": _each(_removable(_ref(name))),
    }
    condition = {"const": kind} if kind else {"enum": list(keys.SECTION_OPTIONS)}
    known = {"properties": {"target": condition}, "required": ["target"]}
    return {"if": known if kind else {"not": known}, "then": {"properties": sections}}


def _definitions() -> dict[str, Schema]:
    rows = {f"{direction}_row": _table(known) for direction, known in keys.ROWS.items()}
    kinds = {f"section_{kind}": _section(kind) for kind in (*keys.SECTION_OPTIONS, None) if kind}
    attribute = _table(keys.SCHEMA_ATTRIBUTE, {"sub_attributes": _each(_ref("attribute"))})
    return {
        **rows,
        **kinds,
        "section_any": _section(None),
        "lifecycle": _table(keys.LIFECYCLE, _events()),
        "attribute": attribute,
        "test": _table(keys.TEST, {"fails": _table(keys.FAILS)}),
    }


def _events() -> dict[str, Schema]:
    on = {"on": _one_or_many({"enum": ["deactivate", "delete"]})}
    return {"stamp": _one_or_many(_table(keys.STAMP, on)), "after": _one_or_many(_table(keys.AFTER, on))}


def _section(kind: str | None) -> Schema:
    options = keys.section_options(kind) if kind else None
    members = keys.member_options(kind) if kind else None
    # required keys may come from what the file extends, so a section insists on none
    special = {
        "anchor": {"anyOf": [{"type": "string"}, _table(keys.ANCHOR)]},
        "parent": {"anyOf": [{"type": "string"}, _one_or_many(_table(keys.PARENT))]},
        "marker": _table(keys.MARKER),
        "map": _each(_removable({"anyOf": [{"type": "string"}, _ref("map_row")]})),
        "set": _each(_removable(_ref("set_row"))),
        "show": _each(_removable({"anyOf": [{"type": "string"}, _ref("show_row")]})),
        "child": _each(_removable(_open(_table(keys.child_keys(kind or ""))))),
        "lifecycle": _ref("lifecycle"),
        "members": _removable(_members(kind, {**keys.MEMBERS, **(members or {})}, closed=members is not None)),
        **({"http": _http()} if kind == "rest" else {}),
    }
    return _open(_table({**keys.SECTION, **(options or {})}, special, closed=options is not None))


def _members(kind: str | None, known: Keys, *, closed: bool) -> Schema:
    calls = {key: _call(more) for key, more in http.MEMBER_CALLS.items()} if kind == "rest" else {}
    return _open(_table(known, calls, closed=closed))


def _http() -> Schema:
    calls = {key: _call(more) for key, more in http.CALLS.items()}
    return _table(http_keys.HTTP, {**calls, "find": _one_or_many(calls["find"])})


def _call(more: Keys) -> Schema:
    return _table({**http_keys.CALL, **more}, {"page": _table(http_keys.PAGE)})


def _open(table: Schema) -> Schema:
    return {key: value for key, value in table.items() if key != "required"}


if __name__ == "__main__":
    sys.stdout.buffer.write(rendered())
