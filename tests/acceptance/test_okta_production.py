"""The Okta guide's chapter on production: limits, audit, safe keeping, and its three classic troubles (O13 to O16)."""

import asyncio
import json
import re
import ssl
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.app.ledgers import ledger_of
from gateway.app.trying import try_document
from gateway.config import load_config
from gateway.ledger.model import AuditLine
from gateway.mapping.errors import ConfigError
from tests.acceptance.ground import (
    ERROR,
    GROUP,
    PATCH,
    USER,
    Site,
    directory_of,
    gateway,
    hashed,
    only,
)
from tests.backends.certificates import make_certificates
from tests.cli.running import serving
from tests.docs.pages import ROOT

ANN = {
    "schemas": [USER],
    "userName": "ann@example.com",
    "externalId": "00u1",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "active": True,
}
SECRET = "correct-horse-battery-staple-9"
"""a password that must show up nowhere"""
OFF = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]}


async def audited(folder: Path) -> list[AuditLine]:
    """Every audit line, the oldest first."""
    async with ledger_of(load_config(folder / "config.toml")) as ledger:
        return await ledger.audit()


async def until_limited(site: Site, method: str, path: str, body: Any = None) -> tuple[int, httpx2.Response]:
    """Ask again and again. :return: how often it went well, and the first answer that says: too often."""
    for times in range(1000):
        answer = await site.send(method, path, body)
        if answer.status_code == 429:
            return times, answer
        assert answer.status_code == 200
    raise AssertionError(f"a thousand times, and never too often: {method} {path}")


@pytest.mark.anyio
@only("memory")
async def test_o13_the_guide_s_limits_are_429_and_never_keep_anybody_in(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    limit = {"reads": "50/min", "writes": "100/min"}
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, limit=limit) as site:
        ids = [await site.user(f"u{number}@example.com") for number in range(5)]
        before, limited = await until_limited(site, "GET", "/Users")
        assert before >= 50
        before, limited = await until_limited(site, "PUT", f"/Users/{ids[0]}", ANN)
        assert before >= 95
        assert limited.json()["schemas"] == [ERROR]
        assert limited.json()["status"] == "429"
        assert int(limited.headers["Retry-After"]) > 0
        # Nothing is left of either, and access is taken away all the same.
        await site.send("PATCH", f"/Users/{ids[1]}", OFF, 200)
        await site.send("DELETE", f"/Users/{ids[2]}", status=204)
        assert site.users()["u1@example.com"]["active"] is False
        assert "u2@example.com" not in site.users()


@only("sqlite", "slapd")
def test_o14_every_operation_is_audited_and_no_secret_is_kept(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    directory = directory_of(backend, tmp_path, request)
    (tmp_path / "password").write_text("correct-horse-battery")
    target = "\n".join(f"{key} = {_toml(value)}" for key, value in directory.target().items())
    (tmp_path / "config.toml").write_text(f"""
[server]
log_level = "info"
[target.it]
{target}
[connection.okta]
path    = "/scim/v2"
dialect = "okta"
target  = "it"
mapping = "{directory.mapping}"
tokens  = [{{ name = "okta-2026", sha256 = "{hashed("the-token")}" }}]
""")
    with serving(cwd=tmp_path) as served:
        served.token = "the-token"
        _, made = served.ask("POST", "/Users", {**ANN, "password": SECRET})
        user = f"/Users/{made['id']}"
        assert served.ask("PUT", user, {**ANN, "name": {"givenName": "Ann", "familyName": "Moss"}})[0] == 200
        assert served.ask("PATCH", user, OFF)[0] == 200
        assert served.ask("POST", "/Users", {**ANN, "externalId": "00u2", "password": SECRET})[0] == 409
        _, group = served.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "QA"})
        assert served.ask("DELETE", user)[0] == 204
    lines = asyncio.run(audited(tmp_path))
    assert [(line.operation, line.outcome) for line in lines] == [
        ("create", "done"),
        ("replace", "done"),
        ("patch", "done"),
        ("create", "refused"),
        ("create", "done"),
        ("delete", "done"),
    ]
    assert {(line.connection, line.actor) for line in lines} == {("okta", "okta-2026")}
    assert [line.id for line in lines][-2:] == [group["id"], made["id"]]
    assert any(change.before != change.after for change in lines[1].changes)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    log = (tmp_path / "serve.log").read_text()
    assert "/scim/v2/Users" in log
    for secret in (SECRET, "the-token"):
        assert secret not in log
        assert secret.encode() not in kept
    assert b"Moss" in kept


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


