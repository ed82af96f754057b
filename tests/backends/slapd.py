"""A private OpenLDAP server: real mdb, overlays, TLS; started by a test, killed with it.

Fixtures: ``slapd`` (one server for the session) and ``directory`` (the same, emptied to its organisational units).
"""

import contextlib
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ldap3
import pytest

from tests.backends.certificates import Certificates, make_certificates
from tests.backends.ldap_server import LdapServer
from tests.backends.ports import lasting_ports
from tests.backends.served import alive, require
from tests.backends.slapd_log import Counts

HERE = Path(__file__).parent
BASE, PASSWORD = "dc=example,dc=com", "correct-horse-battery"
SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/openldap")


class Slapd(LdapServer):
    """One slapd in ``folder``. ``sync=True`` commits durably, as a directory in production does."""

    name = "slapd"

    def __init__(
        self, folder: Path, *, sync: bool = False, names: tuple[str, ...] = ("localhost", "127.0.0.1")
    ) -> None:
        port, self.ldaps_port = lasting_ports(2)
        super().__init__(folder, port)
        self.url, self.ldaps_url = f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{self.ldaps_port}"
        self.base = BASE
        self.root_dn, self.root_password = f"cn=admin,{BASE}", PASSWORD
        self.bind_dn, self.password = f"cn=gateway,{BASE}", PASSWORD
        self.certificates: Certificates = make_certificates(folder, names)
        self.ca_file = str(self.certificates.ca)
        self._sync = sync
        self._counts = Counts(self.log)
        self._configure()
        self._wipe()

    @property
    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` of config.toml would say, ``kind`` excluded; not over TLS."""
        return {"urls": [self.url], "base": self.base, "bind": {"dn": self.bind_dn, "password": self.password}}

    def command(self) -> Sequence[str]:
        where = f"{self.url}/ {self.ldaps_url}/"
        return [str(SLAPD), "-f", str(self.folder / "slapd.conf"), "-h", where, "-d", "stats"]

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
        self.awake()
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


def require_slapd() -> None:
    """Skip where OpenLDAP's server is not installed."""
    require("slapd", "Debian: slapd ldap-utils", SLAPD is not None)


@contextlib.contextmanager
def running(
    folder: Path, *, sync: bool = False, names: tuple[str, ...] = ("localhost", "127.0.0.1")
) -> Iterator[Slapd]:
    """A server of one's own, for tests that kill it or need two."""
    require_slapd()
    folder.mkdir(parents=True, exist_ok=True)
    with alive(Slapd(folder, sync=sync, names=names)) as server:
        yield server


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
