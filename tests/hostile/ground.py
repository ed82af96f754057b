"""``dirbridge serve`` with one connection to SQLite and one to a directory, and eyes beside it."""

import hashlib
import http.client
import json
import re
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import httpx2

from tests.backends.slapd import Slapd
from tests.cli.running import serving
from tests.scim.wire import ERROR, GROUP, PATCH, USER

TOKEN = "dbr-scim-hostile-0a1b2c3d4e5f"
MEDIA = "application/scim+json"
Content = dict[str, Any]


@dataclass
class Ground:
    """One connection of the running gateway.

    :param content: everything its target holds, read beside the gateway. :param log: the gateway's log file.
    :param secrets: what no answer and no log line may ever contain.
    """

    name: str
    root: str
    content: Callable[[], Content]
    log: Path
    secrets: tuple[str, ...]
    client: httpx2.Client
    number: int = field(default=0)

    @property
    def host(self) -> tuple[str, int]:
        parts = urlparse(self.root)
        return str(parts.hostname), int(parts.port or 80)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Send one request; ``body`` is JSON, or bytes as they are. The answer is looked through for leaks."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": MEDIA, **headers} if content is not None else headers
        response = self.client.request(method, f"/{self.name}{path}", content=content, headers=sent)
        self.decent(response, unquote(path).encode() + (content or b""))
        return response

    def decent(self, response: httpx2.Response, sent: bytes = b"") -> None:
        """Assert that an answer is one that RFC 7644 knows, and gives nothing away."""
        assert response.status_code < 500 or response.status_code == 501, (response.status_code, response.text[:500])
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == MEDIA
            body = response.json()
            assert body["schemas"] == [ERROR]
            assert body["status"] == str(response.status_code)
            assert body["detail"]
            assert set(body) <= {"schemas", "status", "scimType", "detail"}
        self.tight(response.text, sent.decode("utf-8", "replace"))

    def tight(self, text: str, sent: str = "") -> None:
        """Assert that a text tells nothing of the inside, but what was sent."""
        for secret in self.secrets:
            assert secret not in text or secret in sent, f"{secret!r} is told in {text[:500]}"

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Send what must be refused, and see that nothing was written."""
        before = self.content()
        response = self.send(method, path, body, **headers)
        assert 400 <= response.status_code < 500, (response.status_code, response.text[:300])
        assert self.content() == before
        return response

    def user(self, name: str = "", **more: Any) -> dict[str, Any]:
        self.number += 1
        body = {"schemas": [USER], "userName": name or f"user{self.number}", "name": {"familyName": "F"}, **more}
        response = self.send("POST", "/Users", body)
        assert response.status_code == 201, response.text
        return dict(response.json())

    def group(self, name: str = "", **more: Any) -> dict[str, Any]:
        self.number += 1
        body = {"schemas": [GROUP], "displayName": name or f"group{self.number}", **more}
        response = self.send("POST", "/Groups", body)
        assert response.status_code == 201, response.text
        return dict(response.json())

    def patch(self, path: str, *operations: Any, refused: bool = False) -> httpx2.Response:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.refused("PATCH", path, body) if refused else self.send("PATCH", path, body)

    def raw(self, data: bytes, *, timeout: float = 30) -> bytes:
        """Send bytes as they are, and return what comes until the server closes or has answered once."""
        with socket.create_connection(self.host, timeout) as connection:
            connection.sendall(data)
            return answered(connection)

    def healthy(self) -> bool:
        """Whether the gateway answers somebody else, now."""
        connection = http.client.HTTPConnection(*self.host, timeout=30)
        with closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200

    @contextmanager
    def serving_others(self) -> Iterator[None]:
        """Ask for the gateway's health all the while; nobody may wait for the end of what is sent meanwhile."""
        over, answers = threading.Event(), list[bool]()

        def ask() -> None:
            while True:
                answers.append(self.healthy())
                if over.wait(0.05):
                    return

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield
        finally:
            over.set()
            asking.join()
        assert answers
        assert all(answers)


def answered(connection: socket.socket) -> bytes:
    """Read one HTTP answer, as far as its Content-Length says, or until the end."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if found and length and len(body) >= int(length[1]):
            return data
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not chunk:
            return data
        data += chunk


def rows_of(database: Path) -> Callable[[], Content]:
    """Everything in a SQLite database."""

    def content() -> Content:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            names = [name for (name,) in opened.execute("select name from sqlite_master where type = 'table'")]
            return {name: opened.execute(f'select * from "{name}" order by 1, 2').fetchall() for name in names}

    return content


def entries_of(directory: Slapd) -> Callable[[], Content]:
    """Everything in a directory, operational attributes too."""
    return lambda: dict(directory.search())


@contextmanager
def grounds(folder: Path, directory: Slapd) -> Iterator[dict[str, Ground]]:
    """Serve both until the block ends."""
    (folder / "password").write_text(directory.password)
    token = f'tokens = [{{ name = "t", sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}" }}]'
    (folder / "config.toml").write_text(f"""
[server]
log_level = "info"
[target.table]
kind = "sql"
url  = "sqlite:///target.db"
[target.directory]
kind = "ldap"
urls = ["{directory.url}"]
base = "{directory.base}"
bind = {{ dn = "cn=gateway,{{base}}", password = "file:password" }}
[connection.embedded]
path    = "/embedded"
target  = "table"
mapping = "embedded"
{token}
[connection.openldap]
path    = "/openldap"
target  = "directory"
mapping = "openldap"
{token}
""")
    with serving(cwd=folder) as gateway:
        root = gateway.url.rpartition("/")[0]
        with httpx2.Client(base_url=root, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120) as client:
            contents = {"embedded": rows_of(folder / "target.db"), "openldap": entries_of(directory)}
            # Whose words an answer must not bear: stack traces, libraries, the places and names of the inside.
            secrets = (
                "Traceback", 'File "', ".py", "sqlalchemy", "sqlite", "ldap3", "pydantic", "SELECT", "INSERT",
                directory.base, "cn=gateway", directory.password, TOKEN, str(folder), f":{directory.port}",
            )  # fmt: skip
            made = {
                name: Ground(name, root, content, folder / "serve.log", secrets, client)
                for name, content in contents.items()
            }
            for ground in made.values():
                assert ground.send("GET", "/Users").status_code == 200  # the tables are made at first use
            yield made
            assert gateway.process.poll() is None
