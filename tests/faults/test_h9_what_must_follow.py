"""H9: deactivation ends every session and revokes every API token in a real application; the audit shows each step."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backends.workroom import Workroom, running
from tests.faults.gate import Gate, http_writes
from tests.faults.process import Process, configured
from tests.faults.words import is_503, made, patch, person, remove, settled, soon
from tests.journeys.in_workroom import InWorkroom

SESSIONS, TOKENS = "DELETE /users/{id}/sessions", "POST /users/{id}/api_tokens/revoke"


@pytest.fixture
def gate(workroom: Workroom) -> Iterator[Gate]:
    found = Gate(workroom.port, http_writes)
    yield found
    found.close()


@pytest.fixture
def gateway(workroom: Workroom, gate: Gate, tmp_path: Path) -> Iterator[Process]:
    seen = InWorkroom(workroom)
    options = {**seen.target(), "base": f"http://127.0.0.1:{gate.port}", "timeouts": {"answer": 1}}
    options["retry"] = {"attempts": 2, "deadline": "2s"}
    process = Process(configured(tmp_path, options, seen.mapping))
    try:
        process.start()
        yield process
    finally:
        process.close()


def signed_in(app: Workroom, id: str) -> None:
    """The user signs in twice, and makes an API token."""
    email = app.said("GET", f"/users/{id}")["email"]
    assert [app.login(email).status_code for _ in range(2)] == [201, 201]
    app.said("POST", f"/users/{id}/api_tokens")


def opened(app: Workroom, id: str) -> tuple[int, int]:
    """How many sessions and good API tokens there are."""
    sessions = app.sql("SELECT 1 FROM sessions WHERE user_id = :id", id=int(id))
    return len(sessions), len(app.sql("SELECT 1 FROM api_tokens WHERE user_id = :id AND NOT revoked", id=int(id)))


def steps(gateway: Process, id: str) -> list[tuple[str, str, str]]:
    """What the audit says of a user: operation, outcome and the call."""
    lines: list[dict[str, Any]] = json.loads(gateway.verb("audit", id, "--json").stdout)
    return [(line["operation"], line["outcome"], line["detail"].partition(": ")[0]) for line in lines]


@pytest.mark.parametrize("how", ["deactivate", "delete"])
def test_h9_sessions_and_tokens_end_before_the_answer(gateway: Process, workroom: Workroom, how: str) -> None:
    ann = made(gateway, person("h9", "ann"))
    assert gateway.ask("GET", f"/Users/{ann}").body["active"] is True, "invited is active to the IdP (S6)"
    signed_in(workroom, ann)
    assert workroom.said("GET", f"/users/{ann}")["state"] == "active"
    assert opened(workroom, ann) == (2, 1)
    request = patch(ann, active=False) if how == "deactivate" else remove(ann)
    assert gateway.ask(*request).ok
    assert opened(workroom, ann) == (0, 0)
    assert workroom.said("GET", f"/users/{ann}")["state"] == "deactivated"
    following = [("call", "done", SESSIONS), ("call", "done", TOKENS)]
    assert [step for step in steps(gateway, ann) if step[0] == "call"] == following


@pytest.mark.parametrize("how", ["deactivate", "delete"])
def test_h9_a_call_that_fails_is_made_until_it_holds(
    gateway: Process, workroom: Workroom, gate: Gate, how: str
) -> None:
    ann = made(gateway, person("h9", "ann"))
    signed_in(workroom, ann)
    gate.catch("request", lambda sent: sent.startswith(b"DELETE ") and b"/sessions" in sent)
    is_503(gateway.ask(*(patch(ann, active=False) if how == "deactivate" else remove(ann))))
    assert workroom.said("GET", f"/users/{ann}")["state"] == "deactivated"
    assert opened(workroom, ann) == (2, 0), "the other call was made all the same"
    gate.drop()
    soon(lambda: opened(workroom, ann) == (0, 0))
    settled(gateway)
    calls = [step for step in steps(gateway, ann) if step[0] == "call"]
    assert ("call", "pending", SESSIONS) in calls
    assert calls[-2:] == [("call", "done", SESSIONS), ("call", "done", TOKENS)]


def test_h9_a_repeated_deactivation_finishes_what_must_follow(gateway: Process, workroom: Workroom, gate: Gate) -> None:
    ann = made(gateway, person("h9", "ann"))
    signed_in(workroom, ann)
    gate.catch("request", lambda sent: b"/sessions" in sent)
    is_503(gateway.ask(*patch(ann, active=False)))
    is_503(gateway.ask(*patch(ann, active=False)))
    gate.drop()
    assert gateway.ask(*patch(ann, active=False)).ok
    assert opened(workroom, ann) == (0, 0)


def test_rate_limits_reach_the_idp(tmp_path: Path) -> None:
    """More than the application takes in a second: waited for within patience, else 503 with its Retry-After."""
    (tmp_path / "app").mkdir()
    (tmp_path / "gateway").mkdir()
    with running(tmp_path / "app", limit="4") as app:
        seen = InWorkroom(app)
        options = {**seen.target(), "retry": {"attempts": 6, "deadline": "6s"}}
        gateway = Process(configured(tmp_path / "gateway", options, seen.mapping))
        try:
            gateway.start()
            answers = [gateway.begin(*person("storm", f"user{number}")) for number in range(6)]
            found = [answer.result(40) for answer in answers]
            assert {answer.status for answer in found} <= {201, 503}
            assert any(answer.ok for answer in found)
            for answer in found:
                assert answer.ok or int(answer.retry_after or 0) > 0
            for number, answer in enumerate(found):
                while not answer.ok:
                    answer = gateway.ask(*person("storm", f"user{number}"))
                    assert answer.status in (201, 503)
        finally:
            gateway.close()
    assert len(found) == 6
