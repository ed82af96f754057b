"""What the private LDAP servers of the tests have in common: a process that dies with us, and a look inside."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ldap3
import pytest


class LdapServer:
    """A server in ``folder``, searched and changed by its root login. Subclasses say how it starts and is laid out.

    ``url`` is what the tests use; ``root_dn``, ``bind_dn`` and their passwords are set by the subclass.
    """

    name = "LDAP server"
    url: str
    address: tuple[str, int]
    base: str
    root_dn: str
    root_password: str
    bind_dn: str
    password: str
    ca_file: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._raw: ldap3.Connection | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` of config.toml would say, ``kind`` excluded."""
        bind = {"dn": self.bind_dn, "password": self.password}
        return {"urls": [self.url], "base": self.base, "bind": bind, "ca": self.ca_file}

    def command(self) -> Sequence[str]:
        """The command that starts it in the foreground."""
        raise NotImplementedError

    # ---------------------------------------------------------------- life

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it answers. Does nothing when it runs."""
        if self.running:
            return
        command = [*self.command()]
        setpriv = shutil.which("setpriv")  # the kernel then ends it with us, however we end
        if setpriv:
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment()
            )
        self._await()

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        self.forget()
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait(30)
        self._process = None

    def _await(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"{self.name} ended: {self.log.read_text()[-3000:]}"
            with contextlib.suppress(OSError), socket.create_connection(self.address, 1):
                return
            time.sleep(0.02)
        raise AssertionError(f"{self.name} did not start within 60 s: {self.log.read_text()[-3000:]}")

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
        if not self.running:
            self.start()
        for unit in units:
            below = [dn for dn in self.rows(base=unit, attributes=("1.1",)) if dn.lower() != unit.lower()]
            for dn in sorted(below, key=len, reverse=True):
                assert self.raw.delete(dn), self.raw.result

    def asked(self) -> int:
        """How many operations clients have asked for so far."""
        raise NotImplementedError


def require(what: str, packages: str, found: bool) -> None:
    """Skip where a server is not installed; in CI that is a failure."""
    if not found:
        reason = f"backend missing: {what} (Debian: {packages})"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}; CI must have it")
        pytest.skip(reason)
