"""A private OpenLDAP server: real mdb, overlays, TLS; started by a test, killed with it.

Fixtures: ``slapd`` (one server for the session) and ``directory`` (the same, emptied to its organisational units).
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ldap3
import pytest

from tests.backends.certificates import Certificates, make_certificates
from tests.backends.ports import lasting_ports
from tests.backends.slapd_log import Counts

HERE = Path(__file__).parent
BASE = "dc=example,dc=com"
SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/openldap")


class Slapd:
    """One slapd in ``folder``. ``sync=True`` commits durably, as a directory in production does."""

    def __init__(
        self, folder: Path, *, sync: bool = False, names: tuple[str, ...] = ("localhost", "127.0.0.1")
    ) -> None:
        self.folder = folder
        self.base = BASE
        self.root_dn = f"cn=admin,{BASE}"
        self.bind_dn = f"cn=gateway,{BASE}"
        self.password = "correct-horse-battery"
        self.certificates: Certificates = make_certificates(folder, names)
        self.ca_file = str(self.certificates.ca)
        self.log = folder / "slapd.log"
        self._sync = sync
        self._counts = Counts(self.log)
        self._process: subprocess.Popen[bytes] | None = None
        self._raw: ldap3.Connection | None = None
        self._choose_ports()
        self._configure()
        self._wipe()

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def ldaps_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.ldaps_port}"

    @property
    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` of config.toml would say, ``kind`` excluded."""
        return {"urls": [self.url], "base": self.base, "bind": {"dn": self.bind_dn, "password": self.password}}

    # ---------------------------------------------------------------- life

    def start(self) -> None:
        """Start and wait until it answers. Does nothing when it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        assert SLAPD is not None
        command = [SLAPD, "-f", str(self.folder / "slapd.conf"), "-h", f"{self.url}/ {self.ldaps_url}/", "-d", "stats"]
        setpriv = shutil.which("setpriv")  # the kernel then ends slapd with us, however we end
        if setpriv:
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._await()

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._stop(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._stop(signal.SIGTERM)

    def restart(self) -> None:
        """Start it on the same ports and content, ending it first if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    # ---------------------------------------------------------------- content

    def load(self, ldif: str) -> None:
        """Add entries over LDAP, so that overlays (memberOf) see them. ``{base}`` is replaced."""
        command = ["ldapadd", "-x", "-H", self.url, "-D", self.root_dn, "-w", self.password]
        done = subprocess.run(command, input=ldif.replace("{base}", self.base), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def load_offline(self, ldif: str) -> None:
        """Add many entries fast (slapadd). No overlay runs: no memberOf for seeded groups."""
        self.stop()
        self._slapadd(ldif.replace("{base}", self.base))
        self.start()

    def reset(self) -> None:
        """Empty the directory to its organisational units; start it if it was killed."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        entries = self.search(attributes=("1.1",), base=self.base)
        kept = {line[4:].strip() for line in self._seed().splitlines() if line.startswith("dn: ")}
        extra = [dn for dn in entries if dn not in kept]
        if len(extra) > 300 or len(entries) - len(extra) < len(kept):
            self.stop()
            self._wipe()
            self.start()
            return
        for dn in sorted(extra, key=len, reverse=True):
            assert self.raw.delete(dn), self.raw.result

    def search(
        self, filter: str = "(objectClass=*)", *, base: str | None = None, attributes: tuple[str, ...] = ("*", "+")
    ) -> dict[str, dict[str, list[str]]]:
        """What the directory really holds: DN → attribute → values as text."""
        self.raw.search(base or self.base, filter, attributes=list(attributes))
        assert self.raw.result["result"] == 0, self.raw.result
        return {
            row["dn"]: {name: [v.decode("utf-8", "replace") for v in vs] for name, vs in row["raw_attributes"].items()}
            for row in self.raw.response
            if row["type"] == "searchResEntry"
        }

    def bind(self, dn: str, password: str) -> bool:
        """Whether a simple bind works."""
        connection = ldap3.Connection(ldap3.Server(self.url, get_info=ldap3.NONE), dn, password, receive_timeout=5)
        try:
            return bool(connection.bind())
        finally:
            connection.unbind()

    @property
    def raw(self) -> ldap3.Connection:
        """A connection of the tests' own, bound as the root DN."""
        if self._raw is None or self._raw.closed:
            server = ldap3.Server(self.url, get_info=ldap3.NONE, connect_timeout=5)
            self._raw = ldap3.Connection(server, self.root_dn, self.password, receive_timeout=20, check_names=False)
            assert self._raw.bind(), self._raw.result
        return self._raw

    def configure(self, dn: str, changes: dict[str, Any]) -> None:
        """Modify cn=config of the running server (``olcReadOnly``, ``olcAccess`` …); lost at the next restart."""
        server = ldap3.Server(self.url, get_info=ldap3.NONE)
        connection = ldap3.Connection(server, "cn=config", self.password, receive_timeout=20, check_names=False)
        assert connection.bind(), connection.result
        assert connection.modify(dn, changes), connection.result
        connection.unbind()

    # ---------------------------------------------------------------- counting

    def counting(self) -> contextlib.AbstractContextManager[Counter[str]]:
        """Count what clients ask within the block: ``search add modify rename delete extended bind``, their sum
        ``operations`` (binds excluded), and ``entries`` returned. Filled when the block ends."""
        return self._counts.counting()

    def asked(self) -> int:
        """How many operations (binds excluded) clients have asked for so far."""
        return self._counts.asked()

    # ---------------------------------------------------------------- inside

    def _choose_ports(self) -> None:
        self.port, self.ldaps_port = lasting_ports(2)

    def _fill(self, template: str) -> str:
        values = {
            "folder": self.folder,
            "here": HERE,
            "ca": self.certificates.ca,
            "certificate": self.certificates.certificate,
            "key": self.certificates.key,
            "base": self.base,
            "root_dn": self.root_dn,
            "bind_dn": self.bind_dn,
            "password": self.password,
            "sync": "" if self._sync else "dbnosync",
        }
        return (HERE / template).read_text().format(**values)

    def _configure(self) -> None:
        path = self.folder / "slapd.conf"
        path.write_text(self._fill("slapd.conf.in"))
        path.chmod(0o600)

    def _seed(self) -> str:
        return self._fill("slapd.ldif.in")

    def _wipe(self) -> None:
        shutil.rmtree(self.folder / "db", ignore_errors=True)
        (self.folder / "db").mkdir()
        self._slapadd(self._seed())

    def _slapadd(self, ldif: str) -> None:
        assert SLAPD is not None
        command = [SLAPD, "-T", "add", "-q", "-f", str(self.folder / "slapd.conf"), "-b", self.base]
        done = subprocess.run(command, input=ldif, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def _await(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"slapd ended: {self.log.read_text()[-2000:]}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ldaps_port), 1):
                return
            time.sleep(0.01)
        raise AssertionError("slapd did not start within 20 s")

    def _stop(self, number: signal.Signals) -> None:
        if self._raw is not None:
            with contextlib.suppress(ldap3.core.exceptions.LDAPException, OSError):
                self._raw.unbind()
            self._raw = None
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(number)
        self._process.wait(20)
        self._process = None


def require_slapd() -> None:
    """Skip where OpenLDAP's server is not installed; in CI that is a failure."""
    if SLAPD is None:
        if os.environ.get("CI") == "true":
            pytest.fail("backend missing: slapd; CI must have it (Debian: slapd ldap-utils)")
        pytest.skip("backend missing: slapd (Debian: slapd ldap-utils)")


@contextlib.contextmanager
def running(
    folder: Path, *, sync: bool = False, names: tuple[str, ...] = ("localhost", "127.0.0.1")
) -> Iterator[Slapd]:
    """A server of one's own, for tests that kill it or need two."""
    require_slapd()
    folder.mkdir(parents=True, exist_ok=True)
    server = Slapd(folder, sync=sync, names=names)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """One server for the whole session."""
    with running(tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture
def directory(slapd: Slapd) -> Slapd:
    """The session's server, running and holding its organisational units only."""
    slapd.reset()
    return slapd
