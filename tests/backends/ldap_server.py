"""What the private LDAP servers of the tests have in common: a look inside, as their administrator."""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import ldap3

from tests.backends.served import Served, alive, listens


class LdapServer(Served):
    """A server in ``folder``, searched and changed by its root login. Subclasses say how it starts and is laid out.

    ``url`` is what the tests use; ``root_dn``, ``bind_dn`` and their passwords are set by the subclass.
    """

    host = "127.0.0.1"
    ldaps_port: int
    url: str
    base: str
    root_dn: str
    root_password: str
    bind_dn: str
    password: str
    ca_file: str

    def __init__(self, folder: Path, port: int | None = None) -> None:
        super().__init__(folder, port)
        self._raw: ldap3.Connection | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` of config.toml would say, ``kind`` excluded."""
        bind = {"dn": self.bind_dn, "password": self.password}
        return {"urls": [self.url], "base": self.base, "bind": bind, "ca": self.ca_file}

    def answers(self) -> bool:
        return listens(self.host, self.ldaps_port)

    def fill(self) -> None:
        """Put into a server just started what every test finds there."""

    def reset(self) -> None:
        """Empty it to what ``fill`` put there; start it if it was killed."""
        raise NotImplementedError

    def stop(self) -> None:
        self.forget()
        super().stop()

    def kill(self) -> None:
        self.forget()
        super().kill()

    # ---------------------------------------------------------------- content

    @property
    def raw(self) -> ldap3.Connection:
        """A connection of the tests' own, bound as the administrator."""
        if self._raw is None or self._raw.closed:
            self._raw = self._connection(self.root_dn, self.root_password)
            assert self._raw.bind(), self._raw.result
        return self._raw

    def forget(self) -> None:
        """Let the next question go out on a connection of its own."""
        if self._raw is not None:
            with contextlib.suppress(ldap3.core.exceptions.LDAPException, OSError):
                self._raw.unbind()
            self._raw = None

    def bind(self, dn: str, password: str) -> bool:
        """Whether a simple bind works."""
        connection = self._connection(dn, password)
        try:
            return bool(connection.bind())
        finally:
            connection.unbind()

    def _connection(self, dn: str, password: str) -> ldap3.Connection:
        tls = ldap3.Tls(validate=ssl.CERT_NONE)  # the product's own connections verify
        server = ldap3.Server(self.url, get_info=ldap3.NONE, connect_timeout=5, tls=tls)
        return ldap3.Connection(server, dn, password, receive_timeout=20, check_names=False)

    def rows(
        self, filter: str = "(objectClass=*)", *, base: str | None = None, attributes: tuple[str, ...] = ("*", "+")
    ) -> dict[str, dict[str, list[bytes]]]:
        """What the directory really holds: DN → attribute → values."""
        self.raw.search(base or self.base, filter, attributes=list(attributes))
        assert self.raw.result["result"] == 0, self.raw.result
        return {row["dn"]: dict(row["raw_attributes"]) for row in self.raw.response if row["type"] == "searchResEntry"}

    def search(
        self, filter: str = "(objectClass=*)", *, base: str | None = None, attributes: tuple[str, ...] = ("*", "+")
    ) -> dict[str, dict[str, list[str]]]:
        """The same as text."""
        rows = self.rows(filter, base=base, attributes=attributes)
        return {
            dn: {name: [value.decode("utf-8", "replace") for value in values] for name, values in held.items()}
            for dn, held in rows.items()
        }

    def empty(self, *units: str) -> None:
        """Delete everything below these units, which stay."""
        self.awake()
        for unit in units:
            below = [dn for dn in self.rows(base=unit, attributes=("1.1",)) if dn.lower() != unit.lower()]
            for dn in sorted(below, key=len, reverse=True):
                assert self.raw.delete(dn), self.raw.result

    def asked(self) -> int:
        """How many operations clients have asked for so far."""
        raise NotImplementedError


L = TypeVar("L", bound=LdapServer)


@contextlib.contextmanager
def filled(server: L) -> Iterator[L]:
    """Start a server that was laid out anew and fill it; ended afterwards."""
    with alive(server):
        server.fill()
        yield server
