"""Distinguished names: written with RFC 4514's escapes, compared by distinguishedNameMatch (RFC 4517 §4.2.15)."""

import re
import unicodedata
from functools import lru_cache

_SAFE = re.compile(r"[A-Za-z0-9@._-]*")
_SPECIAL = {",", "+", '"', "\\", "<", ">", ";", "=", "#"}
_ALIASES = {
    "2.5.4.3": "cn", "commonname": "cn", "2.5.4.4": "sn", "surname": "sn", "2.5.4.6": "c", "countryname": "c",
    "2.5.4.7": "l", "localityname": "l", "2.5.4.8": "st", "stateorprovincename": "st", "2.5.4.9": "street",
    "streetaddress": "street", "2.5.4.10": "o", "organizationname": "o", "2.5.4.11": "ou",
    "organizationalunitname": "ou", "0.9.2342.19200300.100.1.1": "uid", "userid": "uid",
    "0.9.2342.19200300.100.1.25": "dc", "domaincomponent": "dc", "0.9.2342.19200300.100.1.3": "mail",
    "rfc822mailbox": "mail", "2.5.4.42": "givenname", "gn": "givenname", "2.5.4.5": "serialnumber",
    "2.16.840.1.113730.3.1.3": "employeenumber",
}  # fmt: skip

Rdn = tuple[tuple[str, str], ...]
"""The attribute types and values of one RDN, as written but unescaped."""


def escape(value: str) -> str:
    """One attribute value as it stands in a DN (RFC 4514 §2.4). Not for text that is escaped already."""
    if _SAFE.fullmatch(value):
        return value
    out: list[str] = []
    last = len(value) - 1
    for at, char in enumerate(value):
        if char in _SPECIAL:
            out.append("\\" + char)
        elif char == " " and at in (0, last):
            out.append("\\ ")
        elif ord(char) < 0x20 or ord(char) == 0x7F:
            out.append(f"\\{ord(char):02x}")
        else:
            out.append(char)
    return "".join(out)


def rdn(attribute: str, value: str) -> str:
    """``uid=ann``"""
    return f"{attribute}={escape(value)}"


def normal_type(name: str) -> str:
    """The one name of an attribute type that has several (``commonName``, ``2.5.4.3`` → ``cn``)."""
    lower = name.strip().lower().removeprefix("oid.")
    return _ALIASES.get(lower, lower)


@lru_cache(maxsize=65536)
def parse(dn: str) -> tuple[Rdn, ...] | None:
    """The RDNs of a DN, the entry's own first; None where it is no DN. The empty DN has none."""
    if not dn.strip():
        return ()
    found: list[Rdn] = []
    pairs: list[tuple[str, str]] = []
    at = 0
    while True:
        equals = dn.find("=", at)
        if equals < 0 or not _is_type(dn[at:equals].strip()):
            return None
        read = _value(dn, equals + 1)
        if read is None:
            return None
        value, at = read
        pairs.append((dn[_start(dn, equals) : equals].strip(), value))
        if at >= len(dn) or dn[at] in ",;":
            found.append(tuple(pairs))
            pairs = []
            if at >= len(dn):
                return tuple(found)
        at += 1


def _start(dn: str, equals: int) -> int:
    start = equals
    while start > 0 and dn[start - 1] not in ",;+":
        start -= 1
    return start


def _is_type(name: str) -> bool:
    plain = name.replace("-", "").replace(".", "").replace(";", "")
    return bool(plain) and plain.isascii() and plain.isalnum()


def _value(dn: str, at: int) -> tuple[str, int] | None:
    """Read one value from ``at``; return it unescaped, and where it ends."""
    raw = bytearray()
    kept = 0  # up to here trailing spaces belong to the value
    while at < len(dn) and dn[at] == " ":
        at += 1
    while at < len(dn) and dn[at] not in ",;+":
        char = dn[at]
        if char == '"':
            return None  # RFC 1779 quoting: no server of today writes it
        if char != "\\":
            raw += char.encode("utf-8", "surrogatepass")
            at += 1
            kept = kept if char == " " else len(raw)
            continue
        pair = dn[at + 1 : at + 3]
        if len(pair) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in pair):
            raw.append(int(pair, 16))
            at += 3
        elif pair:
            raw += pair[0].encode("utf-8", "surrogatepass")
            at += 2
        else:
            return None
        kept = len(raw)
    return bytes(raw[:kept]).decode("utf-8", "replace"), at


def _folded(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).lower().split())  # lower: slapd knows no ß = ss


@lru_cache(maxsize=65536)
def key(dn: str) -> str:
    """A text that is equal for DNs that match: case, spaces, escapes and attribute aliases make no difference."""
    parsed = parse(dn)
    if parsed is None:
        return _folded(dn)
    parts = ("+".join(sorted(f"{normal_type(name)}={escape(_folded(value))}" for name, value in r)) for r in parsed)
    return ",".join(parts)


def split(dn: str) -> tuple[str, str]:
    """The RDN and the parent, as written (``uid=ann``, ``ou=people,dc=…``)."""
    at = 0
    while at < len(dn):
        if dn[at] == "\\":
            at += 2
            continue
        if dn[at] in ",;":
            return dn[:at], dn[at + 1 :].lstrip(" ")
        at += 1
    return dn, ""


def is_under(dn: str, base: str) -> bool:
    """Whether ``dn`` is ``base`` or lies below it."""
    inner, outer = key(dn), key(base)
    return inner == outer or inner.endswith("," + outer)
