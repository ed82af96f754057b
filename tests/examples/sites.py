"""Copies of the example sites in a folder of the test's own, and their directory."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.backends.ports import lasting_ports
from tests.backends.slapd import SLAPD

EXAMPLES = Path(__file__).parents[2] / "examples"
SITES = sorted(path.parent.name for path in EXAMPLES.glob("*/try.sh"))
Entry = dict[str, list[str]]


def copied(site: str, folder: Path) -> Path:
    """Copy one site, and what its ``try.sh`` is told with, to ``folder``."""
    for name in ("trying.sh", "trying.py"):
        shutil.copy(EXAMPLES / name, folder)
    return Path(shutil.copytree(EXAMPLES / site, folder / site))


def tried(site: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run ``try.sh`` of a copy as a newcomer does, with the rest of ``folder/tmp`` for temporary files."""
    home, spare = copied(site, folder), folder / "tmp"
    spare.mkdir()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TMPDIR": str(spare), **variables}
    return subprocess.run(
        [str(home / "try.sh")], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def processes_of(folder: Path) -> list[str]:
    """The command lines and working directories of processes that still have to do with ``folder``."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            said = (each / "cmdline").read_bytes().decode(errors="replace") + str((each / "cwd").readlink())
        except OSError:
            continue  # it ended meanwhile, or is not ours to look at
        if str(folder) in said and int(each.name) != os.getpid():
            found.append(said)
    return found


@contextmanager
def university(home: Path) -> Iterator[None]:
    """Start the university's directory in a copy of its folder, and point config.toml to it."""
    assert SLAPD is not None
    (port,) = lasting_ports(1)
    (home / "db").mkdir()
    (home / "password").write_text("only-for-trying")
    config = home / "config.toml"
    config.write_text(config.read_text().replace("127.0.0.1:3389", f"127.0.0.1:{port}"))
    subprocess.run(["slapadd", "-q", "-f", "slapd.conf", "-l", "directory.ldif"], cwd=home, check=True)
    command = [SLAPD, "-f", "slapd.conf", "-h", f"ldap://127.0.0.1:{port}", "-d", "0"]
    with (home / "slapd.log").open("wb") as log, subprocess.Popen(command, cwd=home, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()


def entry(home: Path, uid: str) -> Entry:
    """What slapd keeps of one person, the attributes of its own left out."""
    done = subprocess.run(
        ["slapcat", "-f", "slapd.conf", "-o", "ldif-wrap=no", "-a", f"(uid={uid})"],
        cwd=home, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: Entry = {}
    for line in done.stdout.strip().splitlines():
        name, _, value = line.partition(": ")
        if name not in OPERATIONAL:
            found.setdefault(name, []).append(value)
    return {name: sorted(values) for name, values in found.items()}


def rows(home: Path, select: str, *values: Any) -> list[dict[str, Any]]:
    """What a query finds in a site's SQLite file."""
    with closing(sqlite3.connect(home / "app.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(select, values)]


def patch(**operation: Any) -> dict[str, Any]:
    """A PATCH of one operation."""
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}


OPERATIONAL = {
    "structuralObjectClass", "entryUUID", "entryCSN", "creatorsName", "createTimestamp", "modifiersName",
    "modifyTimestamp",
}  # fmt: skip


def awaited(home: Path, uid: str, name: str) -> Entry:
    """The entry as soon as it has an attribute: a deferred reference is set by the worker."""
    end = time.monotonic() + 20
    while name not in (found := entry(home, uid)) and time.monotonic() < end:
        time.sleep(0.1)
    return found
