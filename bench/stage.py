"""The stage: a private slapd that commits durably, seeded; and Dirbridge in front of it, as a process of its own."""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.backends.slapd import Slapd

BIG_GROUP = 10_000


@dataclass(frozen=True)
class Server:
    """A SCIM server under measurement."""

    name: str
    base_url: str
    token: str


def person(number: int) -> dict[str, list[str]]:
    """One inetOrgPerson, as the mapping ``openldap`` would write it."""
    return {
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
        "uid": [f"user{number:06d}"],
        "cn": [f"First{number} Last{number}"],
        "givenName": [f"First{number}"],
        "sn": [f"Last{number}"],
        "displayName": [f"First{number} Last{number}"],
        "mail": [f"user{number:06d}@example.com"],
        "telephoneNumber": [f"+1 555 {number:07d}"],
        "departmentNumber": [str(number % 50)],
    }


def _ldif(dn: str, attributes: dict[str, list[str]]) -> str:
    lines = [f"dn: {dn}"]
    for kind, values in attributes.items():
        lines += [f"{kind}:: {base64.b64encode(value.encode()).decode()}" for value in values]
    return "\n".join(lines) + "\n"


def seed(slapd: Slapd, users: int) -> None:
    """Fill the directory offline: ``users`` people, a group of ten and a group of ten thousand for each side."""
    people = [f"uid=user{number:06d},ou=people,{slapd.base}" for number in range(users)]
    entries = [_ldif(dn, person(number)) for number, dn in enumerate(people)]
    for name, size in (("ten", 10), ("big", min(BIG_GROUP, users - 1_000))):
        members = {"objectClass": ["top", "groupOfNames"], "cn": [name], "member": people[:size]}
        entries.append(_ldif(f"cn={name},ou=groups,{slapd.base}", members))
    slapd.load_offline("\n".join(entries))


@contextlib.contextmanager
def directory(users: int) -> Iterator[Slapd]:
    """A seeded slapd that flushes every commit to disk, ended with the block."""
    folder = Path(tempfile.mkdtemp(prefix="dirbridge-bench-"))
    slapd = Slapd(folder, sync=True)
    try:
        seed(slapd, users)
        slapd.start()
        yield slapd
    finally:
        slapd.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def dirbridge(slapd: Slapd) -> Iterator[Server]:
    """``dirbridge serve`` with the preset ``openldap`` before ``slapd``, ended with the block."""
    folder = Path(tempfile.mkdtemp(prefix="dirbridge-bench-"))
    token, port = secrets.token_urlsafe(24), _free_port()
    (folder / "password").write_text(slapd.password)
    (folder / "config.toml").write_text(config_text(folder, slapd, token, port))
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "serve", "--config", str(folder / "config.toml")],
        stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        server = Server("dirbridge", f"http://127.0.0.1:{port}/scim/v2", token)
        _await(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def config_text(folder: Path, slapd: Slapd, token: str, port: int) -> str:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return f"""
[server]
listen = "127.0.0.1:{port}"
ledger = "sqlite:///{folder}/ledger.db"

[target.corp]
kind = "ldap"
urls = ["{slapd.url}"]
base = "{slapd.base}"
bind = {{ dn = "{slapd.bind_dn}", password = "file:{folder}/password" }}

[connection.bench]
path    = "/scim/v2"
dialect = "okta"
target  = "corp"
mapping = "openldap"
tokens  = [{{ name = "bench", sha256 = "{digest}" }}]
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    request = urllib.request.Request(
        f"{server.base_url}/ServiceProviderConfig", headers={"Authorization": f"Bearer {server.token}"}
    )
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"dirbridge ended at its start:\n{log.read_text()}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            with urllib.request.urlopen(request, timeout=5) as answer:
                json.load(answer)
            return
        time.sleep(0.05)
    raise RuntimeError(f"dirbridge does not answer:\n{log.read_text()}")
