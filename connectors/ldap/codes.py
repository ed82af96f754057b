"""LDAP result codes (RFC 4511 Appendix A) in the contract's words: one table.

A code that is not in the table is ``Refused``: it is not retried.
"""

import re
from collections.abc import Mapping

from connectors import errors
from connectors.errors import ConnectorError
from connectors.ldap.messages import Response

SUCCESS, SIZE_LIMIT = 0, 4
NO_SUCH_ATTRIBUTE, CONSTRAINT, EXISTS, NO_SUCH_OBJECT, UNWILLING = 16, 19, 20, 32, 53
OBJECT_CLASS, ALREADY, OTHER, ASSERTION_FAILED = 65, 68, 80, 122
LIMITS = frozenset({4, 11})
"""of how many entries the directory sends"""
LONG_NAME = 240
"""Bytes of a relative name up to which OpenLDAP keeps it; at a longer one it says, each time, that it failed inside."""

SHOWN, MOST = 200, 2000
"""Characters of a server's message that are shown, and that are looked at."""

MEANING: Mapping[int, tuple[type[ConnectorError], str]] = {
    2: (errors.Unsupported, "the directory does not understand the request"),
    3: (errors.TooMany, "the directory's time limit was reached"),
    4: (errors.TooMany, "the directory's size limit was reached; raise it for the gateway's login"),
    8: (errors.Refused, "the directory asks for a stronger login"),
    10: (errors.Unavailable, "this server does not take it and refers to another"),
    11: (errors.TooMany, "the directory's administrative limit was reached"),
    12: (errors.Unsupported, "the directory lacks a control that this needs"),
    13: (errors.Refused, "the directory asks for TLS"),
    16: (errors.InvalidValue, "the entry has no such attribute or value"),
    17: (errors.InvalidValue, "the directory's schema has no such attribute"),
    18: (errors.Unsupported, "the attribute cannot be compared that way"),
    19: (errors.InvalidValue, "the directory refuses the value"),
    20: (errors.InvalidValue, "the attribute has that value already"),
    21: (errors.InvalidValue, "the value does not fit the attribute's syntax"),
    32: (errors.NotFound, "there is no such entry"),
    34: (errors.InvalidValue, "the value cannot be part of a name"),
    48: (errors.Unavailable, "the directory does not accept the login"),
    49: (errors.Unavailable, "the directory does not accept the login"),
    50: (errors.Refused, "the directory forbids it to this login"),
    51: (errors.Unavailable, "the directory is busy"),
    52: (errors.Unavailable, "the directory is unavailable"),
    53: (errors.Refused, "the directory is unwilling"),
    64: (errors.InvalidValue, "the entry cannot be named like that"),
    65: (errors.InvalidValue, "the entry would break its object class"),
    66: (errors.Refused, "there are entries below it"),
    67: (errors.InvalidValue, "the attribute names the entry"),
    68: (errors.AlreadyExists, "there is an entry of that name already"),
    69: (errors.InvalidValue, "the object class cannot be changed"),
    71: (errors.Refused, "the entry would move to another server"),
    80: (errors.Unavailable, "the directory failed inside"),
    122: (errors.Conflict, "the entry changed meanwhile"),
    123: (errors.Refused, "the directory forbids it to this login"),
}

_UNIQUE = re.compile(r"not unique|unique|already exist|already in use|same attribute value|000021C[78]", re.IGNORECASE)
_PAUSED = re.compile(r"restrict|busy|read-?only|shadow|shut", re.IGNORECASE)
_ATTRIBUTE = (
    re.compile(r"non-unique attributes found with \(\|?\(?([A-Za-z][A-Za-z0-9-]{0,79})="),
    re.compile(r"attribute '([^']{1,80})'"),
    re.compile(r"^([A-Za-z][A-Za-z0-9-]{0,79}): "),
    re.compile(r"Att [0-9a-f]+ \(([A-Za-z][A-Za-z0-9-]{0,79})\)"),
    re.compile(r"(?i)\b(sAMAccountName|userPrincipalName) '"),
)
_QUOTED_NAME = re.compile(r"""(["'])\s*[\w.-]+\s*=(?:(?!\1).)*\1""", re.DOTALL)
_NAME = re.compile(r"[\w.-]+ ?= ?\S.*", re.DOTALL)
"""a distinguished name that nothing encloses has no end that could be told: its values may hold anything"""
_ADDRESS = re.compile(
    r"\w+://\S+"
    r"|\[?(?:[0-9a-fA-F]{0,4}:){2,}[0-9a-fA-F.:]*\]?(?::\d+)?"  # IPv6
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?!\.?\w)"  # IPv4, and no object identifier
    r"|\b(?:[\w-]+\.)+(?=[\w-]*[A-Za-z])[\w-]{2,}\b(?::\d+)?"  # a host name
    r"|\b[\w-]+:\d{2,5}\b"
)
_NUMBERED = re.compile(r"^([0-9A-Fa-f]{8}): ")
"""Active Directory: an error of Windows, then internals of the server"""
_WINDOWS: Mapping[str, tuple[type[ConnectorError], str, str | None]] = {
    "0000052D": (errors.InvalidValue, "the password does not meet the domain's policy", "unicodePwd"),
    "00000524": (errors.AlreadyExists, "there is an account of that name already", "sAMAccountName"),
    "00000526": (errors.AlreadyExists, "there is a group of that name already", "sAMAccountName"),
}


def error(response: Response, *, attribute: str | None = None, secret: str | None = None) -> ConnectorError:
    """The error that says what ``response`` means.

    :param attribute: the attribute at fault where the caller knows it and the server does not say.
    :param secret: a text that the detail must not contain, even if the server repeats it.
    """
    kind, words = MEANING.get(response.code, (errors.Refused, f"the directory answered with code {response.code}"))
    if response.code == CONSTRAINT and _UNIQUE.search(response.message):
        kind, words = errors.AlreadyExists, "another entry has this value"
    elif response.code == UNWILLING and _PAUSED.search(response.message):
        kind, words = errors.Unavailable, "the directory takes no changes now"
    said = "" if secret and secret in response.message else response.message[:MOST].strip("\0 \n")
    named = next((found[1] for pattern in _ATTRIBUTE if (found := pattern.search(said))), None)
    if windows := _NUMBERED.match(said):
        kind, words, own = _WINDOWS.get(windows[1].upper(), (kind, words, None))
        named = own or named
    said = decent(said)[:SHOWN]
    if issubclass(kind, errors.Unavailable):
        return kind(words)
    if kind is errors.AlreadyExists and named:
        words = f"another entry has this {named}"
    quiet = not said or kind is errors.AlreadyExists
    return kind(words if quiet else f"{words} ({said})", attribute=named or attribute)


def decent(said: str) -> str:
    """What a server says, without the names of entries and of hosts: an IdP shows it to people whom they tell too much.

    Rather too little is left than too much; who needs the rest finds it in the server's own log.
    """
    return _ADDRESS.sub("…", _NAME.sub("…", _QUOTED_NAME.sub("'…'", said)))


def naming_error(response: Response, name: str, attribute: str | None) -> ConnectorError:
    """The error that says why an entry cannot be called ``name``, a relative one."""
    if response.code == OTHER and len(name.encode()) > LONG_NAME:
        return errors.InvalidValue("the name is too long for the directory", attribute=attribute)
    return error(response, attribute=attribute)


def is_overlay_trouble(response: Response) -> bool:
    """Whether an assertion failed only because OpenLDAP's unique overlay holds its own search to it."""
    return response.code == ASSERTION_FAILED and "unique_search" in response.message
