"""The verbs that look and judge: check, test, map, token, audit, relink, and what each ends with."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import dirbridge, on_terminal, serving
from tests.cli.test_serve import ANN, CONFIG, PEOPLE


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG % ("0" * 64))
    (tmp_path / "people.toml").write_text(PEOPLE % "ann")
    return tmp_path


def test_check_is_content_with_what_is_right(site: Path) -> None:
    done = dirbridge("check", "config.toml", "people.toml", cwd=site)
    assert (done.returncode, done.stdout) == (0, "config.toml: fine\npeople.toml: fine\n")
    assert dirbridge("check", "people.toml", "--json", cwd=site).stdout == "[]\n"


def test_check_says_everything_at_once(site: Path) -> None:
    (site / "people.toml").write_text((PEOPLE % "ann").replace('"first"', '{ attr = "first", via = ["lowr"] }'))
    (site / "config.toml").write_text((CONFIG % ("0" * 64)) + "put_create = true\n")
    done = dirbridge("check", "config.toml", "people.toml", cwd=site)
    assert done.returncode == 1
    assert "config.toml:11: connection.okta.put_create: unknown key; did you mean 'put_creates'?" in done.stderr
    assert "did you mean 'lower'?" in done.stderr
    found = json.loads(dirbridge("check", "people.toml", "--json", cwd=site).stdout)
    assert found[0]["level"] == "error"
    assert "lowr" in found[0]["text"]


def test_check_names_the_line_of_a_target_s_unknown_key(site: Path) -> None:
    text = (
        CONFIG % ("0" * 64)
    ) + '[target.corp]\nkind = "ldap"\nurls = ["ldap://127.0.0.1:1"]\nbase = "dc=x"\nbse = "dc=x"\n'
    (site / "config.toml").write_text(text)
    line = text.splitlines().index('bse = "dc=x"') + 1
    done = dirbridge("check", cwd=site)
    assert f"config.toml:{line}: target.corp.bse: unknown key 'bse'; did you mean 'base'?" in done.stderr


def test_check_does_without_secrets_until_it_has_to_go_online(site: Path) -> None:
    more = '[target.far]\nkind = "sql"\nurl = "env:DIRBRIDGE_NOT_SET"\n'
    (site / "config.toml").write_text((CONFIG % ("0" * 64)) + more)
    done = dirbridge("check", cwd=site)
    assert (done.returncode, done.stdout) == (0, "config.toml: fine\n")
    assert (
        "warning: config.toml:13: target.far.url: the environment variable DIRBRIDGE_NOT_SET is not set" in done.stderr
    )
    assert dirbridge("check", "--online", cwd=site).returncode == 1


def test_check_online_asks_the_targets(tmp_path: Path) -> None:
    config = '[target.app]\nkind = "sql"\nurl = "sqlite:///app.db"\n'
    config += '[connection.okta]\npath = "/scim"\ntarget = "app"\nmapping = "sql"\n'
    (tmp_path / "config.toml").write_text(config)
    assert dirbridge("check", "config.toml", cwd=tmp_path).returncode == 0
    asked = dirbridge("check", "--online", "config.toml", cwd=tmp_path)
    assert asked.returncode == 1
    assert "users" in asked.stderr


def test_check_online_says_that_a_target_is_away(tmp_path: Path) -> None:
    config = '[target.corp]\nkind = "ldap"\nurls = ["ldap://127.0.0.1:1"]\nbase = "dc=example,dc=com"\n'
    config += '[connection.okta]\npath = "/scim"\ntarget = "corp"\nmapping = "openldap"\n'
    config += '[connection.entra]\npath = "/entra"\ntarget = "corp"\nmapping = "openldap"\n'
    (tmp_path / "config.toml").write_text(config)
    asked = dirbridge("check", "--online", "config.toml", cwd=tmp_path)
    assert asked.returncode == 3, asked.stderr
    assert asked.stderr.count("unreachable: config.toml:1: target.corp: ") == 1, (
        "a target is asked, and named, once for all connections"
    )


@pytest.mark.parametrize("preset", ["embedded", "openldap", "sql"])
def test_the_tests_of_the_presets_pass(preset: str, tmp_path: Path) -> None:
    done = dirbridge("test", preset, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_failing_test_is_found_and_explained(site: Path) -> None:
    (site / "people.toml").write_text(PEOPLE % "ben")
    done = dirbridge("test", cwd=site)
    assert done.returncode == 1
    assert "people.toml F" in done.stdout
    assert "gives.login: expected 'ben', got 'ann'" in done.stdout
    (result,) = json.loads(dirbridge("test", "people.toml", "--json", cwd=site).stdout)
    assert (result["ok"], result["test"]) == (False, "a person")


def test_map_shows_target_and_what_reads_back(tmp_path: Path) -> None:
    document = {**ANN, "active": "True", "password": "s3cret", "department": "Research"}
    done = dirbridge("map", "openldap", "--json", cwd=tmp_path, given=json.dumps(document))
    shown = json.loads(done.stdout)
    assert shown["target"]["sn"] == "Lee"
    assert shown["target"]["uid"] == "ann@example.com"
    assert shown["scim"]["name"] == {"givenName": "Ann", "familyName": "Lee"}
    assert "s3cret" not in done.stdout
    plain = dirbridge("map", "openldap", cwd=tmp_path, given=json.dumps(document))
    assert "uid" in plain.stdout
    assert "reads back as" in plain.stdout


def test_map_names_what_no_row_reads(tmp_path: Path) -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    document = {
        **ANN,
        "id": "1",
        "active": True,
        "nickName": "Annie",
        "locale": "",
        "name": {"familyName": "Lee", "middleName": "Q"},
        "emails": [{"type": "Work", "value": "a@x"}, {"type": "home", "value": "b@x"}, {"value": "c@x"}],
        "department": "Research",
        enterprise: {"costCenter": "41", "manager": {"value": "7", "displayName": "Bo"}},
    }
    lost = ["name.middleName", "nickName", 'emails[type eq "home"]', "emails[3]"]
    lost += [f"{enterprise}:costCenter", f"{enterprise}:manager.displayName"]
    done = dirbridge("map", "openldap", "--json", cwd=tmp_path, given=json.dumps(document))
    assert json.loads(done.stdout)["unread"] == lost
    assert "_ref" not in done.stdout
    plain = dirbridge("map", "openldap", cwd=tmp_path, given=json.dumps(document)).stdout
    assert [line.strip() for line in plain.partition("ignored, as no row reads it")[2].splitlines()[1:]] == lost
    group = json.dumps({"displayName": "Team", "members": [{"value": "7"}]})
    kept = json.loads(dirbridge("map", "openldap", "--for", "group", "--json", cwd=tmp_path, given=group).stdout)
    assert kept["unread"] == []


@pytest.mark.parametrize(("preset", "place"), [("openldap", "member"), ("sql", "memberships")])
def test_map_shows_the_members_of_a_group_where_they_would_stand(preset: str, place: str, tmp_path: Path) -> None:
    group = json.dumps({"displayName": "Team", "members": [{"value": "7"}, {"value": "8"}]})
    shown = json.loads(dirbridge("map", preset, "--for", "group", "--json", cwd=tmp_path, given=group).stdout)
    assert shown["target"][place] == ["7", "8"]
    assert shown["scim"]["members"] == [{"value": "7"}, {"value": "8"}]


@pytest.mark.parametrize(
    ("words", "given", "code", "sentence"),
    [
        (["openldap"], '{"userName": ""}', 1, "would be refused: 400"),
        (["openldap"], "{", 2, "not JSON"),
        (["openldp"], "{}", 2, "did you mean 'openldap'?"),
        (["openldap", "--for", "Device"], "{}", 2, "no resource type 'Device'"),
    ],
)
def test_map_ends_with_a_sentence(words: list[str], given: str, code: int, sentence: str, tmp_path: Path) -> None:
    done = dirbridge("map", *words, cwd=tmp_path, given=given)
    assert done.returncode == code
    assert sentence in done.stderr


def test_tokens_are_listed_without_their_secrets(tmp_path: Path) -> None:
    def tokens() -> list[dict[str, Any]]:
        return list(json.loads(dirbridge("token", "list", "--json", cwd=tmp_path).stdout))

    secret = json.loads(dirbridge("token", "create", "a", "--json", cwd=tmp_path).stdout)["secret"]
    made = dirbridge("token", "create", "b", "--read-only", "--expires", "90d", cwd=tmp_path)
    assert made.returncode == 0
    assert secret.startswith("dbr-scim-")
    assert [(each["name"], each["state"], each["read_only"]) for each in tokens()] == [
        ("a", "active", False),
        ("b", "active", True),
    ]
    assert dirbridge("token", "revoke", "a", cwd=tmp_path).returncode == 0
    assert tokens()[0]["state"] == "revoked"
    listed = dirbridge("token", "list", cwd=tmp_path)
    assert secret not in listed.stdout
    assert secret[:12] in listed.stdout
    assert dirbridge("token", "revoke", "nobody", cwd=tmp_path).returncode == 1
    assert dirbridge("token", "create", "b", cwd=tmp_path).returncode == 1


def test_several_connections_must_be_told_apart(site: Path) -> None:
    more = '[connection.entra]\npath = "/entra"\ntarget = "app"\nmapping = "people.toml"\n'
    (site / "config.toml").write_text((CONFIG % ("0" * 64)) + more)
    done = dirbridge("token", "create", "x", cwd=site)
    assert done.returncode == 2
    assert "add --connection, one of okta, entra" in done.stderr
    wrong = dirbridge("token", "create", "x", "--connection", "okat", cwd=site)
    assert "did you mean 'okta'?" in wrong.stderr
    assert dirbridge("token", "create", "x", "--connection", "entra", cwd=site).returncode == 0


def test_a_ledger_that_is_away_is_exit_code_3(site: Path) -> None:
    away = (CONFIG % ("0" * 64)).replace("sqlite:///ledger.db", "postgresql+psycopg://nobody@127.0.0.1:1/ledger")
    (site / "config.toml").write_text(away)
    listed = dirbridge("token", "list", cwd=site)
    assert (listed.returncode, listed.stdout) == (3, "")
    assert listed.stderr.startswith("config.toml:3: server.ledger: the ledger cannot be used: its PostgreSQL")
    served = dirbridge("serve", "--listen", "127.0.0.1:0", cwd=site)
    assert (served.returncode, served.stdout, served.stderr) == (3, "", listed.stderr)


def test_the_audit_shows_who_did_what(tmp_path: Path) -> None:
    with serving(cwd=tmp_path) as gateway:
        _, created = gateway.ask("POST", "/Users", ANN)
        gateway.ask("PUT", f"/Users/{created['id']}", {**ANN, "title": "Lead [of] all"})
    lines = json.loads(dirbridge("audit", "--json", cwd=tmp_path).stdout)
    assert [(line["operation"], line["outcome"], line["actor"]) for line in lines] == [
        ("create", "done", "first"),
        ("replace", "done", "first"),
    ]
    shown = dirbridge("audit", created["id"], cwd=tmp_path).stdout
    assert "Lead [of] all" in shown
    screen = on_terminal("audit", cwd=tmp_path)
    assert f"  done  create User {created['id']}\n" in screen, "an id is cut into pieces that nobody can copy"
    assert max(map(len, screen.splitlines())) <= 80
    tokens = on_terminal("token", "list", cwd=tmp_path)
    assert re.match(r"first  \(default\)  dbr-scim-\w{6}…  read, write  active\n  created \d{4}-\d\d-\d\d ", tokens)
    assert dirbridge("audit", "--since", "soon", cwd=tmp_path).returncode == 2


def test_the_audit_shows_what_a_terminal_would_obey(tmp_path: Path) -> None:
    with serving(cwd=tmp_path) as gateway:
        status, created = gateway.ask("POST", "/Users", {**ANN, "displayName": "a\x1b[31m\x1b]0;owned\x07\nb\u202ec"})
        assert status == 201
        assert created["displayName"] == "a\x1b[31m\x1b]0;owned\x07\nb\u202ec", "nothing is lost on the way"
    for screen in (dirbridge("audit", cwd=tmp_path).stdout, on_terminal("audit", cwd=tmp_path)):
        assert "\x1b[31m" not in screen
        assert "\x1b]0" not in screen
        assert "\u202e" not in screen
        assert r"displayName = a\x1b[31m\x1b]0;owned\x07\nb\u202ec" in " ".join(screen.split())


def test_relink_takes_objects_back_after_the_loss_of_the_ledger(tmp_path: Path) -> None:
    with serving(cwd=tmp_path) as gateway:
        _, created = gateway.ask("POST", "/Users", ANN)
    for path in (tmp_path / "dirbridge-data").glob("ledger.db*"):
        path.unlink()

    def relinked(*words: str) -> dict[str, int]:
        done = dirbridge("relink", "--json", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout)["User"])

    assert relinked() == {"linked": 0, "moved": 0, "known": 0, "left": 1}
    assert relinked("--all", "--dry-run") == {"linked": 1, "moved": 0, "known": 0, "left": 0}
    assert relinked("--all") == {"linked": 1, "moved": 0, "known": 0, "left": 0}
    assert relinked("--all") == {"linked": 0, "moved": 0, "known": 1, "left": 0}
    with serving(cwd=tmp_path) as gateway:
        assert gateway.ask("POST", "/Users", ANN)[0] == 409
        assert gateway.ask("GET", f"/Users/{created['id']}")[1]["userName"] == "ann@example.com"


def test_the_version_and_the_help(tmp_path: Path) -> None:
    assert dirbridge("--version", cwd=tmp_path).stdout.startswith("dirbridge 0.")
    assert "serve" in dirbridge("--help", cwd=tmp_path).stdout
