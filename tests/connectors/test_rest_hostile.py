"""An application that means harm, or is merely broken: what it says is bounded, and nobody is led elsewhere by it."""

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import httpcore2
import pytest

from connectors.contract import CollectionSpec, Query
from connectors.errors import NotFound, TooMany, Unavailable
from connectors.rest import RestConnector, searching
from connectors.rest.addresses import GuardedBackend, allowed
from connectors.rest.collection import RestCollection
from connectors.rest.errors import retry_after
from connectors.rest.paging import linked
from connectors.rest.templates import Template, Unsendable
from connectors.rest.transport import Answer

pytestmark = pytest.mark.anyio
Reply = tuple[int, dict[str, str], bytes]


class Wicked(ThreadingHTTPServer):
    """Answers every request as ``says`` tells it to (or ``answers``, by its body too); remembers what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.says: Callable[[str], Reply] = lambda _: (200, {}, b'{"data": []}')
        self.answers: Callable[[str, bytes], Reply] = lambda path, _: self.says(path)
        self.sends: Callable[[Callable[[bytes], object], bytes], object] = lambda write, body: write(body)
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.asked.append(f"{self.command} {self.path}")
                status, headers, body = server.answers(self.path, content)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                server.sends(self.wfile.write, body)

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


@pytest.mark.parametrize("page", [{"next": "next"}, {"link": "next"}])
@pytest.mark.parametrize(
    "elsewhere",
    [
        *(
            "http://127.0.0.2:1/v1/users?page=2",
            "http://169.254.169.254/v1/users",
            "//evil/v1/users",
            "file:///v1/users",
        ),
        *("https://{here}/v1/users", "http://{here}@evil/v1/users", "http://{here}.evil/v1/users", "http://[/v1/users"),
        *("/admin", "../admin", "/v1/../admin", "http://{here}/v1/../admin", "/v1/%2e%2e/admin"),
    ],
)
async def test_the_next_page_may_only_be_at_home(
    wicked: Wicked, elsewhere: str, page: dict[str, str], users: Users
) -> None:
    there = elsewhere.replace("{here}", wicked.url.removeprefix("http://"))
    wicked.says = lambda _: said({"data": [{"id": "1"}], "next": there}, Link=f'<{there}>; rel="next"')
    with pytest.raises(Unavailable, match="at another place"):
        await users(f"{wicked.url}/v1", page).search(Query())
    assert wicked.asked == ["GET /v1/users"]


@pytest.mark.parametrize("there", ["{here}/v1/users?page=2", "/v1/users?page=2", "users?page=2", "?page=2"])
async def test_the_next_page_is_told_in_full_or_from_here(wicked: Wicked, there: str, users: Users) -> None:
    """RFC 8288 §3.1: what a Link header names is resolved against the address of the request."""
    link = {"Link": f"<{there.replace('{here}', wicked.url)}>; rel=next"}
    wicked.says = lambda path: said({"data": [{"id": path[-1]}]}, **({} if "?" in path else link))
    page = await users(f"{wicked.url}/v1", {"link": "next"}).search(Query())
    assert wicked.asked == ["GET /v1/users", "GET /v1/users?page=2"]
    assert [entry.id for entry in page.entries] == ["s", "2"]


@pytest.mark.parametrize("page", [{"next": "next"}, {"cursor": "next", "param": "c"}])
async def test_a_list_that_goes_round_ends(wicked: Wicked, page: dict[str, str], users: Users) -> None:
    wicked.says = lambda _: said({"data": [{"id": "1"}], "next": f"{wicked.url}/users?again"})
    with pytest.raises(Unavailable, match="circle"):
        await users(wicked.url, page).search(Query())


@pytest.mark.parametrize("page", [{"cursor": "next", "param": "c"}, {"number": "page"}])
async def test_a_list_without_an_end_is_no_list(
    wicked: Wicked, page: dict[str, str], users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new cursor and new people each time. What was read by then is not taken for everybody."""
    monkeypatch.setattr(searching, "MOST_PAGES", 20)
    wicked.says = lambda _: said({"data": [{"id": f"n{len(wicked.asked)}"}], "next": f"c{len(wicked.asked)}"})
    with pytest.raises(TooMany, match="has no end"):
        await users(wicked.url, page).search(Query())
    assert len(wicked.asked) == 20


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


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_a_compressed_answer_is_not_taken(wicked: Wicked, encoding: str, users: Users) -> None:
    """So that there are no bombs: nothing is ever unpacked."""
    wicked.says = lambda _: (200, {"Content-Encoding": encoding}, gzip.compress(b'{"data": []}'))
    with pytest.raises(Unavailable, match="compressed"):
        await users(wicked.url).search(Query())


@pytest.mark.parametrize("length", ["60", None])
async def test_an_answer_that_drips_ends(wicked: Wicked, length: str | None, users: Users) -> None:
    """An octet at a time, each of them in time."""

    def slowly(write: Callable[[bytes], object], body: bytes) -> None:
        with contextlib.suppress(OSError):
            for octet in body:
                write(bytes([octet]))
                time.sleep(0.05)

    wicked.says = lambda _: (200, {"Content-Length": length} if length else {"Connection": "close"}, b" " * 60)
    wicked.sends = slowly
    with pytest.raises(Unavailable, match="no answer in time"):
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
        "::a9fe:a9fe",
        "::ffff:0:a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
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


@pytest.mark.parametrize(
    "host",
    [
        *("169.254.169.254", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "169.254.43518"),
        *("::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "[::ffff:a9fe:a9fe]", "0", "0x0", "169.254.169.254."),
    ],
)
async def test_every_way_to_write_an_address_is_judged(host: str) -> None:
    """By the resolver of this machine, which reads what ``ipaddress`` does not."""
    with pytest.raises(httpcore2.ConnectError) as refused:
        await GuardedBackend().connect_tcp(host, 9, timeout=5)
    assert str(refused.value) in ("the address is not allowed", "the name is not known")


async def test_a_token_is_not_fetched_at_such_an_address_either(wicked: Wicked, users: Users) -> None:
    client = {"token_url": "https://2852039166/latest/meta-data", "client_id": "x", "client_secret": "y"}
    with pytest.raises(Unavailable, match="cannot be reached"):
        await users(wicked.url, auth={"oauth2": client}).search(Query())
    assert wicked.asked == []


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


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        *(("7", 7, 7), (" 7 ", 7, 7), ("9" * 400, 3600, 3600), ("Wed, 21 Oct 2099 07:28:00 GMT", 3600, 3600)),
        *(("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("Wed, 21 Oct 2099 07:28:00", 3600, 3600)),
    ],
)
def test_how_long_to_wait(text: str, least: float, most: float) -> None:
    assert least <= (retry_after(Answer(429, {"retry-after": text})) or 0) <= most


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "1.5", "٣", "Wed, 21 Oct 99999 07:28:00 GMT", f"Wed, 21 Oct 2099 07:28:00 +{'9' * 12}"]
)
def test_what_is_no_time_to_wait(text: str) -> None:
    assert retry_after(Answer(429, {"retry-after": text})) is None
