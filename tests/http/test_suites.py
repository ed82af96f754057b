"""Conformance suites of others against the embedded default, over a real socket."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import SearchRequest
from scim2_tester import Status, check_server

from tests.http.served import Served, served


@pytest.fixture(params=["tolerant", "strict"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, dialect=request.param, page=50, patch_response="body") as running:
        yield running


def client_of(gateway: Served, client: httpx2.Client) -> SyncSCIMClient:
    scim = SyncSCIMClient(client)
    scim.discover()
    return scim


@pytest.fixture
def http(gateway: Served) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {gateway.token}"}
    with httpx2.Client(base_url=gateway.url, headers=headers, timeout=60) as client:
        yield client


def test_scim2_tester_finds_nothing(gateway: Served, http: httpx2.Client) -> None:
    results = check_server(client_of(gateway, http))
    assert results
    wrong = [
        f"{each.title}: {each.reason}"
        for each in results
        if each.status in (Status.ERROR, Status.CRITICAL, Status.DEVIATION)
    ]
    assert not wrong, "\n".join(wrong)


def test_scim2_client_lives_a_life(gateway: Served, http: httpx2.Client) -> None:
    scim: Any = client_of(gateway, http)
    user_model, group_model = scim.get_resource_model("User"), scim.get_resource_model("Group")
    user = scim.create(user_model(user_name="ann", emails=[{"value": "ann@example.com", "type": "work"}]))
    group = scim.create(group_model(display_name="Team", members=[{"value": user.id}]))
    assert scim.query(group_model, group.id).members[0].value == user.id
    user.nick_name = "Annie"
    assert scim.replace(user).nick_name == "Annie"
    found = scim.query(user_model, query_parameters=SearchRequest(filter='userName eq "ann"'))
    assert [each.id for each in found.resources] == [user.id]
    scim.delete(user_model, user.id)
    assert not scim.query(group_model, group.id).members


def test_scim_sanity_finds_nothing(gateway: Served, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("scim-sanity")
    command = [str(program), "probe", gateway.url, "--token", gateway.token, "--i-accept-side-effects", "--json-output"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    report = json.loads(done.stdout)
    failed = [each for each in report["results"] if each["status"] in ("fail", "error", "warning")]
    assert not failed, json.dumps(failed, indent=1)
    assert done.returncode == 0


def test_50_mb_over_a_socket_are_413(gateway: Served, http: httpx2.Client) -> None:
    chunks = (b" " * 65_536 for _ in range(800))
    for content in (b" " * 50_000_000, chunks):
        response = http.post(f"{gateway.url}/Users", content=content, headers={"Content-Type": "application/scim+json"})
        assert (response.status_code, response.json()["status"]) == (413, "413")
    assert http.get(f"{gateway.url}/Users").status_code == 200
