"""Verbs that look: everything at once, whichever file it is in, each thing once; and nothing left behind."""

import json
from pathlib import Path

import pytest

from tests.cli.inside import Shell
from tests.cli.test_serve import CONFIG, PEOPLE

BROKEN = PEOPLE.replace('"first"', '{ attr = "first", requird = true }').replace('["userName"]', '["externalId"]') % "x"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def site(shell: Shell) -> Shell:
    (shell.cwd / "config.toml").write_text(CONFIG % ("0" * 64))
    (shell.cwd / "people.toml").write_text(PEOPLE % "ann")
    return shell


FORM = "people.toml:9: user.map.\"name.givenName\".requird: unknown key 'requird'; did you mean 'required'?"
MATCH = "people.toml:6: user.match[1]: no row maps 'externalId', so nothing can be found by it"
SERVER = "config.toml:3: server.lissten: unknown key; did you mean 'listen'?"
BULK = "config.toml:12: connection.okta.bulk: must be true or false"
TARGET = "config.toml:5: target.app.unqiue: "


@pytest.mark.parametrize("words", [("check",), ("test",), ("serve", "--listen", "127.0.0.1:0")])
def test_mistakes_in_the_configuration_do_not_hide_those_in_a_mapping(site: Shell, words: tuple[str, ...]) -> None:
    text = (CONFIG % ("0" * 64)).replace("[server]", '[server]\nlissten = "x"') + "bulk = 1.5\n"
    (site.cwd / "config.toml").write_text(text)
    (site.cwd / "people.toml").write_text(BROKEN)
    done = site(*words)
    assert done.err.splitlines() == [SERVER, BULK, MATCH, FORM]
    assert done.code == (1 if words == ("check",) else 2)
    assert sorted(path.name for path in site.cwd.iterdir()) == ["config.toml", "people.toml"]


def test_a_target_is_looked_at_although_another_table_is_broken(site: Shell) -> None:
    text = (CONFIG % ("0" * 64)).replace('kind = "memory"', 'kind = "sql"\nulr = "sqlite:///x.db"\nretry = 5')
    (site.cwd / "config.toml").write_text(text)
    lines = site("check").err.splitlines()
    assert any("target.app.retry: must be a table" in line for line in lines), lines
    assert any("target.app.ulr: unknown key 'ulr'; did you mean 'url'?" in line for line in lines), lines
    assert any("is for a target of kind 'memory'; 'app' is 'sql'" in line for line in lines), lines


def test_a_broken_law_does_not_hide_a_failing_test(site: Shell) -> None:
    lossy = (PEOPLE % "ben").replace('"first"', '{ attr = "first", via = [{ prefix = "X-" }, "lower"] }')
    (site.cwd / "people.toml").write_text(lossy)
    law, test = site("check", "people.toml").err.splitlines()
    assert law.startswith('people.toml:9: user.map."name.givenName": law 2, the IdP reads back what it wrote: ')
    assert test.startswith("people.toml:12: test[1]: test 'a person' fails: gives.login: expected 'ben', got 'ann'")


def test_what_a_file_and_its_configuration_both_say_is_said_once(site: Shell) -> None:
    (site.cwd / "people.toml").write_text(BROKEN)
    done = site("check", "config.toml", "./people.toml")
    assert done.err.splitlines() == [MATCH, FORM]
    assert done.out == ""


def test_every_missing_secret_is_named_at_its_key(site: Shell) -> None:
    more = '[target.x]\nkind = "ldap"\nurls = ["ldap://127.0.0.1"]\nbase = "dc=x"\n'
    more += 'bind = { dn = "env:DN_X", password = "env:PW_X" }\n'
    (site.cwd / "config.toml").write_text(
        (CONFIG % ("0" * 64)).replace('"sqlite:///ledger.db"', '"env:LEDGER_X"') + more
    )
    done = site("check")
    assert done.code == 0
    assert done.err.splitlines() == [
        "warning: config.toml:3: server.ledger: the environment variable LEDGER_X is not set",
        "warning: config.toml:15: target.x.bind.dn: the environment variable DN_X is not set",
        "warning: config.toml:15: target.x.bind.password: the environment variable PW_X is not set",
    ]
    refused = site("serve")
    assert refused.err.splitlines() == [line.removeprefix("warning: ") for line in done.err.splitlines()]


@pytest.mark.parametrize("verb", ["check", "test"])
def test_presets_files_and_what_is_neither(site: Shell, verb: str) -> None:
    fine = site(verb, "sql", "people.toml")
    assert fine.code == 0, fine
    assert "sql" in fine.out
    wrong = site(verb, "slq", "peple.toml", "people.toml")
    assert wrong.code == 2
    assert wrong.err.splitlines() == [
        "there is no preset 'slq'; did you mean 'sql'?",
        "there is no file peple.toml; did you mean 'people.toml'?",
    ]


def test_a_mapping_without_its_format_is_not_taken_for_a_configuration(site: Shell) -> None:
    (site.cwd / "people.toml").write_text((PEOPLE % "ann").replace("format", "fromat"))
    done = site("check", "people.toml")
    assert done.err.splitlines() == ["people.toml:2: fromat: unknown key 'fromat'; did you mean 'format'?"]


LOOKING = [
    ("check",),
    ("check", "--json"),
    ("check", "--online"),
    ("check", "openldap"),
    ("test",),
    ("test", "sql"),
    ("map", "sql"),
    ("token", "list"),
    ("token", "revoke", "x"),
    ("audit",),
    ("audit", "someone", "--json"),
    ("relink", "--dry-run"),
    ("serve", "--help"),
]


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_without_a_configuration_a_verb_that_looks_leaves_nothing_behind(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell(*words, given="{}")
    assert list(shell.cwd.iterdir()) == []
    needs = words[0] in ("token", "audit", "relink", "test") and "sql" not in words
    assert ("there is no config.toml here" in done.err) == needs
    assert done.code == (2 if needs else 1 if words[0] == "map" else 0), done


SQL = """[server]
ledger = "sqlite:///ledger.db"
[target.app]
kind = "sql"
url = "sqlite:///app.db"
[connection.okta]
path = "/scim"
target = "app"
mapping = "%s"
"""


@pytest.mark.parametrize("mapping", ["embedded", "sql"])
@pytest.mark.parametrize(
    "words", [words for words in LOOKING if words[-1] not in ("openldap", "sql") and words[0] != "relink"], ids=" ".join
)
def test_with_a_configuration_too(shell: Shell, words: tuple[str, ...], mapping: str) -> None:
    (shell.cwd / "config.toml").write_text(SQL % mapping)
    done = shell(*words, given="{}")
    assert [path.name for path in shell.cwd.iterdir()] == ["config.toml"], done
    if words[:2] == ("token", "list"):
        assert "no token yet" in done.out
    if words == ("check", "--online"):
        assert done.code == (0 if mapping == "embedded" else 1)
        assert ("there is no file" in done.err) == (mapping == "sql")


def test_findings_for_a_script_are_in_the_same_order(site: Shell) -> None:
    (site.cwd / "people.toml").write_text(BROKEN)
    found = json.loads(site("check", "--json").out)
    assert [f"{each['place']}: {each['text']}" for each in found] == [MATCH, FORM]
