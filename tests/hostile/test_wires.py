"""HTTP by people who mean no good: header fields, methods, connections."""

import socket
import time

import pytest

from tests.hostile.ground import TOKEN, Ground


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def get(ground: Ground, *fields: str, path: str = "/Users?count=1", method: str = "GET") -> bytes:
    lines = [f"{method} /{ground.name}{path} HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}", *fields]
    return ground.raw(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


@pytest.mark.parametrize(
    "value",
    ["", " ", "Bearer", "Bearer ", "Basic YTpi", "Bearer " + "x" * 60_000, "x" * 60_000, "Bearer a b", f"Basic {TOKEN}",
     "Bearer \xff\xfe", "Bearer null", "Bearer *", "Bearer ' or 1=1 --", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
     f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN}, Bearer x", "Digest a=b", "Bearer %00", f"Bearer\t\t{TOKEN[1:]}"],
)  # fmt: skip
def test_a_token_that_is_none(ground: Ground, value: str) -> None:
    for method, path in (("GET", "/Users"), ("DELETE", "/Users/1"), ("POST", "/Users"), ("GET", "/Nope")):
        raw = (
            f"{method} /{ground.name}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {value}\r\nContent-Length: 0\r\n\r\n"
        )
        answer = ground.raw(raw.encode("latin-1"))
        assert status(answer) in (401, 400, 431), answer[:200]
        if status(answer) == 401:
            assert b"\r\nwww-authenticate: bearer" in answer.lower()
        ground.tight(answer.decode("latin-1"), value)


def test_two_tokens_are_none(ground: Ground) -> None:
    assert status(get(ground, f"Authorization: Bearer {TOKEN}")) == 401


@pytest.mark.parametrize(
    "field",
    ["Content-Length: x", "Content-Length: -1", "Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: nonsense",
     "Transfer-Encoding: chunked\r\nContent-Length: 3", " folded: x", "no colon here", "X: a\x00b", ": empty",
     "X\x00: a"],
)  # fmt: skip
def test_fields_that_are_none(ground: Ground, field: str) -> None:
    before = ground.content()
    answer = get(ground, field, method="POST", path="/Users")
    assert status(answer) in (0, 400, 413, 415, 501), answer[:200]
    assert ground.healthy()
    assert ground.content() == before


def test_no_field_of_an_answer_is_of_the_client_s_making(ground: Ground) -> None:
    """What is echoed (ids, host names, versions) cannot begin a field of its own."""
    for path in ("/Users/x%0d%0aSet-Cookie:%20a=b", "/Users?filter=%0d%0aSet-Cookie:%20a=b", "/%0d%0aSet-Cookie: a=b"):
        answer = get(ground, path=path.replace(" ", "%20"))
        assert b"set-cookie" not in answer.partition(b"\r\n\r\n")[0].lower()
    for host in ('evil"<script>', "a b", "a/../b", "x\u00e9", "a,b", "[::1", "x:99999999"):
        raw = f"GET /{ground.name}/ServiceProviderConfig HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1")
        answer = ground.raw(raw)
        assert status(answer) in (200, 400)
        assert host.encode("latin-1") not in answer


@pytest.mark.parametrize("field", ["If-Match", "If-None-Match", "Accept", "Content-Type", "X-Forwarded-For", "Range"])
@pytest.mark.parametrize(
    "value", ["", "*", '"', "W/", 'W/"', '"a", "b', "x" * 60_000, "\xff", ",,,", "%00", "a;b;c=d", "()"]
)
def test_fields_with_nonsense(ground: Ground, field: str, value: str) -> None:
    user = ground.user()
    answer = get(ground, f"{field}: {value}", path=f"/Users/{user['id']}")
    assert status(answer) in (200, 304, 400, 406, 412, 431), answer[:200]
    ground.tight(answer.decode("latin-1"), value)


@pytest.mark.parametrize(
    "method", ["TRACE", "CONNECT", "PROPFIND", "get", "GETT", "X" * 1_000, "MOVE", "LOCK", "QUERY", "DEBUG", "LINK"]
)
def test_methods_nobody_serves(ground: Ground, method: str) -> None:
    before = ground.content()
    for path in ("/Users", "/Users/1", "/Schemas", "/Bulk"):
        answer = get(ground, path=path, method=method)
        assert status(answer) in (400, 404, 405, 501), answer[:200]
    assert ground.content() == before


@pytest.mark.parametrize(
    "path", ["/Users", "/Users/1", "/ServiceProviderConfig", "/Schemas", "/Nope", "/.search", "/Bulk"]
)
def test_head_has_no_body_and_options_has_one_only_for_an_error(ground: Ground, path: str) -> None:
    for method in ("HEAD", "OPTIONS"):
        answer = get(ground, "Connection: close", path=path, method=method)
        assert status(answer) < 500
        assert bool(answer.partition(b"\r\n\r\n")[2]) == (method == "OPTIONS" and status(answer) >= 400)


def test_a_field_without_end_is_cut_off(ground: Ground) -> None:
    sent = 0
    with ground.serving_others(), socket.create_connection(ground.host, 30) as connection:
        connection.sendall(f"GET /{ground.name}/Users HTTP/1.1\r\nHost: x\r\nX-Long: ".encode())
        try:
            while sent < 20_000_000:
                connection.sendall(b"x" * 65_536)
                sent += 65_536
            connection.sendall(b"\r\n\r\n")
            answer = connection.recv(65_536)
        except OSError:
            answer = b""
    assert status(answer) in (0, 400, 401, 431)


def test_a_long_address_is_refused(ground: Ground) -> None:
    with ground.serving_others():
        answer = get(ground, path="/Users?filter=" + "x" * 2_000_000)
    assert status(answer) in (400, 414)


def test_heads_that_drip_keep_nobody_waiting(ground: Ground) -> None:
    """Slowloris: a hundred connections that never finish their head."""
    slow = []
    for _ in range(100):
        connection = socket.create_connection(ground.host, 30)
        connection.sendall(f"GET /{ground.name}/Users HTTP/1.1\r\nHost: x\r\n".encode())
        slow.append(connection)
    with ground.serving_others():
        for _ in range(5):
            for connection in slow:
                connection.sendall(b"X-A: b\r\n")
            time.sleep(0.02)
        assert ground.send("GET", "/Users?count=1").status_code == 200
    for connection in slow:
        connection.close()


def test_what_is_no_http_is_ended(ground: Ground) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"\x00" * 1_000,
        b"GET\r\n\r\n",
        b"HELO x\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ):
        with socket.create_connection(ground.host, 30) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            assert status(connection.recv(65_536)) in (0, 400, 404, 505)
    assert ground.healthy()


def test_two_requests_in_one_packet_are_two(ground: Ground) -> None:
    """And what follows a body of a GET is not taken for a request of somebody else."""
    before = ground.content()
    smuggled = f"DELETE /{ground.name}/Users/1 HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = get(ground, f"Content-Length: {len(smuggled)}\r\n\r\n{smuggled}")
    assert status(answer) == 200
    assert ground.content() == before
