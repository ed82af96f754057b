"""Values by the type of their SCIM attribute (RFC 7643 §2.3): as an IdP sends them, and as backends hold them."""

import base64
from typing import Any

from connectors.entry import Ref
from gateway.mapping.model import SchemaAttribute
from gateway.mapping.steps.step import StepError, spelled
from gateway.mapping.steps.times import instant, rewritten

_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def asserted(value: Any, facts: SchemaAttribute) -> Any:
    """Return one asserted value as its type says. :raises StepError: it is of another type."""
    found: Any
    match facts.type:
        case "boolean":
            found = value if isinstance(value, bool) else {"true": True, "false": False}.get(spelled(value))
        case "integer":
            found = _integer(value)
        case "decimal":
            found = _decimal(value)
        case "dateTime":
            found = value if isinstance(value, str) and instant(value) is not None else None
        case "complex":
            found = value if isinstance(value, dict) else None
        case _:
            found = _text(value)
    if found is None:
        raise StepError(f"must be a value of type {facts.type}")
    return found


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return spelled(value)
    return str(value) if isinstance(value, int | float) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return int(value)
    except (ValueError, TypeError):
        return None


def _decimal(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    try:
        return float(value)
    except (ValueError, TypeError):
        return None


def shown(value: Any, facts: SchemaAttribute) -> Any:
    """Return a backend's value as SCIM shows it, or None where it is no value of the type. Never raises."""
    match facts.type:
        case "string" | "reference":
            return value if type(value) is str else _shown_text(value)
        case "boolean":
            return value if isinstance(value, bool) else _TRUTHS.get(spelled(value))
        case "integer":
            return _integer(spelled(value) if isinstance(value, bytes) else value)
        case "decimal":
            return _decimal(spelled(value) if isinstance(value, bytes) else value)
        case "dateTime":
            return rewritten(value if isinstance(value, str) else spelled(value))
        case "binary":
            return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else _shown_text(value)
    return value if isinstance(value, dict | list) else None


def _shown_text(value: Any) -> str | None:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode("ascii")
    if isinstance(value, Ref):
        return value.id
    return _text(value)


def is_empty(value: Any) -> bool:
    """Null, empty text, an empty list or object are all "no value" (RFC 7643 §2.5)."""
    return not value and (value is None or isinstance(value, str | list | dict | tuple))
