"""What a target really holds, read beside the gateway and told in neutral words, so that all targets can be compared.

``content`` tells each user by its userName and each group by its displayName. A raw attribute that has no neutral name
keeps its own, so that nothing which the gateway writes goes unseen.
"""

import base64
import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

Told = dict[str, Any]
Content = dict[str, dict[str, Told]]
"""kind → userName or displayName → neutral name → value; a group's "members" is a set"""


class Directory(Protocol):
    """One target, seen from outside the gateway."""

    mapping: str
    """what ``mapping =`` of the connection says"""
    names: Mapping[str, str]
    """neutral name → raw name: what this target has a place for"""
    raw_names: frozenset[str]
    """what has no neutral name and yet may be expected by its own"""
    group_names: frozenset[str]
    """neutral names of a group beside displayName and members"""

    def target(self) -> Mapping[str, Any]:
        """What ``[target.it]`` of config.toml says."""

    def content(self, passwords: Iterable[str]) -> Content:
        """What stands there; a password is told in clear when it is one of ``passwords``."""

    def traces(self) -> Any:
        """All of it once more, raw, with versions and times: equal only when nothing at all was written."""

    def id_of(self, kind: str, name: str) -> str:
        """The immutable anchor of one entry."""

    def add(self, kind: str, told: Told) -> None:
        """Put an entry there, as an administrator of the target would."""

    def change(self, kind: str, name: str, told: Told) -> None:
        """Change an entry behind the gateway's back."""

    def derived(self, told: Told, outside: bool) -> Told:
        """What the mapping's ``set`` rows and defaults make of a user, by raw name."""

    def logs_in(self, name: str, password: str) -> bool | None:
        """Whether the target lets this user in; None where it lets nobody in."""

    def down(self) -> None:
        """Take the target away."""

    def up(self) -> None:
        """Bring it back."""


def told_password(stored: str | None, passwords: Iterable[str], fits: Callable[[str, str], bool]) -> Told:
    """Tell which password was stored."""
    if stored is None:
        return {}
    return {"password": next((each for each in passwords if fits(stored, each)), "some other")}


@functools.cache
def fits_scrypt(stored: str, password: str) -> bool:
    """Whether a PHC string of scrypt is of this password."""
    _, _, options, salt, digest = stored.split("$")
    cost = {key: int(value) for key, value in (part.split("=") for part in options.split(","))}
    padded = [base64.b64decode(part + "=" * (-len(part) % 4)) for part in (salt, digest)]
    made = hashlib.scrypt(password.encode(), salt=padded[0], n=2 ** cost["ln"], r=cost["r"], p=cost["p"], dklen=32)
    return made == padded[1]


def fits_ssha(stored: str, password: str) -> bool:
    """Whether a ``{SSHA}`` value is of this password."""
    if not stored.startswith("{SSHA}"):
        return stored == password
    raw = base64.b64decode(stored.removeprefix("{SSHA}"))
    return hashlib.sha1(password.encode() + raw[20:]).digest() == raw[:20]
