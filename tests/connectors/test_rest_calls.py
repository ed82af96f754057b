"""How lists are cut, creations repeated and certificates shown, before real servers."""

import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.contract import CollectionSpec, Query
from connectors.errors import Unavailable
from connectors.rest import RestConnector
from connectors.rest.collection import RestCollection
from tests.backends.certificates import Certificates, make_certificates
from tests.backends.workroom import TOKEN, Workroom, running
from tests.connectors.rest_mapping import GROUP, USER
from tests.connectors.test_rest_hostile import Reply, Wicked, wicked
from tests.faults.gate import Gate, http_writes

__all__ = ["wicked"]
pytestmark = pytest.mark.anyio
SPECS = {"User": USER, "Group": GROUP}
ALL = [{"id": str(number), "name": f"n{number}"} for number in range(1, 24)]
Open = Callable[..., RestCollection]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens the users of a target; closed at the end."""
    connectors = []

    def collection(options: Mapping[str, Any], spec: CollectionSpec = USER) -> RestCollection:
        connectors.append(RestConnector.from_options("test", options))
        specs = SPECS if spec is USER else {"User": spec}
        return cast(RestCollection, connectors[-1].collections(specs)["User"])

    yield collection
    for connector in connectors:
        await connector.close()


def sliced(wicked: Wicked, first: int, by: str) -> Callable[[str], Reply]:
    """A list of ``ALL`` as applications cut it: by number, offset, last id, or with the next page's address."""

    def answer(path: str) -> Reply:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        size = int(query.get("size", 100))
        position = int(query.get("at", first if by in ("number", "offset") else 0))
        start = {"number": (position - first) * size, "offset": position - first}.get(by, position)
        part = ALL[start : start + size]
        more = start + size < len(ALL)
        document = {"rows": part, "total": len(ALL), "more": more}
        document["next"] = f"{wicked.url}/users?at={start + size}&size={size}" if more else None
        return 200, {}, json.dumps(document).encode()

    return answer


@pytest.mark.parametrize(
    ("by", "first", "page"),
    [
        ("number", 1, {"number": "at"}),
        ("number", 0, {"number": "at", "first": 0, "total": "total"}),
        ("offset", 0, {"offset": "at", "total": "total"}),
        ("offset", 1, {"offset": "at", "first": 1}),
        ("last", 0, {"last": "id", "param": "at", "more": "more"}),
        ("last", 0, {"last": "id", "param": "at"}),
        ("next", 0, {"next": "next", "total": "total"}),
    ],
)
async def test_every_way_of_cutting_a_list(
    wicked: Wicked, opened: Open, by: str, first: int, page: dict[str, Any]
) -> None:
    wicked.says = sliced(wicked, first, by)
    listing = {"get": "/users", "items": "rows", "page": {**page, "size": "size", "count": 5}}
    http = {"list": listing, "read": {"get": "/users/{id}"}}
    people = opened(
        {"base": wicked.url}, CollectionSpec("User", "id", attributes=frozenset({"name"}), options={"http": http})
    )
    whole = await people.search(Query())
    assert sorted(entry.id for entry in whole.entries) == sorted(each["id"] for each in ALL)
    assert whole.total == len(ALL)
    walked: list[str] = []
    cursor = None
    while True:
        part = await people.search(Query(limit=4, cursor=cursor, count=False))
        walked += [entry.id for entry in part.entries]
        if (cursor := part.cursor) is None:
            break
    assert walked == [entry.id for entry in whole.entries]
    assert (await people.search(Query(limit=0))).total == len(ALL)
    assert [entry.id for entry in (await people.search(Query(offset=21))).entries] == walked[21:]


async def test_a_creation_whose_answer_was_lost_is_repeated_as_the_same(workroom: Workroom, opened: Open) -> None:
    gate = Gate(workroom.port, http_writes)
    base = {**workroom.options(), "base": f"http://127.0.0.1:{gate.port}", "timeouts": {"answer": 0.5, "connect": 0.5}}
    people = opened(base)
    ann = {"email": ("ann@example.com",)}
    gate.catch("answer")
    with pytest.raises(Unavailable) as lost:
        await people.create(ann)
    assert lost.value.uncertain
    gate.drop()
    made = await people.create(ann)
    assert [str(each["id"]) for each in workroom.everything("/users")] == [made.id]
    await people.delete(made.id)
    again = await people.create(ann)
    assert again.id != made.id, "a creation that was answered has a key of its own"
    gate.close()


def shown(certificates: Certificates) -> dict[str, str]:
    """What ``auth.mtls`` says."""
    return {"cert": certificates.certificate.read_text(), "private_key": certificates.key.read_text()}


async def test_certificates_are_verified_and_shown(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ours", "others"):
        (tmp_path / name).mkdir()
    ours, others = make_certificates(tmp_path / "ours"), make_certificates(tmp_path / "others")
    words = ["--ssl-keyfile", str(ours.key), "--ssl-certfile", str(ours.certificate), "--ssl-ca-certs", str(ours.ca)]
    with running(tmp_path, words=[*words, "--ssl-cert-reqs", str(int(ssl.CERT_REQUIRED))]) as served:
        base = f"https://127.0.0.1:{served.port}"
        mine = shown(ours)
        theirs = shown(others)
        people = opened({"base": base, "ca": str(ours.ca), "auth": {"bearer": TOKEN, "mtls": mine}})
        assert (await people.search(Query())).total == 0
        for wrong in (
            {"ca": str(ours.ca), "auth": {"bearer": TOKEN}},
            {"ca": str(ours.ca), "auth": {"bearer": TOKEN, "mtls": theirs}},
            {"ca": str(others.ca), "auth": {"bearer": TOKEN, "mtls": mine}},
            {"auth": {"bearer": TOKEN, "mtls": mine}},
        ):
            with pytest.raises(Unavailable):
                await opened({"base": base, **wrong}).search(Query())
        here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", served.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
        for name, good in (("localhost", True), ("somebody-else.example", False)):
            trusting = {"base": f"https://{name}:{served.port}", "ca": str(ours.ca)}
            people = opened({**trusting, "auth": {"bearer": TOKEN, "mtls": mine}})
            with nullcontext() if good else pytest.raises(Unavailable):
                await people.search(Query())
