"""A private Samba domain controller: provisioned once, kept as a tar, unpacked and started by a test, killed with it.

Fixtures: ``samba`` (one domain controller for the session) and ``domain`` (the same, emptied to its units). The LDAP
ports of a domain controller are fixed, so each has an address of its own in 127.0.0.0/8.
"""

import contextlib
import fcntl
import hashlib
import os
import random
import shutil
import socket
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import ldap3
import pytest

from tests.backends.certificates import make_certificates
from tests.backends.ldap_server import LdapServer, filled
from tests.backends.served import require

CACHE = Path(__file__).parent.parent.parent / ".cache"
"""git-ignored"""
SAMBA = shutil.which("samba", path="/usr/sbin:/usr/local/sbin:/usr/local/samba/sbin")
TOOL = shutil.which("samba-tool", path=f"{os.environ.get('PATH', '')}:/usr/local/samba/bin")
SETUP = Path("/usr/share/samba/setup/ad-schema")
DOMAIN = "DC=corp,DC=example"
BASE = f"OU=staff,{DOMAIN}"
"""the organisational unit that the gateway manages"""
ADMIN_PASSWORD = "Adm1n-Passw0rd!"
PROVISION = (
    "domain", "provision", "--quiet", "--realm=CORP.EXAMPLE", "--domain=CORP", "--host-name=dc1",
    "--host-ip=127.0.0.1", "--dns-backend=NONE", "--server-role=dc", "--use-rfc2307", f"--adminpass={ADMIN_PASSWORD}",
)  # fmt: skip
UNITS = ("people", "contractors", "groups", "disabled")
SETTINGS = """[global]
netbios name = DC1
workgroup = CORP
realm = CORP.EXAMPLE
server role = active directory domain controller
server services = ldap
dcerpc endpoint servers =
interfaces = {address}/8
bind interfaces only = yes
private dir = {folder}/private
state directory = {folder}/state
cache directory = {folder}/cache
lock directory = {folder}/lock
pid directory = {folder}/run
ncalrpc dir = {folder}/run/ncalrpc
log file = {folder}/log.%m
tls certfile = {certificate}
tls keyfile = {key}
tls cafile = {ca}
ldb:nosync = true
"""


class Samba(LdapServer):
    """One domain controller in ``folder``, of the domain corp.example."""

    name = "samba"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.host, self.ldaps_port = _free_address(), 636
        self.base = BASE
        self.domain = DOMAIN
        self.root_dn, self.root_password = f"CN=Administrator,CN=Users,{DOMAIN}", ADMIN_PASSWORD
        self.bind_dn, self.password = f"CN=gateway,CN=Users,{DOMAIN}", "correct-horse-battery"
        self.url = f"ldaps://{self.host}"
        certificates = make_certificates(folder, (self.host, "dc1.corp.example"))
        self.ca_file = str(certificates.ca)
        with tarfile.open(provisioned()) as tar:
            tar.extractall(folder, filter="fully_trusted")
        for each in ("cache", "lock", "run"):
            (folder / each).mkdir()
        settings = {"address": self.host, "folder": folder, "ca": certificates.ca}
        settings |= {"certificate": certificates.certificate, "key": certificates.key}
        (folder / "smb.conf").write_text(SETTINGS.format(**settings))

    def command(self) -> Sequence[str]:
        assert SAMBA is not None
        return [SAMBA, "-i", "-M", "single", "--debug-stdout", "-s", str(self.folder / "smb.conf")]

    def fill(self) -> None:
        """The units, and the gateway's login: an account operator, who may not touch administrators."""
        any_password = {"pwdProperties": [(ldap3.MODIFY_REPLACE, ["0"])]}  # of seven characters
        assert self.raw.modify(DOMAIN, any_password), self.raw.result
        for unit in (BASE, *(f"OU={unit},{BASE}" for unit in UNITS)):
            assert self.raw.add(unit, "organizationalUnit"), self.raw.result
        held = {
            "sAMAccountName": "gateway",
            "userAccountControl": "512",
            "unicodePwd": f'"{self.password}"'.encode("utf-16-le"),
        }
        assert self.raw.add(self.bind_dn, "user", held), self.raw.result
        operators = f"CN=Account Operators,CN=Builtin,{DOMAIN}"
        assert self.raw.extend.microsoft.add_members_to_groups([self.bind_dn], [operators], fix=False)

    def reset(self) -> None:
        """Empty the domain to its units; start it if it was killed."""
        self.forget()  # the domain controller ends a session that was idle for a quarter of an hour
        self.empty(*(f"OU={unit},{BASE}" for unit in UNITS))


def provisioned() -> Path:
    """The tar of a provisioned domain; made at first use, which takes some seconds, and kept."""
    assert TOOL is not None
    version = subprocess.run([TOOL, "--version"], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256(f"{version} {PROVISION}".encode()).hexdigest()[:16]
    CACHE.mkdir(exist_ok=True)
    made = CACHE / f"samba-{digest}.tar"
    with (CACHE / "samba.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the processes of one test run wait for the one that makes it
        if not made.exists():
            _provision(made)
    return made


def _provision(made: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([TOOL or "", *PROVISION, f"--targetdir={folder}"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        partial = made.with_suffix(".partial")
        with tarfile.open(partial, "w") as tar:
            for each in ("private", "state"):
                tar.add(Path(folder) / each, each)
        partial.rename(made)


def _free_address() -> str:
    dice = random.SystemRandom()
    while True:
        address = f"127.{dice.randrange(16, 240)}.{dice.randrange(1, 255)}.{dice.randrange(1, 255)}"
        with socket.socket() as probe:
            if probe.connect_ex((address, 636)) != 0:
                return address


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Samba]:
    """A domain controller of one's own."""
    found = SAMBA is not None and TOOL is not None and SETUP.is_dir()
    require("Samba domain controller", "Debian: samba-ad-dc samba-ad-provision samba-dsdb-modules", found)
    require("Samba domain controller", "installed, but it needs root for its ports", os.geteuid() == 0)
    with filled(Samba(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """One domain controller for the whole session."""
    with running(tmp_path_factory.mktemp("samba")) as server:
        yield server


@pytest.fixture
def domain(samba: Samba) -> Samba:
    """The session's domain controller, running and holding its units only."""
    samba.reset()
    return samba
