"""The suites of ``test_suites`` against OpenLDAP with the preset: they find what that directory has no place for, each
time, and nothing else. An expected finding that is not made fails as one that is made unexpectedly does.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from scim2_models import SearchRequest
from scim2_tester import CheckResult, Status, check_server

from tests.backends.slapd import Slapd
from tests.http.served import Served, served
from tests.http.test_suites import client_of

NO_PLACE = "the preset has a place for one element a type, and inetOrgPerson none for this type"
NEVER_UNSET = "an account is locked or it is not: without the lock it reads true, whatever was removed (rule 8)"
EXPECTED = {
    # (which of the canonical types the tester writes) → (check, attribute) → why
    "first": {("check_remove_attribute", "active"): NEVER_UNSET},
    "last": {
        ("check_add_attribute", "emails"): NO_PLACE,
        ("check_replace_attribute", "emails"): NO_PLACE,
        ("check_add_attribute", "phoneNumbers"): NO_PLACE,
        ("check_replace_attribute", "phoneNumbers"): NO_PLACE,
        ("check_add_attribute", "addresses"): NO_PLACE,
        ("check_replace_attribute", "addresses"): NO_PLACE,
        ("check_remove_attribute", "active"): NEVER_UNSET,
    },
}
UNKNOWN_MEMBER = "it adds 'fake-member-id'; nobody has that id, and a directory's group names entries (rule 18)"
SANITY = {"PATCH /Groups/{id} add member": UNKNOWN_MEMBER}
WRONG = (Status.ERROR, Status.CRITICAL, Status.DEVIATION)


@pytest.fixture
def gateway(directory: Slapd, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, mapping="openldap", target=directory.options, page=50, patch_response="body") as running:
        yield running


@pytest.fixture
def http(gateway: Served) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {gateway.token}"}
    with httpx2.Client(base_url=gateway.url, headers=headers, timeout=60) as client:
        yield client


class Chosen:
    """In place of ``random`` in the tester, which draws types and booleans: the same finding at every run."""

    def __init__(self, which: str) -> None:
        self.at = 0 if which == "first" else -1

    def choice(self, values: Sequence[Any]) -> Any:
        return values[self.at]

    def randint(self, low: int, _high: int) -> int:
        return low


def found(result: CheckResult) -> tuple[str, str]:
    """Which check complains of which attribute."""
    urn = str((result.data or {}).get("urn", result.reason)) if isinstance(result.data, dict) else str(result.reason)
    return str(result.title), urn.rpartition(":")[2]


@pytest.mark.parametrize("which", EXPECTED)
def test_scim2_tester_finds_what_the_directory_cannot_hold(
    which: str, gateway: Served, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scim2_tester.filling.random", Chosen(which))
    results = check_server(client_of(gateway, http))
    assert len(results) > 80
    wrong = {found(each): each.reason for each in results if each.status in WRONG}
    assert wrong.keys() == EXPECTED[which].keys(), "\n".join(f"{key}: {reason}" for key, reason in wrong.items())


def test_scim2_client_lives_a_life(gateway: Served, http: httpx2.Client) -> None:
    scim: Any = client_of(gateway, http)
    user_model, group_model = scim.get_resource_model("User"), scim.get_resource_model("Group")
    emails = [{"value": "ann@example.com", "type": "work"}]
    user = scim.create(user_model(user_name="ann", name={"family_name": "Lee"}, emails=emails))
    group = scim.create(group_model(display_name="Team", members=[{"value": user.id}]))
    assert scim.query(group_model, group.id).members[0].value == user.id
    user.title = "Clerk"
    assert scim.replace(user).title == "Clerk"
    found = scim.query(user_model, query_parameters=SearchRequest(filter='userName eq "ann"'))
    assert [each.id for each in found.resources] == [user.id]
    scim.delete(user_model, user.id)
    assert not scim.query(group_model, group.id).members


def test_scim_sanity_finds_what_a_directory_cannot_do(gateway: Served) -> None:
    program = Path(sys.executable).with_name("scim-sanity")
    command = [str(program), "probe", gateway.url, "--token", gateway.token, "--i-accept-side-effects", "--json-output"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    results = json.loads(done.stdout)["results"]
    failed = {each["name"]: each["message"] for each in results if each["status"] in ("fail", "error", "warning")}
    assert failed.keys() == SANITY.keys(), json.dumps(failed, indent=1)
    assert len(results) > 20
