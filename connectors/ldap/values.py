"""Values to bytes and back; and ids, which every directory keeps in a form of its own."""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connectors.entry import Value
from connectors.errors import InvalidValue

_TRUTHS = {b"TRUE": True, b"FALSE": False}
_COUNTED = ("usnchanged", "entryusn")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def encode(attribute: str, value: Value) -> bytes:
    """One value as LDAP writes it (RFC 4517 §3.3).

    :raises InvalidValue: a reference or an object where the attribute holds a scalar.
    """
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise InvalidValue(f"'{attribute}' is not valid Unicode", attribute=attribute) from error
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"TRUE" if value else b"FALSE"
    if isinstance(value, int | float):
        return str(value).encode()
    raise InvalidValue(f"'{attribute}' of a directory cannot hold such a value", attribute=attribute)


def encode_all(attribute: str, values: Iterable[Value]) -> list[bytes]:
    """All values without the empty ones (a directory has no empty string) and without repetitions."""
    return list(dict.fromkeys(raw for value in values if (raw := encode(attribute, value))))


NOT_TEXT = frozenset({"binary", "boolean", "integer"})
"""the SCIM types that ``decode`` does not give as text"""


def decode(raw: bytes, scim_type: str | None = None) -> str | int | bool | bytes:
    """One value for the gateway: text, or what the SCIM side types it as where it has that form."""
    if scim_type == "binary":
        return raw
    if scim_type == "boolean" and raw in _TRUTHS:
        return _TRUTHS[raw]
    text = raw.decode("utf-8", "replace")
    return int(text) if scim_type == "integer" and _NUMBER.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Anchor:
    """How ids of one kind stand in the directory.

    :param asserted: id → the value to filter by; None where this cannot be an id.
    :param shown: the attribute's value → id.
    :param packed: id → 16 bytes, and ``unpacked`` back, so that a list of ids is small; sorts as the ids do.
    """

    attribute: str
    version: str
    asserted: Callable[[str], bytes | None]
    shown: Callable[[bytes], str]
    packed: Callable[[str], bytes] | None = None
    unpacked: Callable[[bytes], str] | None = None
    key: str = field(init=False)
    """``attribute`` as rows name it; ``version_key`` likewise"""
    version_key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.attribute.lower())
        object.__setattr__(self, "version_key", self.version.lower())

    @property
    def counted(self) -> bool:
        """Whether every server of the service counts its versions by itself."""
        return self.version_key in _COUNTED


def _plain_uuid(id: str) -> bytes | None:
    return id.lower().encode() if _UUID.fullmatch(id) else None


def _guid(id: str) -> bytes | None:
    return uuid.UUID(id).bytes_le if _UUID.fullmatch(id) else None


def _any_text(id: str) -> bytes | None:
    return id.encode("utf-8", "replace") if id and "\0" not in id else None


def _lower(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").lower()


def _pack(id: str) -> bytes:
    return bytes.fromhex(id.replace("-", ""))


def _unpack(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def anchor_of(attribute: str, version: str | None) -> Anchor:
    """The form of ids in ``attribute``. Another attribute than those known is taken as text.

    :param version: the mapping's own version attribute, or None for the usual one beside this anchor.
    """
    match attribute.lower():
        case "entryuuid":
            return Anchor(attribute, version or "entryCSN", _plain_uuid, _lower, _pack, _unpack)
        case "objectguid":
            return Anchor(
                attribute,
                version or "uSNChanged",
                _guid,
                lambda raw: str(uuid.UUID(bytes_le=raw)) if len(raw) == 16 else raw.hex(),
                _pack,
                _unpack,
            )
        case "nsuniqueid":
            return Anchor(attribute, version or "entryusn", _any_text, _lower)
        case _:
            return Anchor(
                attribute, version or "modifyTimestamp", _any_text, lambda raw: raw.decode("utf-8", "replace")
            )
