"""The application that the presets are tried against decides itself who is let in."""

from collections.abc import Iterator

import pytest

from tests.backends.workroom import Workroom, running


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workroom]:
    with running(tmp_path_factory.mktemp("workroom")) as server:
        yield server


def test_a_session_outlives_the_account_until_it_is_ended(room: Workroom) -> None:
    made = room.ask("POST", "/users", {"email": "Ann@x.example", "role": {"name": "editor"}}).json()
    assert made["state"] == "invited"
    session = room.login("ann@x.example").json()["session"]
    assert room.person("Ann@x.example")["state"] == "active"
    token = room.ask("POST", f"/users/{made['id']}/api_tokens").json()["id"]
    room.ask("PATCH", f"/users/{made['id']}", {"state": "deactivated"})
    assert room.login("ann@x.example").status_code == 403
    assert room.lets_in(session)
    assert room.lets_in(token)
    assert room.ask("DELETE", f"/users/{made['id']}/sessions").status_code == 204
    assert room.ask("POST", f"/users/{made['id']}/api_tokens/revoke").json() == {"revoked": 1}
    assert not room.lets_in(session)
    assert not room.lets_in(token)


def test_pages_and_refusals(room: Workroom) -> None:
    room.clear()
    for number in range(7):
        assert room.ask("POST", "/users", {"email": f"p{number}@x.example"}).status_code == 201
    first = room.ask("GET", "/users?limit=5").json()
    rest = room.ask("GET", f"/users?limit=5&cursor={first['meta']['next']}").json()
    assert (len(first["data"]), len(rest["data"]), rest["meta"]) == (5, 2, {"next": None, "total": 7})
    taken = room.ask("POST", "/users", {"email": "P1@x.example"})
    assert (taken.status_code, "organization acme" in taken.json()["error"]["message"]) == (409, True)
    assert room.ask("GET", "/users", token="x").status_code == 401
    team = room.ask("POST", "/teams", {"name": "Guides"}).json()["id"]
    invited = first["data"][0]["id"]
    assert room.ask("PUT", f"/teams/{team}/members/{invited}").status_code == 422
    room.login(first["data"][0]["email"])
    assert room.ask("PUT", f"/teams/{team}/members/{invited}").status_code == 204
    assert room.ask("GET", f"/teams/{team}/members").json()["data"] == [{"user_id": invited}]
