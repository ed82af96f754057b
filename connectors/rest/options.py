"""The keys of ``[target.NAME]`` for an application: where it is, who asks, how far its answers are trusted."""

import os
import ssl
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

import httpx2

from connectors.rest import paths, templates
from connectors.rest.addresses import Network
from connectors.rest.login import Constant, Fetched, Login, basic, client_credentials, login_call
from connectors.rest.reader import Reader
from connectors.rest.transport import Limits, Transport

KEYS = frozenset(
    {"base", "auth", "headers", "variables", "ca", "pool", "timeouts", "limits", "allow_addresses", "allow_plaintext"}
)
AUTH = frozenset({"bearer", "basic", "header", "oauth2", "login", "mtls"})
AUTH_KEYS: Mapping[str, frozenset[str]] = {
    "basic": frozenset({"user", "password"}),
    "header": frozenset({"name", "token"}),
    "oauth2": frozenset({"token_url", "client_id", "client_secret", "scope", "audience", "in_body"}),
    "login": frozenset({"post", "body", "header", "token", "expires", "send", "scheme"}),
    "mtls": frozenset({"cert", "private_key"}),
}
TIMEOUTS = frozenset({"connect", "answer"})
LIMITS = frozenset({"bytes", "depth", "items"})


@dataclass(slots=True)
class Options:
    """Everything that ``[target.NAME]`` says, with the parts made of it."""

    transport: Transport
    login: Login
    variables: Mapping[str, str]
    elsewhere: list[Transport] = field(default_factory=list)


def read(options: Mapping[str, Any]) -> Options:
    """Read the keys. :raises ValueError: every wrong one, one sentence a line."""
    reader = Reader("", options)
    reader.only(KEYS)
    base = _address(reader, "base", "https://api.example.com/v1")
    timeouts = reader.inner("timeouts") or Reader("timeouts", {}, reader.mistakes)
    timeouts.only(TIMEOUTS)
    bounds = reader.inner("limits") or Reader("limits", {}, reader.mistakes)
    bounds.only(LIMITS)
    usual = Limits()
    limits = Limits(
        octets=bounds.whole("bytes", usual.octets, 1024, 1 << 30),
        depth=bounds.whole("depth", usual.depth, 2, 200),
        items=bounds.whole("items", usual.items, 10, 1_000_000),
        connect=timeouts.seconds("connect", usual.connect),
        answer=timeouts.seconds("answer", usual.answer),
    )
    pool = reader.whole("pool", 16, 1, 200)
    exceptions = _networks(reader)
    auth = reader.inner("auth") or Reader("auth", {}, reader.mistakes)
    auth.only(AUTH)
    tls = _tls(reader, auth)
    plain = reader.flag("allow_plaintext")
    made: list[Transport] = []

    def transport(to: str) -> Transport:
        made.append(Transport(to, tls=tls, pool=pool, limits=limits, exceptions=exceptions))
        return made[-1]

    main = transport(base) if base else None
    login = _login(auth, transport, plain, _constants(reader))
    if base and auth.table and not plain and not _private(base):
        reader.complain("'base' is no https address, and would carry secrets in the clear (allow_plaintext = true?)")
    if reader.mistakes or main is None:
        raise ValueError("\n".join(reader.mistakes))
    return Options(main, login, _variables(reader), made[1:])


def _address(reader: Reader, key: str, example: str) -> str | None:
    text = reader.table.get(key)
    try:
        url = httpx2.URL(text) if isinstance(text, str) else None
    except httpx2.InvalidURL:
        url = None
    if url is None or url.scheme not in ("http", "https") or not url.host:
        what = "is no address" if key in reader.table else "is missing"
        reader.complain(f"'{key}' {what}; one is written like '{example}'")
        return None
    if url.query or url.fragment or url.userinfo:
        reader.complain(f"'{key}' has no place for a query, a fragment, a user or a password")
        return None
    return str(url)


def _private(address: str) -> bool:
    """Whether what is sent there can be read by nobody on the way: TLS, or this machine itself."""
    url = httpx2.URL(address)
    if url.scheme == "https" or url.host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(url.host).is_loopback
    return False


def _networks(reader: Reader) -> tuple[Network, ...]:
    given = reader.table.get("allow_addresses", [])
    found: list[Network] = []
    for each in given if isinstance(given, list) else [given]:
        try:
            found.append(ip_network(each))
        except (ValueError, TypeError):
            reader.complain(f"'allow_addresses': '{each}' is no network, such as '169.254.10.0/24'")
    return tuple(found)


