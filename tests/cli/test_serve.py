"""``dirbridge serve``: with and without a configuration, to the end of its life."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.running import dirbridge, serving

ANN = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ann@example.com",
    "name": {"givenName": "Ann", "familyName": "Lee"},
}


def test_without_a_configuration_it_just_works(tmp_path: Path) -> None:
    with serving(cwd=tmp_path, cold=True) as gateway:
        assert "/scim/v2\n    Unique identifier   userName\n" in gateway.said
        status, created = gateway.ask("POST", "/Users", ANN)
        assert status == 201
        assert created["meta"]["location"] == f"{gateway.url}/Users/{created['id']}"
        assert gateway.ask("GET", f"/Users/{created['id']}")[1]["userName"] == "ann@example.com"
        assert gateway.ask("GET", "/Users", token="dbr-scim-wrong")[0] == 401
        assert gateway.stop() == 0
    assert {path.name for path in (tmp_path / "dirbridge-data").iterdir()} >= {"ledger.db", "directory.db"}


def test_it_remembers_and_shows_the_first_token_once(tmp_path: Path) -> None:
    with serving(cwd=tmp_path) as first:
        _, created = first.ask("POST", "/Users", ANN)
        token = first.token
    with serving(cwd=tmp_path) as second:
        assert second.token == ""
        assert "dirbridge token create NAME" in second.said
        assert second.ask("GET", f"/Users/{created['id']}", token=token)[1]["userName"] == "ann@example.com"


def test_a_token_made_and_revoked_beside_it_counts_at_once(tmp_path: Path) -> None:
    with serving(cwd=tmp_path) as gateway:
        made = dirbridge("token", "create", "okta", "--json", cwd=tmp_path)
        secret = json.loads(made.stdout)["secret"]
        assert gateway.ask("GET", "/Users", token=secret)[0] == 200
        assert dirbridge("token", "revoke", "okta", cwd=tmp_path).returncode == 0
        assert gateway.ask("GET", "/Users", token=secret)[0] == 401


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "dirbridge-data").write_text("a file stands in its place, which stops root too")
    done = dirbridge("serve", "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cannot make the folder ")
    assert done.stderr.endswith("or with --config FILE\n")


def test_one_ledger_is_not_served_twice(tmp_path: Path) -> None:
    with serving(cwd=tmp_path):
        second = dirbridge("serve", "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert second.returncode == 3
    assert "another dirbridge serves from the ledger" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with serving(cwd=tmp_path) as gateway:
        other = tmp_path / "other"
        other.mkdir()
        address = gateway.url.split("/")[2]
        second = dirbridge("serve", "--listen", address, cwd=other)
    assert second.returncode == 2
    assert f"cannot listen on {address}" in second.stderr
    with serving(cwd=other) as third:
        assert third.token != "", "the first token was made and thrown away by the start that failed"


CONFIG = """
[server]
ledger = "sqlite:///ledger.db"
[target.app]
kind = "memory"
[connection.okta]
path = "/scim/v2"
target = "app"
mapping = "people.toml"
tokens = [{ name = "vault", sha256 = "%s" }]
"""
PEOPLE = """
format = 1
target = "memory"
[user]
anchor = "id"
match = ["userName"]
[user.map]
userName = { attr = "login", required = true }
"name.givenName" = "first"
"name.familyName" = "last"
active = "on"
[[test]]
name = "a person"
scim = '''{"userName": "ann"}'''
gives.login = "%s"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    from hashlib import sha256

    (tmp_path / "config.toml").write_text(CONFIG % sha256(b"from-the-vault").hexdigest())
    (tmp_path / "people.toml").write_text(PEOPLE % "ann")
    return tmp_path


def test_with_a_configuration(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with serving("--config", str(site / "config.toml"), cwd=elsewhere) as gateway:
        assert gateway.token == ""
        assert gateway.ask("POST", "/Users", ANN, token="from-the-vault")[0] == 201
        types = gateway.ask("GET", "/ResourceTypes", token="from-the-vault")[1]
        assert [each["name"] for each in types["Resources"]] == ["User"]
    assert (site / "ledger.db").exists()
    assert list(elsewhere.glob("*.db")) == []


def test_a_failing_mapping_test_keeps_it_from_starting(site: Path) -> None:
    (site / "people.toml").write_text(PEOPLE % "ben")
    refused = dirbridge("serve", "--listen", "127.0.0.1:0", cwd=site)
    assert refused.returncode == 2
    assert "people.toml:12:" in refused.stderr
    assert "'a person'" in refused.stderr
    with serving("--skip-mapping-tests", cwd=site) as gateway:
        assert gateway.ask("GET", "/Users", token="from-the-vault")[0] == 200


def test_sighup_reloads_what_is_right_and_keeps_what_is_served_from_what_is_not(site: Path) -> None:
    titled = (PEOPLE % "ann").replace('active = "on"', 'active = "on"\ntitle = "job"')
    with serving(cwd=site) as gateway:
        (site / "people.toml").write_text(titled.replace("title", "titel"))
        gateway.process.send_signal(signal.SIGHUP)
        log = until(site / "serve.log", "not reloaded, and served as before")
        assert "people.toml:12: user.map.titel: 'titel' is not an attribute of User; did you mean 'title'?" in log
        assert gateway.ask("GET", "/Users", token="from-the-vault")[0] == 200
        (site / "people.toml").write_text(titled)
        gateway.process.send_signal(signal.SIGHUP)
        until(site / "serve.log", "reloaded: okta (people.toml)")
        created = gateway.ask("POST", "/Users", {**ANN, "title": "Lead"}, token="from-the-vault")[1]
        assert created["title"] == "Lead"
        assert gateway.stop() == 0
    assert "Traceback" not in (site / "serve.log").read_text()


def until(log: Path, said: str) -> str:
    """Wait for a line of a log; return the whole."""
    for _ in range(600):
        if said in (text := log.read_text()):
            return text
        time.sleep(0.1)
    raise AssertionError(f"never said {said!r}:\n{log.read_text()}")


def test_everything_wrong_is_said_before_anything_is_opened(site: Path) -> None:
    (site / "config.toml").write_text((site / "config.toml").read_text() + 'dialect = "oktaa"\nbulk = "yes please"\n')
    refused = dirbridge("serve", cwd=site)
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "config.toml:11: connection.okta.dialect: 'oktaa' is not known here; did you mean 'okta'?",
        "config.toml:12: connection.okta.bulk: must be true or false",
    ]
    assert not (site / "ledger.db").exists()
