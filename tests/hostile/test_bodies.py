"""Bodies that are too deep, too large, too slow, no text, no JSON, or JSON in a way that nobody means."""

import gzip
import json
import socket
import time
from typing import Any

import pytest

from tests.hostile.ground import MEDIA, TOKEN, Ground, answered
from tests.scim.wire import BULK, PATCH, USER

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
DEEP = {
    "objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "arrays": "[" * 10_000 + "]" * 10_000,
    "both": '[{"a":' * 5_000 + "1" + "}]" * 5_000,
    "open": "[" * 500_000,
    "deeper than allowed": "[" * 40 + "]" * 40,
}
PLACES = {
    "the body": ("POST", "/Users", "%s"),
    "an attribute": ("POST", "/Users", f'{{"schemas":["{USER}"],"userName":"deep","name":%s}}'),
    "an unknown attribute": ("POST", "/Users", f'{{"schemas":["{USER}"],"userName":"deep","x":%s}}'),
    "a PATCH value": ("PATCH", "/Users/1", f'{{"schemas":["{PATCH}"],"Operations":[{{"op":"add","value":%s}}]}}'),
    "a PATCH path": ("PATCH", "/Users/1", f'{{"schemas":["{PATCH}"],"Operations":[{{"op":"add","path":%s}}]}}'),
    "a search": ("POST", "/Users/.search", f'{{"schemas":["{SEARCH}"],"filter":%s}}'),
    "the root's search": ("POST", "/.search", f'{{"schemas":["{SEARCH}"],"attributes":%s}}'),
    "a bulk operation": (
        "POST", "/Bulk",
        f'{{"schemas":["{BULK}"],"Operations":[{{"method":"POST","path":"/Users","bulkId":"1","data":%s}}]}}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", DEEP)
def test_nesting_is_bounded(ground: Ground, place: str, kind: str) -> None:
    method, path, body = PLACES[place]
    with ground.serving_others():
        answer = ground.refused(method, path, (body % DEEP[kind]).encode())
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")


@pytest.mark.parametrize("path", ["/Users", "/Bulk", "/.search", "/Users/.search", "/Groups"])
def test_fifty_megabytes_are_413(ground: Ground, path: str) -> None:
    with ground.serving_others():
        assert ground.refused("POST", path, b" " * 50_000_000).status_code == 413


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_fifty_megabytes_for_a_user_are_413(ground: Ground, method: str) -> None:
    user = ground.user()
    body = json.dumps({"schemas": [PATCH], "Operations": [{"op": "add", "value": {"title": "t" * 50_000_000}}]})
    assert ground.refused(method, f"/Users/{user['id']}", body.encode()).status_code == 413


def head(method: str, path: str, *fields: str) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {TOKEN}",
        f"Content-Type: {MEDIA}",
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_a_length_that_lies_is_not_waited_for(ground: Ground) -> None:
    """The declared length alone is refused; nothing of it need come."""
    answer = ground.raw(head("POST", f"/{ground.name}/Users", "Content-Length: 50000000"))
    assert status(answer) == 413


def test_chunks_without_end_are_413(ground: Ground) -> None:
    before = ground.content()
    with ground.serving_others(), socket.create_connection(ground.host, 30) as connection:
        connection.sendall(head("POST", f"/{ground.name}/Users", "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b"[" * 65536 + b"\r\n"
        sent = 0
        try:
            while sent < 50_000_000:
                connection.sendall(chunk)
                sent += 65536
        except OSError:
            pass  # refused and closed before the end: what it should do
        answer = answered(connection)
    assert status(answer) in (413, 0)
    assert ground.content() == before


def test_a_body_that_drips_keeps_nobody_waiting(ground: Ground) -> None:
    before = ground.content()
    slow = []
    for _ in range(50):
        connection = socket.create_connection(ground.host, 30)
        connection.sendall(head("POST", f"/{ground.name}/Users", "Content-Length: 100") + b"{")
        slow.append(connection)
    with ground.serving_others():
        for _ in range(5):
            time.sleep(0.05)
            for connection in slow:
                connection.sendall(b" ")
        assert ground.send("GET", "/Users?count=1").status_code == 200
    for connection in slow:
        connection.close()
    assert ground.healthy()
    assert ground.content() == before


def test_a_body_cut_short_writes_nothing(ground: Ground) -> None:
    before = ground.content()
    body = json.dumps({"schemas": [USER], "userName": "cut", "name": {"familyName": "F"}}).encode()
    with socket.create_connection(ground.host, 30) as connection:
        connection.sendall(head("POST", f"/{ground.name}/Users", f"Content-Length: {len(body) + 5}") + body)
    assert ground.send("GET", '/Users?filter=userName eq "cut"').json()["totalResults"] == 0
    assert ground.content() == before


NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" \n",
    "a word": b"userName",
    "invalid UTF-8": b'{"schemas":["%s"],"userName":"\xff\xfe"}' % USER.encode(),
    "overlong UTF-8": b'{"userName":"\xc0\xaf"}',
    "UTF-16": json.dumps({"userName": "x"}).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "compressed": gzip.compress(b"{}"),
    "a bare NUL": b'{"userName":"a\x00b"}',
    "single quotes": b"{'userName':'x'}",
    "a trailing comma": b'{"userName":"x",}',
    "two documents": b'{"userName":"x"}{"userName":"y"}',
    "a comment": b'{"userName":"x"/**/}',
    "NaN": b'{"userName":NaN}',
    "infinity": b'{"userName":1e999}',
    "a leading zero": b'{"userName":01}',
    "an unfinished string": b'{"userName":"x',
    "a form": b"userName=x&active=true",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}


@pytest.mark.parametrize("kind", NO_JSON)
def test_what_is_no_json_is_invalid_syntax(ground: Ground, kind: str) -> None:
    for method, path in (("POST", "/Users"), ("POST", "/Bulk"), ("POST", "/.search"), ("PATCH", "/Users/1")):
        answer = ground.refused(method, path, NO_JSON[kind])
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax"), (method, path)


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"x"', b"true", b"[{}]"])
def test_json_that_is_no_object(ground: Ground, body: bytes) -> None:
    for method, path in (("POST", "/Users"), ("POST", "/Bulk"), ("POST", "/.search"), ("PATCH", "/Users/1")):
        assert ground.refused(method, path, body).json()["scimType"] == "invalidSyntax"


WRONG: list[tuple[str, Any]] = [
    ("userName", 10**40), ("userName", -0.0), ("userName", True), ("userName", []), ("userName", {}),
    ("userName", {"value": "x"}), ("name", "x"), ("name", [1]), ("name", {"familyName": 1}), ("active", 1), ("active",
    "yes"),
    ("active", {"value": True}), ("emails", 1), ("emails", [1]), ("emails", [[{"value": "x"}]]), ("emails",
    [{"value": {}}]),
    ("emails", [{"value": ["x"]}]), ("title", {"a": "b"}), ("password", ["x"]), ("password", 1),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "value"), WRONG)
def test_values_of_the_wrong_kind(ground: Ground, attribute: str, value: Any) -> None:
    body = {"schemas": [USER], "userName": "wrong", "name": {"familyName": "F"}, attribute: value}
    user = ground.user()
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{user['id']}")):
        assert ground.refused(method, path, body).json()["scimType"] in ("invalidValue", "invalidSyntax")
    answer = ground.patch(
        f"/Users/{user['id']}", {"op": "replace", "path": attribute, "value": value}, refused=value != []
    )
    assert value == [] or answer.json()["scimType"] in ("invalidValue", "invalidSyntax", "mutability")


def test_a_key_twice_is_one_of_them_or_refused(ground: Ground) -> None:
    """RFC 8259 §4 leaves it open; what is answered is what stands."""
    body = f'{{"schemas":["{USER}"],"userName":"twin{ground.name}","name":{{"familyName":"A","familyName":"B"}}}}'
    created = ground.send("POST", "/Users", body.encode())
    assert created.status_code == 201
    assert ground.send("GET", f"/Users/{created.json()['id']}").json() == created.json()
    spelled = f'{{"schemas":["{USER}"],"userName":"one","USERNAME":"two","name":{{"familyName":"A"}}}}'
    assert ground.refused("POST", "/Users", spelled.encode()).json()["scimType"] == "invalidSyntax"


@pytest.mark.parametrize("number", [80_000, 10_000])
def test_thousands_of_names_nobody_knows_are_ignored(ground: Ground, number: int) -> None:
    strange = {f"a{each}.b" if each % 2 else f"urn:x:y:{each}": each for each in range(number // 2)}
    with ground.serving_others():
        created = ground.user(**strange)
    assert not strange.keys() & created.keys()


def test_thousands_of_values_are_stored_or_refused(ground: Ground) -> None:
    values = [{"value": f"{each}@example.com", "type": "other"} for each in range(3_000)]
    user = ground.user()
    path = f"/Users/{user['id']}"
    with ground.serving_others():
        answer = ground.patch(path, {"op": "add", "path": "emails", "value": values})
        again = ground.patch(path, {"op": "add", "path": "emails", "value": values})
    if answer.status_code == 200:
        assert again.json() == answer.json() == ground.send("GET", path).json()
    assert ground.patch(path, {"op": "remove", "path": "emails", "value": values}).status_code == 200
    assert "emails" not in ground.send("GET", path).json()
