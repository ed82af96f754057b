"""A private 389 Directory Server: its own templates rendered, TLS, ACIs; started by a test, killed with it.

Fixtures: ``ds389`` (one server for the session) and ``directory_389`` (the same, emptied to its units).
"""

import base64
import contextlib
import getpass
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from tests.backends.certificates import make_certificates
from tests.backends.ldap_server import LdapServer, filled
from tests.backends.ports import lasting_ports
from tests.backends.served import require

HERE = Path(__file__).parent
DATA, SCHEMA = Path("/usr/share/dirsrv/data"), Path("/usr/share/dirsrv/schema")
NS_SLAPD = shutil.which("ns-slapd", path="/usr/sbin:/usr/local/sbin")
BASE = "dc=example,dc=com"
PLUGINS = ("MemberOf Plugin", "referential integrity postoperation", "USN", "attribute uniqueness")
"""those that a directory of people has on, and the template has off"""
_OPERATION = re.compile(rb" op=\d+ (?:SRCH|ADD|MOD|MODRDN|DEL|EXT) ")


class Ds389(LdapServer):
    """One ns-slapd in ``folder``."""

    name = "ns-slapd"

    def __init__(self, folder: Path) -> None:
        port, self.ldaps_port = lasting_ports(2)
        super().__init__(folder, port)
        self.base = BASE
        self.root_dn, self.root_password = "cn=Directory Manager", "directory-manager"
        self.bind_dn, self.password = f"cn=gateway,{BASE}", "correct-horse-battery"
        self.url = f"ldaps://127.0.0.1:{self.ldaps_port}"
        certificates = make_certificates(folder)
        self.ca_file = str(certificates.ca)
        self._lay_out()
        self._trust(certificates.certificate, certificates.key)

    def command(self) -> Sequence[str]:
        assert NS_SLAPD is not None
        return [NS_SLAPD, "-D", str(self.folder / "config"), "-i", str(self.folder / "run" / "pid"), "-d", "0"]

    def fill(self) -> None:
        """The units, the gateway's login and its rights, in a directory just started."""
        for ldif in re.split(r"\n\n+", (HERE / "ds389.ldif.in").read_text().format(base=BASE, password=self.password)):
            dn, *lines = [line for line in ldif.splitlines() if line]
            pairs = [line.partition(": ")[::2] for line in lines]
            held: dict[str, list[str]] = {}
            for name, value in pairs:
                held.setdefault(name, []).append(value)
            assert self.raw.add(dn.removeprefix("dn: "), attributes=held), self.raw.result

    def reset(self) -> None:
        """Empty the directory to its units; start it if it was killed."""
        self.empty(*(f"ou={unit},{BASE}" for unit in ("people", "contractors", "groups", "disabled")))

    def asked(self) -> int:
        return len(_OPERATION.findall((self.folder / "log" / "access").read_bytes()))

    def _lay_out(self) -> None:
        for each in ("config", "run", "log", "db", "db/userRoot", "home", "ldif", "bak", "tmp", "lock"):
            (self.folder / each).mkdir()
        config = self.folder / "config"
        config.chmod(0o750)
        schema = config / "schema"
        schema.mkdir()
        shutil.copy(HERE / "ds389.schema.ldif", schema / "98test.ldif")
        for each in ("slapd-collations.conf", "certmap.conf"):
            shutil.copy(Path("/etc/dirsrv/config") / each, config / each)
        text = "\n".join(self._rendered(DATA / each) for each in ("template-dse.ldif", "template-suffix-db.ldif"))
        entries = [self._adapted(entry) for entry in re.split(r"\n\n+", text) if "\ndn: " in f"\n{entry}"]
        entries.append(self._unique("mail"))
        (config / "dse.ldif").write_text("\n\n".join(entry.strip() for entry in entries) + "\n")

    def _rendered(self, template: Path) -> str:
        folder = self.folder
        values = {
            "schema_dir": folder / "config" / "schema",
            "lock_dir": folder / "lock",
            "tmp_dir": folder / "tmp",
            "cert_dir": folder / "config",
            "ldif_dir": folder / "ldif",
            "bak_dir": folder / "bak",
            "run_dir": folder / "run",
            "inst_dir": folder,
            "log_dir": folder / "log",
            "fqdn": "localhost",
            "ds_port": self.port,
            "ds_user": getpass.getuser(),
            "rootdn": self.root_dn,
            "ds_passwd": hashed(self.root_password),
            "ldapi_enabled": "off",
            "ldapi": folder / "run" / "ldapi",
            "ldapi_autobind": "off",
            "ds_suffix": BASE,
            "ds_bename": "userRoot",
            "config_dir": folder / "config",
            "db_dir": folder / "db",
            "db_home_dir": folder / "home",
            "db_lib": "bdb",
        }
        lines = [line for line in template.read_text().splitlines() if not line.startswith("#")]
        return re.sub(r"%(\w+)%", lambda found: str(values[found[1]]), "\n".join(lines))

    def _adapted(self, entry: str) -> str:
        """The template's entry as the tests want it."""
        dn = entry.strip().splitlines()[0]
        if dn == "dn: cn=config":
            entry += "\nnsslapd-security: on\nnsslapd-listenhost: 127.0.0.1\nnsslapd-securelistenhost: 127.0.0.1"
            entry += f"\nnsslapd-securePort: {self.ldaps_port}\npasswordStorageScheme: SSHA"
            entry += "\nnsslapd-accesslog-logbuffering: off\nnsslapd-sizelimit: 100000\nnsslapd-syntaxcheck: on"
        if any(dn == f"dn: cn={plugin},cn=plugins,cn=config" for plugin in PLUGINS):
            entry = re.sub(r"(?i)(nsslapd-pluginenabled): off", r"\1: on", entry)
        if dn.startswith("dn: cn=MemberOf Plugin"):
            entry += "\nmemberOfAllBackends: on\nmemberOfAutoAddOC: nsMemberOf"
        if dn.startswith("dn: cn=referential integrity"):
            entry += "\nreferint-membership-attr: manager"
        if dn.startswith("dn: cn=7-bit check"):  # today's addresses may be in UTF-8
            entry = re.sub(r"(?i)(nsslapd-pluginenabled): on", r"\1: off", entry)
        return entry

    def _unique(self, attribute: str) -> str:
        text = self._rendered(DATA / "template-dse.ldif")
        entry = next(each for each in text.split("\n\n") if "dn: cn=attribute uniqueness," in each)
        entry = entry.replace("cn=attribute uniqueness", f"cn=unique {attribute}")
        entry = entry.replace("cn: attribute uniqueness", f"cn: unique {attribute}")
        return entry.replace("attribute-name: uid", f"attribute-name: {attribute}").replace(
            "enabled: off", "enabled: on"
        )

    def _trust(self, certificate: Path, key: Path) -> None:
        """Put the server's certificate into its NSS database."""
        config = self.folder / "config"
        made = pkcs12.serialize_key_and_certificates(
            b"Server-Cert",
            load_pem_private_key(key.read_bytes(), None),  # type: ignore[arg-type]
            load_pem_x509_certificate(certificate.read_bytes()),
            None,
            BestAvailableEncryption(b"x"),
        )
        (self.folder / "server.p12").write_bytes(made)
        done = subprocess.run
        done(["certutil", "-N", "-d", str(config), "--empty-password"], check=True, capture_output=True)
        command = ["pk12util", "-i", str(self.folder / "server.p12"), "-d", str(config), "-W", "x", "-K", ""]
        done(command, check=True, capture_output=True)


def hashed(password: str) -> str:
    """A password as ``{SSHA}``: a server that starts takes none in clear for its root login."""
    salt = os.urandom(8)
    digest = hashlib.sha1(password.encode() + salt).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Ds389]:
    """A server of one's own."""
    require("389 Directory Server", "Debian: 389-ds-base", NS_SLAPD is not None and DATA.is_dir())
    with filled(Ds389(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def ds389(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ds389]:
    """One server for the whole session."""
    with running(tmp_path_factory.mktemp("ds389")) as server:
        yield server


@pytest.fixture
def directory_389(ds389: Ds389) -> Ds389:
    """The session's server, running and holding its units only."""
    ds389.reset()
    return ds389
