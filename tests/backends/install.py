"""See that the tests have their backends: real slapd, ldap-utils and PostgreSQL.

Run by ``make test``. Where a binary is missing and this is a Debian or Ubuntu machine that may be changed (root), the
packages are installed, and no service is started. Elsewhere it says what is missing, and the tests that need it skip.
"""

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("slapd", "ldap-utils", "postgresql")
POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """Return the packages whose binaries cannot be found."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/libexec", "/usr/local/libexec"])
    postgres = shutil.which("initdb") or glob.glob("/usr/lib/postgresql/*/bin/initdb")
    found = (shutil.which("slapd", path=places), shutil.which("ldapsearch"), postgres)
    return [package for package, binary in zip(PACKAGES, found, strict=True) if not binary]


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
    return 0


if __name__ == "__main__":
    sys.exit(main())
