"""What pydantic found, as a sentence for the person who edits the file."""

import re
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gateway.config.settings import Config
from gateway.mapping.errors import suggest

_WORDS = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be a list, in brackets: [ … ]",
    "list_type": "must be a list, in brackets: [ … ]",
}
_FORMS = {
    "path": 'must be a path such as "/scim/v2": it starts with a slash, letters, digits, . _ ~ - and no empty part',
    "base_url": 'must be a URL such as "https://scim.example.com", without a query',
    "sha256": "must be the 64 hexadecimal digits of a token's SHA-256",
    "token_prefix": "may hold letters, digits, - and _, at most 40",
}


def sentence(error: Any) -> str:
    """Say one of ``ValidationError.errors()`` in a person's words."""
    path, kind, context = tuple(error["loc"]), error["type"], error.get("ctx", {})
    key = str(path[-1]) if path else ""
    match kind:
        case "extra_forbidden":
            return f"unknown key{suggest(key, _keys(path[:-1]))}"
        case "missing" if path in (("target",), ("connection",)):
            return f"there is no [{key}.NAME]; config.example.toml has one to start from"
        case "missing":
            return f"{key!r} is missing"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            known = re.findall(r"'([^']*)'", context["expected"])
            hint = suggest(str(error["input"]), known) or f"; write one of {', '.join(map(repr, known))}"
            return f"{error['input']!r} is not known here{hint}"
        case "string_pattern_mismatch":
            return _FORMS[key]
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "string_too_short":
            return "may not be empty"
        case _:
            return _WORDS.get(kind, str(error["msg"]))


def _keys(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the table at ``path`` knows."""
    kind: Any = Config
    for part in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found = [field for name, field in kind.model_fields.items() if (field.alias or name) == part]
            kind = found[0].annotation if found else None
        else:
            kind = next((inner for inner in reversed(get_args(kind)) if inner is not Ellipsis), None)
        kind = _table(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return []


def _table(kind: Any) -> Any:
    """Take ``Tls | None`` for ``Tls``; leave ``dict[str, X]`` and ``tuple[X, ...]`` to the next step."""
    if get_origin(kind) in (dict, tuple):
        return kind
    models = [inner for inner in get_args(kind) if isinstance(inner, type) and issubclass(inner, BaseModel)]
    return models[0] if models else kind
