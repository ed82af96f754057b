"""An application that means harm, or is merely broken: what it says is bounded, and nobody is led elsewhere by it."""

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from connectors.contract import CollectionSpec, Query
from connectors.errors import NotFound, Unavailable
from connectors.rest import RestConnector
from connectors.rest.addresses import allowed
from connectors.rest.collection import RestCollection
from connectors.rest.paging import linked
from connectors.rest.templates import Template, Unsendable

pytestmark = pytest.mark.anyio
Reply = tuple[int, dict[str, str], bytes]


class Wicked(ThreadingHTTPServer):
    """Answers every request as ``says`` tells it to; remembers what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.says: Callable[[str], Reply] = lambda _: (200, {}, b'{"data": []}')
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.asked.append(f"{self.command} {self.path}")
                status, headers, body = server.says(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def wicked() -> Iterator[Wicked]:
    server = Wicked()
    yield server
    server.shutdown()
    server.server_close()


Users = Callable[..., RestCollection]


@pytest.fixture
async def users() -> AsyncIterator[Users]:
    """Opens the users of an application at a base; closed at the end."""
    opened = []

    def collection(base: str, page: dict[str, Any] | None = None, **options: Any) -> RestCollection:
        listing = {"get": "/users", "items": "data", **({"page": page} if page else {})}
        http = {"list": listing, "read": {"get": "/users/{id}"}, "create": {"post": "/users"}}
        spec = CollectionSpec("User", "id", attributes=frozenset({"name"}), options={"http": http})
        opened.append(RestConnector.from_options("wicked", {"base": base, **options}))
        return cast(RestCollection, opened[-1].collections({"User": spec})["User"])

    yield collection
    for connector in opened:
        await connector.close()


def said(document: Any, **headers: str) -> Reply:
    return 200, headers, json.dumps(document).encode()


async def test_redirections_are_not_followed(wicked: Wicked, users: Users) -> None:
    wicked.says = lambda _: (302, {"Location": f"{wicked.url}/elsewhere"}, b"")
    with pytest.raises(Unavailable, match="not followed"):
        await users(wicked.url).search(Query())
    assert wicked.asked == ["GET /users"]


@pytest.mark.parametrize(
    "elsewhere", ["http://127.0.0.2:1/users?page=2", "https://{here}/users", "//evil/users", "/admin"]
)
async def test_the_next_page_may_only_be_at_home(wicked: Wicked, elsewhere: str, users: Users) -> None:
    there = elsewhere.replace("{here}", wicked.url.removeprefix("http://"))
    wicked.says = lambda _: said({"data": [{"id": "1"}], "next": there})
    with pytest.raises(Unavailable, match="at another place"):
        await users(f"{wicked.url}/v1", {"next": "next"}).search(Query())
    assert wicked.asked == ["GET /v1/users"]


@pytest.mark.parametrize("page", [{"next": "next"}, {"cursor": "next", "param": "c"}])
async def test_a_list_that_goes_round_ends(wicked: Wicked, page: dict[str, str], users: Users) -> None:
    wicked.says = lambda _: said({"data": [{"id": "1"}], "next": f"{wicked.url}/users?again"})
    with pytest.raises(Unavailable, match="circle"):
        await users(wicked.url, page).search(Query())


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 3000,
        b'{"data": ' + b"[" * 60 + b"]" * 60 + b"}",
        json.dumps({"data": [{"id": str(n)} for n in range(200)]}).encode(),
        b"<html>sign in</html>",
        b'{"data": {"id": "1"}}',
        b'{"data": [{"name": "nobody"}]}',
    ],
)
async def test_an_answer_beyond_its_bounds_is_none(wicked: Wicked, body: bytes, users: Users) -> None:
    wicked.says = lambda _: (200, {}, body)
    limits = {"bytes": 2500, "items": 100}
    with pytest.raises(Unavailable):
        await users(wicked.url, limits=limits).search(Query())


async def test_a_compressed_answer_is_not_taken(wicked: Wicked, users: Users) -> None:
    wicked.says = lambda _: (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")
    with pytest.raises(Unavailable, match="compressed"):
        await users(wicked.url).search(Query())


async def test_an_answer_that_drips_ends(wicked: Wicked, users: Users) -> None:
    def slowly(_: str) -> Reply:
        time.sleep(1)
        return said({"data": []})

    wicked.says = slowly
    with pytest.raises(Unavailable, match=r"in time|lost"):
        await users(wicked.url, timeouts={"connect": 0.2, "answer": 0.2}).search(Query())


async def test_a_missing_object_means_nothing_where_everything_is_missing(wicked: Wicked, users: Users) -> None:
    wicked.says = lambda _: (404, {}, b"")
    with pytest.raises(Unavailable):
        await users(wicked.url).read("7")
    wicked.says = lambda path: said({"data": []}) if path == "/users" else (404, {}, b"")
    with pytest.raises(NotFound):
        await users(wicked.url).read("7")


async def test_an_error_repeats_nothing_that_the_application_said(wicked: Wicked, users: Users) -> None:
    wicked.says = lambda _: (400, {}, b'{"error": "ann@example.com has the password hunter2"}')
    with pytest.raises(Exception) as failure:  # noqa: PT011 - whatever it is
        await users(wicked.url).create({"name": ("Ann",)})
    assert str(failure.value) == "the application answered 400 to POST /users"
    assert "127.0.0.1" not in repr(failure.value)


@pytest.mark.parametrize(
    "id", ["../admin", "a/b", "a?x=1", "%2e%2e", "%2F", "a#b", "a;b", "a\\b", "日本", "a b", "{id}", "*"]
)
async def test_an_id_never_leaves_its_segment(wicked: Wicked, id: str, users: Users) -> None:
    wicked.says = lambda path: said({"data": []}) if path == "/users" else (404, {}, b"")
    with pytest.raises(NotFound):
        await users(wicked.url).read(id)
    path = next(each for each in wicked.asked if each != "GET /users").removeprefix("GET /users/")
    assert not set(path) & set("/?#;\\ ")
    assert "%2e" not in path.lower().replace("%252e", "")


@pytest.mark.parametrize("id", ["", ".", "..", "a\nb", "a\0b", "\ud800", "x" * 5000])
async def test_what_no_encoding_makes_harmless_is_not_sent(wicked: Wicked, id: str, users: Users) -> None:
    with pytest.raises(Unsendable):
        Template("/users/{id}").fill({"id": id})
    with pytest.raises(NotFound):
        await users(wicked.url).read(id)
    assert wicked.asked == ["GET /users"]


@pytest.mark.parametrize("text", ["users", "//evil/x", "http://evil/", "/a/../b", "/a b", "/a\nb", "/./x"])
def test_a_path_is_a_path(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a path|may not have"):
        Template(text)


# ---------------- addresses


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_addresses_that_nobody_provisions_into(address: str) -> None:
    assert not allowed(address, ())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "93.184.216.34", "2606:2800::1"])
def test_addresses_where_applications_live(address: str) -> None:
    assert allowed(address, ())


async def test_a_name_is_judged_by_the_address_that_is_connected_to(
    wicked: Wicked, monkeypatch: pytest.MonkeyPatch, users: Users
) -> None:
    port = wicked.server_address[1]
    given = iter([["0.0.0.0"], ["127.0.0.1"], ["169.254.169.254", "127.0.0.1"]])  # 0.0.0.0 leads to this host
    looked_up = []

    def resolver(host: str, *_: object, **__: object) -> list[Any]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in next(given)]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    base = f"http://rebinding.example:{port}"
    with pytest.raises(Unavailable) as failure:
        await users(base).search(Query())
    assert "rebinding" not in str(failure.value)
    assert wicked.asked == []
    for number in (1, 2):
        await users(base).search(Query())
        assert len(wicked.asked) == number
    assert looked_up == ["rebinding.example"] * 3, "a second look-up may be answered otherwise"


async def test_an_address_may_be_allowed(users: Users) -> None:
    spared = users("http://169.254.169.254:9", allow_addresses=["169.254.169.254/32"], timeouts={"connect": 0.1})
    with pytest.raises(Unavailable):
        await spared.search(Query())
    with pytest.raises(ValueError, match="no network"):
        users("http://127.0.0.1", allow_addresses=["nonsense"])


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://a/b?page=2>; rel="next", <https://a/b?page=9>; rel="last"', "https://a/b?page=2"),
        ('<https://a/1>; rel=prev, <https://a/3>; rel=next; title="x, y"', "https://a/3"),
        ('<https://a/b,c;d>; title="; rel=next"; rel="prev next"', "https://a/b,c;d"),
        ('<https://a/1>; rel="nextish"', None),
        ("", None),
        ("<" * 5000, None),
    ],
)
def test_link_headers(header: str, target: str | None) -> None:
    assert linked(header, "next") == target