def _variables(reader: Reader) -> Mapping[str, str]:
    given = reader.table.get("variables", {})
    if not isinstance(given, Mapping) or not all(isinstance(value, str | int) for value in given.values()):
        raise ValueError("'variables' is a table of texts, for {name} in the paths of a mapping")
    return {name: str(value) for name, value in given.items()}


def _constants(reader: Reader) -> dict[str, str]:
    given = reader.table.get("headers", {})
    if not isinstance(given, Mapping) or not all(_sendable(value) for value in given.values()):
        reader.complain("'headers' is a table of texts")
        return {}
    return dict(given)


def _sendable(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _tls(reader: Reader, auth: Reader) -> ssl.SSLContext | None:
    """The TLS of every connection: verified, always; with a certificate of our own for ``mtls``."""
    try:
        context = ssl.create_default_context(cafile=reader.table.get("ca"))
    except (OSError, TypeError, ssl.SSLError):
        reader.complain("'ca' is no readable PEM file of certificates")
        return None
    mutual = auth.inner("mtls")
    if mutual is not None:
        mutual.only(AUTH_KEYS["mtls"])
        cert, key = (mutual.table.get(name) for name in ("cert", "private_key"))
        if not isinstance(cert, str) or not isinstance(key, str):
            mutual.complain("needs 'cert' and 'private_key', such as \"file:/run/secrets/client.key\"")
            return context
        try:
            _load(context, cert, key)
        except (OSError, ssl.SSLError):
            mutual.complain("'cert' and 'private_key' are not a certificate with its key, in PEM")
    return context


def _load(context: ssl.SSLContext, cert: str, key: str) -> None:
    """OpenSSL reads certificates from files alone: they are written into one of our own, for this moment."""
    handle, name = tempfile.mkstemp()  # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{key}\n{cert}\n")
        context.load_cert_chain(name, password=lambda: "")
    finally:
        os.unlink(name)


def _login(auth: Reader, transport: Any, plain: bool, constants: dict[str, str]) -> Login:
    ways = sorted(set(auth.table) & (AUTH - {"mtls"}))
    if len(ways) > 1:
        auth.complain(f"one way of logging in, and not {' and '.join(ways)}; mtls may stand beside it")
    if "bearer" in ways:
        token = auth.text("bearer")
        constants["Authorization"] = f"Bearer {_secret(auth, 'bearer', token)}"
    if "basic" in ways and (reader := auth.inner("basic")) is not None:
        reader.only(AUTH_KEYS["basic"])
        user, password = reader.text("user", needed=True), reader.text("password", needed=True)
        constants["Authorization"] = basic(str(user), str(password))
    if "header" in ways and (reader := auth.inner("header")) is not None:
        reader.only(AUTH_KEYS["header"])
        name, token = reader.text("name", needed=True), reader.text("token", needed=True)
        constants[str(name)] = _secret(reader, "token", token)
    fetched = None
    if "oauth2" in ways and (reader := auth.inner("oauth2")) is not None:
        fetched = _oauth2(reader, transport, plain)
    if "login" in ways and (reader := auth.inner("login")) is not None:
        fetched = _own_login(reader)
    return fetched.with_constants(constants) if fetched is not None else Constant(constants)


def _secret(reader: Reader, key: str, value: Any) -> str:
    if isinstance(value, str) and not _sendable(value):
        reader.complain(f"'{key}' cannot stand in a header: it has other characters than printable ASCII")
    return str(value)


def _oauth2(reader: Reader, transport: Any, plain: bool) -> Fetched | None:
    reader.only(AUTH_KEYS["oauth2"])
    address = _address(reader, "token_url", "https://login.example.com/oauth2/token")
    needed = [reader.text(key, needed=True) for key in ("client_id", "client_secret")]
    reader.flag("in_body")
    if address and not plain and not _private(address):
        reader.complain("'token_url' is no https address, and would carry secrets in the clear")
    if address is None or None in needed:
        return None
    return Fetched(client_credentials("", reader.table, transport(address)))


def _own_login(reader: Reader) -> Fetched | None:
    reader.only(AUTH_KEYS["login"])
    try:
        template = templates.Template(reader.text("post", needed=True) or "/")
        paths.parse(str(reader.table.get("token", ""))), paths.parse(str(reader.table.get("expires", "")))
    except ValueError as error:
        reader.complain(str(error))
        return None
    if template.places:
        reader.complain("'post' has no places to fill")
    if ("header" in reader.table) == ("token" in reader.table):
        reader.complain("needs 'header', the header of the answer with the token, or 'token', its place in the body")
    return Fetched(login_call(reader.table)) if "post" in reader.table else None
