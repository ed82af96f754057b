"""Exact translations of one value: ``int guid base64 json prefix suffix domain split``."""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from typing import Any

from gateway.mapping.steps.step import (
    OptionError,
    Plain,
    Step,
    StepError,
    Surroundings,
    spelled,
    text,
    text_argument,
)

_DIGITS = 18


class Int(Plain):
    """Text on one side, a number on the other."""

    name = "int"
    spellings = True
    example = '"enterprise:employeeNumber" = { attr = "staff_no", via = ["int"] }'
    gives = "integer"

    def forward(self, value: Any) -> int:
        number = self.backward(value)
        if number is None:
            raise StepError(f"'int' takes a whole number of at most {_DIGITS} digits")
        return number

    def backward(self, value: Any) -> int | None:
        written = spelled(value).strip()
        digits = written[1:] if written[:1] in ("-", "+") else written
        if isinstance(value, bool) or not (digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS):
            return None
        return int(written)


class Guid(Step):
    """A GUID as text, and as Active Directory's 16 octets; ``{ guid = "rfc4122" }`` where the octets stand in the order
    of the text."""

    name = "guid"
    spellings = True
    example = 'externalId = { attr = "mS-DS-ConsistencyGuid", via = ["guid"] }'
    gives = "binary"

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        if argument not in (None, "ad", "rfc4122"):
            raise OptionError("step 'guid' knows the orders 'ad' and 'rfc4122'")
        self.little = argument != "rfc4122"

    def forward(self, value: Any) -> bytes:
        try:
            guid = uuid.UUID(text(value, self.name).strip())
        except ValueError as error:
            raise StepError("'guid' takes a GUID such as 01234567-89ab-cdef-0123-456789abcdef") from error
        return guid.bytes_le if self.little else guid.bytes

    def backward(self, value: Any) -> str | None:
        if isinstance(value, bytes) and len(value) == 16:
            return str(uuid.UUID(bytes_le=value) if self.little else uuid.UUID(bytes=value))
        try:
            return str(uuid.UUID(spelled(value)))
        except ValueError:
            return None


class Base64(Plain):
    """Base64 in SCIM, octets in the target."""

    name = "base64"
    spellings = True
    example = '\'photos[type eq "photo"].value\' = { attr = "jpegPhoto", via = ["base64"] }'
    gives = "binary"

    def forward(self, value: Any) -> bytes:
        try:
            return base64.b64decode("".join(text(value, self.name).split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise StepError("'base64' takes base64 text") from error

    def backward(self, value: Any) -> str | None:
        octets = value.encode() if isinstance(value, str) else value
        return base64.b64encode(octets).decode("ascii") if isinstance(octets, bytes) else None


class Json(Plain):
    """A whole complex or multi-valued attribute as JSON text in one place of the target."""

    name = "json"
    spellings = True
    example = 'addresses = { attr = "addresses", via = ["json"] }'
    whole = True
    gives = "string"

    def forward(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def backward(self, value: Any) -> Any:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None


class _Affix(Step):
    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        self.affix = text_argument(self.name, argument, f'{{ {self.name} = "x" }}')


class Prefix(_Affix):
    """The target's value starts with the argument, SCIM's does not. A value of the target without it is not shown."""

    name = "prefix"
    example = 'profileUrl = { attr = "home", via = [{ prefix = "https://people.example/" }] }'

    def forward(self, value: Any) -> str:
        return self.affix + text(value, self.name)

    def backward(self, value: Any) -> str | None:
        written = spelled(value)
        return written[len(self.affix) :] if written.startswith(self.affix) else None


class Suffix(_Affix):
    """The target's value ends with the argument, SCIM's does not. A value of the target without it is not shown."""

    name = "suffix"
    example = 'userName = { attr = "upn", via = [{ suffix = "@corp.example" }] }'

    def forward(self, value: Any) -> str:
        return text(value, self.name) + self.affix

    def backward(self, value: Any) -> str | None:
        written = spelled(value)
        return written[: -len(self.affix)] if written.endswith(self.affix) else None


class Domain(Step):
    """SCIM's value ends with ``@`` and the argument, the target's does not; a value of another domain is refused."""

    name = "domain"
    example = 'userName = { attr = "sAMAccountName", via = [{ domain = "corp.example" }] }'

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        self.ending = f"@{text_argument(self.name, argument, self.example).lstrip('@')}"

    def forward(self, value: Any) -> str:
        written = text(value, self.name)
        name = written[: -len(self.ending)]
        if not name or "@" in name or written[-len(self.ending) :].lower() != self.ending.lower():
            raise StepError(f"must be a name that ends with '{self.ending}'")
        return name

    def backward(self, value: Any) -> str | None:
        written = spelled(value)
        return None if not written or "@" in written else written + self.ending


class Split(Step):
    """One text with separators where SCIM or the target has a single value, several values on the other side. A row
    of one SCIM value is split; a row that takes the values of all elements is joined."""

    name = "split"
    spellings = True
    example = '"enterprise:costCenter" = { attr = "departmentNumber", via = [{ split = ";" }] }'
    whole = True

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        self.separator = text_argument(self.name, argument, '{ split = ";" }')

    def forward(self, value: Any) -> Any:
        return self._join(value) if isinstance(value, tuple | list) else self._parts(text(value, self.name))

    def backward(self, value: Any) -> Any:
        return self._join(value) if isinstance(value, tuple | list) else self._parts(_as_text(value))

    def _parts(self, written: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.strip() for part in written.split(self.separator) if part.strip()))

    def _join(self, values: Any) -> str:
        parts = [part for value in values if (part := _as_text(value).strip())]
        if any(self.separator in part for part in parts):
            raise StepError(f"'split' takes no value that holds '{self.separator}'")
        return self.separator.join(sorted(dict.fromkeys(parts)))


def _as_text(value: Any) -> str:
    """Text as it is, ``TRUE`` included; anything else as backends spell it."""
    return value if isinstance(value, str) else spelled(value)


STEPS = (Int, Guid, Base64, Json, Prefix, Suffix, Domain, Split)