PRODUCTION = """
[server]
tls = {{ cert = "file:server.pem", key = "file:server.key" }}
[target.memory]
kind = "memory"
[connection.production]
path    = "/scim/v2"
target  = "memory"
mapping = "people.toml"
from    = ["127.0.0.0/8"]
tokens  = [{{ name = "vault", sha256 = "{production}" }}]
[connection.staging]
path    = "/staging/scim/v2"
target  = "memory"
mapping = "people.toml"
tokens  = [{{ name = "vault", sha256 = "{staging}" }}]
[connection.elsewhere]
path    = "/elsewhere/scim/v2"
target  = "memory"
mapping = "people.toml"
from    = ["203.0.113.0/24"]
tokens  = [{{ name = "vault", sha256 = "{production}" }}]
"""
IN_CLEAR = """
[target.corp]
kind = "ldap"
url  = "ldaps://ldap.example.com"
base = "dc=example,dc=com"
bind = { dn = "cn=gateway,{base}", password = "in-clear" }
[connection.okta]
path    = "/scim/v2"
target  = "corp"
mapping = "openldap"
"""
PEOPLE = """
format = 1
target = "memory"
[user]
anchor = "id"
match  = ["userName"]
[user.map]
userName = "uid"
active   = "on"
"""


@only("memory")
def test_o15_https_tokens_of_one_environment_networks_and_secrets_by_reference(backend: str, tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    text = PRODUCTION.format(production=hashed("token-of-production"), staging=hashed("token-of-staging"))
    (tmp_path / "config.toml").write_text(text.replace("memory", backend))
    (tmp_path / "people.toml").write_text(PEOPLE)
    with serving(cwd=tmp_path, trust=ssl.create_default_context(cafile=str(made.ca))) as served:
        root = re.match(r"https://[^/]+", served.url)
        assert root
        statuses = {}
        for path in ("/scim/v2", "/staging/scim/v2", "/elsewhere/scim/v2"):
            served.url = root[0] + path
            for environment in ("production", "staging"):
                statuses[path, environment] = served.ask("GET", "/Users", token=f"token-of-{environment}")[0]
    assert statuses == {
        ("/scim/v2", "production"): 200,
        ("/scim/v2", "staging"): 401,
        ("/staging/scim/v2", "production"): 401,
        ("/staging/scim/v2", "staging"): 200,
        ("/elsewhere/scim/v2", "production"): 403,
        ("/elsewhere/scim/v2", "staging"): 403,
    }
    (tmp_path / "config.toml").write_text(IN_CLEAR)
    with pytest.raises(ConfigError, match="a secret is never written here"):
        load_config(tmp_path / "config.toml")


@pytest.mark.anyio
@only("postgresql", "slapd")
async def test_o16_the_audit_and_the_page_answer_the_three_troubles_by_name(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        # A custom attribute does not sync: accepted, and `map` names it.
        odd = {**ANN, "shoeSize": 38}
        id = (await site.send("POST", "/Users", odd, 201)).json()["id"]
        assert try_document(site.directory.mapping, "User", odd).unread == ["shoeSize"]
        # A group push failed: the refusal names the member.
        pushed = {"schemas": [GROUP], "displayName": "QA", "members": [{"value": id}, {"value": "not-assigned"}]}
        await site.send("POST", "/Groups", pushed, 400)
        # A user is still active: the target is away, the audit says pending, and then it is done unasked.
        site.directory.down()
        await site.send("PATCH", f"/Users/{id}", OFF, 503)
        site.directory.up()
        for _ in range(300):
            if site.users()["ann@example.com"]["active"] is False:
                break
            await asyncio.sleep(0.2)
        assert site.users()["ann@example.com"]["active"] is False
    lines = {(line.operation, line.outcome): line for line in await audited(tmp_path)}
    assert "not-assigned" in lines["create", "refused"].detail
    assert lines["patch", "pending"].id == id
    page = (ROOT / "docs" / "how-to" / "okta.md").read_text()
    for trouble in ("A custom attribute does not sync", "A group push failed", "A user is still active"):
        assert trouble in page
