"""The keys of ``[target.NAME]`` with ``kind = "ldap"``, read once and all errors at once."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.ldap.controls import NAMES
from connectors.ldap.dn import parse

_KEYS = (
    "urls", "url", "base", "bind", "start_tls", "ca", "pool", "timeouts", "page", "allow_plaintext", "avoid",
    "memberof", "settle", "max_scan",
)  # fmt: skip
_TIMEOUTS = ("connect", "answer", "failback")


@dataclass(frozen=True, slots=True)
class Settings:
    """One directory service.

    :param urls: ordered failover: the first that answers serves everything.
    :param base: what ``{base}`` stands for, and where searches start unless a section has ``search_base``.
    :param bind_dn: and ``password``: the login; both empty for an anonymous one.
    :param ca: PEM file of the authorities to trust; None = the system's.
    :param pool: the most connections at once.
    :param connect: seconds to wait for a connection, ``answer`` for an answer; ``failback``: how long an earlier url
        that failed is left alone.
    :param page: entries a page of the paged results control.
    :param avoid: names of controls not to use although the server announces them.
    :param memberof: trust the server's ``memberOf`` for ``@groups`` instead of asking the groups.
    :param settle: seconds after a failover in which an entry seen before it is unavailable rather than gone.
    :param max_scan: the most entries a list may have.
    """

    urls: tuple[str, ...]
    base: str
    bind_dn: str = ""
    password: str = field(default="", repr=False)
    start_tls: bool = False
    ca: str | None = None
    pool: int = 16
    connect: float = 3.0
    answer: int = 10
    failback: float = 30.0
    page: int = 1000
    avoid: frozenset[str] = frozenset()
    memberof: bool = False
    settle: float = 300.0
    max_scan: int = 1_000_000


def suggestion(word: str, known: object) -> str:
    """``; did you mean 'x'?`` or nothing."""
    names = [str(name) for name in known] if isinstance(known, (list, tuple, dict, set, frozenset)) else []
    close = difflib.get_close_matches(word, names, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


class _Reader:
    """Reads options one by one and remembers what was wrong."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.errors: list[str] = []

    def unknown(self, options: Mapping[str, Any], known: tuple[str, ...], where: str = "") -> None:
        for key in options:
            if key not in known:
                self.errors.append(f"unknown key '{where}{key}'{suggestion(key, known)}")

    def take(self, key: str, kinds: type | tuple[type, ...], default: Any, what: str) -> Any:
        value = self.options.get(key, default)
        wrong_bool = isinstance(value, bool) and kinds is not bool
        if value is not default and (wrong_bool or not isinstance(value, kinds)):
            self.errors.append(f"{key} must be {what}")
            return default
        return value


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Read the options.

    :raises ValueError: one line for each thing that is wrong.
    """
    reader = _Reader(options)
    reader.unknown(options, _KEYS)
    base = reader.take("base", str, "", 'the DN that all entries lie under, such as "dc=example,dc=com"')
    if not base or parse(base) is None:
        reader.errors.append('base must be the DN that all entries lie under, such as "dc=example,dc=com"')
    urls = _urls(reader)
    bind = reader.take("bind", Mapping, {}, "a table { dn, password }")
    reader.unknown(bind, ("dn", "password"), "bind.")
    start_tls = reader.take("start_tls", bool, False, "true or false")
    password = str(bind.get("password", ""))
    if password and not start_tls and not reader.take("allow_plaintext", bool, False, "true or false"):
        reader.errors += [
            f"urls: {url.split('://')[0]}:// would send the bind password in clear text; "
            "use ldaps://, start_tls = true, or say allow_plaintext = true"
            for url in urls
            if url.startswith("ldap://") and not _is_loopback(url)
        ]
    if bind.get("dn") and not password:
        reader.errors.append("bind.password is missing: a bind without one is anonymous")
    ca = reader.take("ca", str, None, "the path of a PEM file")
    ca = ca.removeprefix("file:") if ca else None
    if ca and not Path(ca).is_file():
        reader.errors.append(f"ca: there is no file {ca}")
    timeouts = reader.take("timeouts", Mapping, {}, "a table { connect, answer, failback } of seconds")
    reader.unknown(timeouts, _TIMEOUTS, "timeouts.")
    found = Settings(
        urls=urls,
        base=base,
        bind_dn=str(bind.get("dn", "")).replace("{base}", base),
        password=password,
        start_tls=start_tls,
        ca=ca,
        pool=_whole(reader, "pool", 16),
        connect=_positive(reader, timeouts, "connect", 3),
        answer=max(1, round(_positive(reader, timeouts, "answer", 10))),
        failback=_positive(reader, timeouts, "failback", 30),
        page=_whole(reader, "page", 1000),
        avoid=_avoid(reader),
        memberof=reader.take("memberof", bool, False, "true or false"),
        settle=_seconds(reader, "settle", 300),
        max_scan=_whole(reader, "max_scan", 1_000_000),
    )
    if reader.errors:
        raise ValueError("\n".join(reader.errors))
    return found


def _urls(reader: _Reader) -> tuple[str, ...]:
    raw = reader.options.get("urls", reader.options.get("url", ()))
    urls = (raw,) if isinstance(raw, str) else tuple(raw) if isinstance(raw, (list, tuple)) else ()
    if not urls:
        reader.errors.append('urls must list at least one server, such as ["ldaps://ldap1.example.com"]')
    for url in urls:
        try:
            parts = urlsplit(str(url))
            fine = parts.scheme in {"ldap", "ldaps"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fine = False
        if not fine:
            reader.errors.append(f"urls: '{url}' is not an ldap:// or ldaps:// address")
    return tuple(str(url).rstrip("/") for url in urls)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _positive(reader: _Reader, options: Mapping[str, Any], key: str, default: float) -> float:
    value = options.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        reader.errors.append(f"{key} must be a number above 0")
        return default
    return float(value)


def _seconds(reader: _Reader, key: str, default: float) -> float:
    value = reader.take(key, (int, float), default, "a number of seconds")
    if value < 0:
        reader.errors.append(f"{key} must be a number of seconds")
    return float(value)


def _whole(reader: _Reader, key: str, default: int) -> int:
    value = reader.options.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        reader.errors.append(f"{key} must be a whole number above 0")
        return default
    return value


def _avoid(reader: _Reader) -> frozenset[str]:
    names = reader.take("avoid", (list, tuple, set, frozenset), (), "a list of control names")
    for name in names:
        if name not in NAMES:
            reader.errors.append(f"avoid: unknown control '{name}'{suggestion(str(name), NAMES)}")
    return frozenset(NAMES[name] for name in names if name in NAMES)
