"""See that the tests have their backends: real slapd, ldap-utils, PostgreSQL, MariaDB, 389 Directory Server and
Samba, and applications with a REST API.

Run by ``make test``. Where a binary is missing and this is a Debian or Ubuntu machine that may be changed (root), the
packages are installed, and no service is started. Elsewhere it says what is missing, and the tests that need it skip.
"""

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, by ``make test``
from tests.backends import applications

SBIN = "/usr/sbin:/usr/libexec:/usr/local/libexec"
PACKAGES: dict[str, Callable[[], object]] = {
    "slapd": lambda: _which("slapd"),
    "ldap-utils": lambda: _which("ldapsearch"),
    "postgresql": lambda: _which("initdb") or glob.glob("/usr/lib/postgresql/*/bin/initdb"),
    "mariadb-server": lambda: _which("mariadbd"),
    "389-ds-base": lambda: _which("ns-slapd"),
    "samba-ad-dc": lambda: _which("samba"),
    "samba-ad-provision": lambda: Path("/usr/share/samba/setup/ad-schema").is_dir(),
    "samba-dsdb-modules": lambda: glob.glob("/usr/lib/*/samba/ldb/samba_dsdb.so"),
}
"""Package → whether it is here. Looking costs nothing, so that ``make test`` may look each time."""
POLICY = Path("/usr/sbin/policy-rc.d")


def _which(binary: str) -> str | None:
    return shutil.which(binary, path=os.pathsep.join([os.environ.get("PATH", ""), SBIN]))


def missing() -> list[str]:
    """Return the packages that are not here."""
    return [package for package, is_here in PACKAGES.items() if not is_here()]


@contextmanager
def no_services() -> Iterator[None]:
    """Keep package installation from starting daemons; the tests start private ones."""
    kept = POLICY.read_bytes() if POLICY.exists() else None
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
        if kept is not None:
            POLICY.write_bytes(kept)
            POLICY.chmod(0o755)


def install(packages: list[str]) -> None:
    """Install Debian packages, asking nothing. :raises subprocess.CalledProcessError:"""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    answer = "slapd slapd/no_configuration boolean true\n"
    with no_services():
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True)
        subprocess.run(["debconf-set-selections"], input=answer.encode(), env=quiet, check=True)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
        subprocess.run(command, env=quiet, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Install what is missing, or say it. Never fails: the tests say what they could not run."""
    absent = missing()
    if absent and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing for the tests: {', '.join(absent)}")
        try:
            install(absent)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install them: {error}", file=sys.stderr)
        absent = missing()
    if absent:
        print(f"missing, so that their tests will be skipped: {', '.join(absent)}", file=sys.stderr)
        print(f"on Debian or Ubuntu: sudo apt-get install {' '.join(PACKAGES)}", file=sys.stderr)
    absent = applications.install_missing()
    if absent:
        print(f"missing, so that their tests will be skipped: {', '.join(absent)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
