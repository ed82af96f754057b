"""H9: deactivation ends every session and revokes every API token in a real application; the audit shows each step."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backends.rest_app import RestApp
from tests.faults.gate import Gate, http_writes
from tests.faults.process import Process, configured
from tests.faults.words import is_503, made, patch, person, remove, settled, soon
from tests.journeys.in_rest_app import InRestApp

SESSIONS, TOKENS = "DELETE /users/{id}/sessions", "POST /users/{id}/api_tokens/revoke"


@pytest.fixture
def gate(rest_app: RestApp) -> Iterator[Gate]:
    found = Gate(rest_app.port, http_writes)
    yield found
    found.close()


@pytest.fixture
def gateway(rest_app: RestApp, gate: Gate, tmp_path: Path) -> Iterator[Process]:
    seen = InRestApp(rest_app)
    options = {**seen.target(), "base": f"http://127.0.0.1:{gate.port}", "timeouts": {"answer": 1}}
    options["retry"] = {"attempts": 2, "deadline": "2s"}
    process = Process(configured(tmp_path, options, seen.mapping))
    try:
        process.start()
        yield process
    finally:
        process.close()


def signed_in(app: RestApp, id: str) -> None:
    """The user signs in twice, and makes an API token."""
    for path in ("sessions", "sessions", "api_tokens"):
        app.ask("POST", f"/users/{id}/{path}")


def opened(app: RestApp, id: str) -> tuple[int, int]:
    """How many sessions and good API tokens there are."""
    sessions, tokens = (app.ask("GET", f"/users/{id}/{path}")["data"] for path in ("sessions", "api_tokens"))
    return len(sessions), len(tokens)


def steps(gateway: Process, id: str) -> list[tuple[str, str, str]]:
    """What the audit says of a user: operation, outcome and the call."""
    lines: list[dict[str, Any]] = json.loads(gateway.verb("audit", id, "--json").stdout)
    return [(line["operation"], line["outcome"], line["detail"].partition(": ")[0]) for line in lines]


@pytest.mark.parametrize("how", ["deactivate", "delete"])
def test_h9_sessions_and_tokens_end_before_the_answer(gateway: Process, rest_app: RestApp, how: str) -> None:
    ann = made(gateway, person("h9", "ann"))
    assert gateway.ask("GET", f"/Users/{ann}").body["active"] is True, "invited is active to the IdP (S6)"
    signed_in(rest_app, ann)
    assert rest_app.ask("GET", f"/users/{ann}")["state"] == "active"
    assert opened(rest_app, ann) == (2, 1)
    request = patch(ann, active=False) if how == "deactivate" else remove(ann)
    assert gateway.ask(*request).ok
    assert opened(rest_app, ann) == (0, 0)
    assert rest_app.ask("GET", f"/users/{ann}")["state"] == "deactivated"
    following = [("call", "done", SESSIONS), ("call", "done", TOKENS)]
    assert [step for step in steps(gateway, ann) if step[0] == "call"] == following


@pytest.mark.parametrize("how", ["deactivate", "delete"])
def test_h9_a_call_that_fails_is_made_until_it_holds(gateway: Process, rest_app: RestApp, gate: Gate, how: str) -> None:
    ann = made(gateway, person("h9", "ann"))
    signed_in(rest_app, ann)
    gate.catch("request", lambda sent: sent.startswith(b"DELETE ") and b"/sessions" in sent)
    is_503(gateway.ask(*(patch(ann, active=False) if how == "deactivate" else remove(ann))))
    assert rest_app.ask("GET", f"/users/{ann}")["state"] == "deactivated"
    assert opened(rest_app, ann) == (2, 0), "the other call was made all the same"
    gate.drop()
    soon(lambda: opened(rest_app, ann) == (0, 0))
    settled(gateway)
    calls = [step for step in steps(gateway, ann) if step[0] == "call"]
    assert ("call", "pending", SESSIONS) in calls
    assert calls[-2:] == [("call", "done", SESSIONS), ("call", "done", TOKENS)]


def test_h9_a_repeated_deactivation_finishes_what_must_follow(gateway: Process, rest_app: RestApp, gate: Gate) -> None:
    ann = made(gateway, person("h9", "ann"))
    signed_in(rest_app, ann)
    gate.catch("request", lambda sent: b"/sessions" in sent)
    is_503(gateway.ask(*patch(ann, active=False)))
    is_503(gateway.ask(*patch(ann, active=False)))
    gate.drop()
    assert gateway.ask(*patch(ann, active=False)).ok
    assert opened(rest_app, ann) == (0, 0)


def test_rate_limits_reach_the_idp(tmp_path: Path) -> None:
    """More than the application takes in a second: waited for within patience, else 503 with its Retry-After."""
    from tests.backends.rest_app import running

    (tmp_path / "app").mkdir()
    (tmp_path / "gateway").mkdir()
    with running(tmp_path / "app", limit="4") as app:
        seen = InRestApp(app)
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
