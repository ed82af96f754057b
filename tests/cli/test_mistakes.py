"""Mistakes as people make them at nine in the morning: each is one sentence that names the thing, the place and what
to do, and none is a traceback. The verbs run in this process, so that the table can grow.
"""

import json
from pathlib import Path

import pytest

from tests.cli.inside import Shell

CONFIG = """\
[server]
ledger = "sqlite:///ledger.db"
[target.corp]
kind = "ldap"
urls = ["ldap://127.0.0.1:1"]
base = "dc=example,dc=com"
bind = { dn = "cn=gateway,{base}", password = "env:LDAP_PASSWORD" }
[target.saas]
kind = "rest"
base = "http://127.0.0.1:1/v1"
auth = { bearer = "env:SAAS_TOKEN" }
[connection.okta]
path    = "/scim/v2"
dialect = "okta"
target  = "corp"
mapping = "corp.toml"
"""
MAPPING = """\
format = 1
extends = "openldap"
[user.map]
title = "title"
"name.givenName" = "givenName"
[[test]]
name = "a person"
scim = '{"userName": "ann", "name": {"familyName": "Lee"}}'
gives.uid = "ann"
"""
SYNTAX = "a quote is not closed"
IN_CONFIG = [
    ("dialect", "dialekt", "config.toml:14: connection.okta.dialekt: unknown key; did you mean 'dialect'?"),
    ('"okta"', '"octa"', "config.toml:14: connection.okta.dialect: 'octa' is not known here; did you mean 'okta'?"),
    ('"okta"', "okta", "config.toml:14: dialect: this is no value: a text stands in quotes"),
    ('"okta"', "“okta”", "config.toml:14: dialect: this is no value: a text stands in quotes"),
    ('dc=com"', "dc=com", f"config.toml:6: base: {SYNTAX}"),
    ('= "corp"', '= "crop"', "config.toml:15: connection.okta.target: there is no [target.crop]; did you mean 'corp'?"),
    (
        '= "corp"',
        '= "saas"',
        "config.toml:16: connection.okta.mapping: corp.toml is for a target of kind 'ldap'; 'saas' is",
    ),
    (
        "corp.toml",
        "korp.toml",
        "config.toml:16: connection.okta.mapping: there is no file korp.toml; did you mean 'corp.toml'?",
    ),
    (
        "corp.toml",
        "openldp",
        "config.toml:16: connection.okta.mapping: there is no preset 'openldp'; did you mean 'openldap'?",
    ),
    ("[connection.okta]", "[connections.okta]", "config.toml:12: connections: unknown key; did you mean 'connection'?"),
    (
        "[connection.okta]",
        "[connection]",
        "config.toml:13: connection.path: a connection has a name: [connection.NAME]",
    ),
    ("[target.saas]", "[target.corp]", "config.toml:8: TOML: the table [target.corp] is there already, further up"),
    (
        'kind = "rest"',
        'kind = "rest"\nkind = "sql"',
        "config.toml:10: kind: the key is there already; remove one of the two",
    ),
    ('"env:LDAP_PASSWORD"', '"hunter2"', "config.toml:7: target.corp.bind.password: a secret is never written here"),
    ('"ldap://127.0.0.1:1"', '"127.0.0.1"', "config.toml:5: target.corp.urls: urls: '127.0.0.1' is not an ldap:// or"),
    ('base = "dc=example,dc=com"\n', "", "config.toml:3: target.corp: base must be the DN that all entries lie under"),
    (
        "http://127.0.0.1:1",
        "htp:/127.0.0.1",
        "config.toml:10: target.saas.base: 'base' is no address; one is written like",
    ),
    ("bearer", "baerer", "config.toml:11: target.saas.auth.baerer: auth: unknown key 'baerer'; did you mean 'bearer'?"),
    (
        "[server]",
        "[server]\nlisten = 8080",
        'config.toml:2: server.listen: 8080 is not an address; write "127.0.0.1:8080"',
    ),
    ("sqlite:///", "sqlite:///var/", "config.toml:2: server.ledger: the directory "),
    (
        "[server]",
        '[server]\ntls = { cert = "file:c", key = "file:k" }',
        "warning: config.toml:2: server.tls: the file ",
    ),
    (
        'kind = "ldap"',
        'kind = "ldpa"',
        "config.toml:4: target.corp.kind: there is no connector 'ldpa'; did you mean 'ldap'?",
    ),
    (
        '"/scim/v2"',
        '"/scim/v2"\nfrom = "10.0.0.0/8"',
        "config.toml:14: connection.okta.from: must be a list, in brackets",
    ),
    (CONFIG, "", "config.toml:1: connection: there is no [connection.NAME]; config.example.toml has one to start from"),
]
IN_MAPPING = [
    ("title =", "titel =", "corp.toml:4: user.map.titel: 'titel' is not an attribute of User; did you mean 'title'?"),
    (
        '"name.givenName"',
        "name.givenName",
        'corp.toml:5: user.map.name: a SCIM path with a dot stands in quotes: "name.giv',
    ),
    (
        "title =",
        'emails[type eq "work"].value =',
        "corp.toml:4: TOML: '=' is missing: a line is key = value or a [table]",
    ),
    ("title =", "nickName =", "corp.toml:4: user.map.nickName: two rows write 'title' (the other in openldap:"),
    (
        '= "title"',
        '= { attr = "title", via = "trim" }',
        "corp.toml:4: user.map.title.via: must be an array of steps, as in",
    ),
    (
        '= "title"',
        '= { attr = "title", via = ["trmi"] }',
        "corp.toml:4: user.map.title: unknown step 'trmi'; did you mean",
    ),
    (
        '= "title"',
        '= {\n attr = "title"\n}',
        "corp.toml:4: title: a table { … } is not closed, lacks a comma, or has one",
    ),
    ("[user.map]", "[user.mpa]", "corp.toml:3: user.mpa: unknown key 'mpa'; did you mean 'map'?"),
    ('"Lee"}}', '"Lee"}', "corp.toml:8: test[1].scim: is not JSON: unexpected end of data"),
    ('= "ann"\n', '= "bob"\n', "corp.toml:6: test[1]: test 'a person' fails: gives.uid: expected 'bob', got 'ann'"),
    ("openldap", "openldpa", "corp.toml:2: extends: there is no preset 'openldpa'; did you mean 'openldap'?"),
    ("format = 1", "format = 2", "corp.toml:1: format: this version reads format 1, not 2"),
    ("[[test]]", "[user.map]\n[[test]]", "corp.toml:6: TOML: the table [user.map] is there already, further up"),
]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in ("LDAP_PASSWORD", "SAAS_TOKEN"):
        monkeypatch.setenv(name, "there")
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "corp.toml").write_text(MAPPING)
    return Shell(tmp_path)


def first(shell: Shell, *words: str) -> str:
    """Run ``check``; all that it says is one sentence, unless a second is true beside it."""
    done = shell("check", *words)
    lines = done.err.splitlines()
    assert done.code == (0 if lines and lines[0].startswith("warning: ") else 1), done
    return lines[-1]


@pytest.mark.parametrize(("old", "new", "said"), IN_CONFIG, ids=lambda given: str(given)[:24])
def test_a_mistake_in_the_configuration(shell: Shell, old: str, new: str, said: str) -> None:
    (shell.cwd / "config.toml").write_text(CONFIG.replace(old, new, 1))
    assert first(shell).startswith(said)


@pytest.mark.parametrize(("old", "new", "said"), IN_MAPPING, ids=lambda given: str(given)[:24])
def test_a_mistake_in_a_mapping(shell: Shell, old: str, new: str, said: str) -> None:
    (shell.cwd / "corp.toml").write_text(MAPPING.replace(old, new, 1))
    assert first(shell, "corp.toml").startswith(said)


@pytest.mark.parametrize("name", ["config.toml", "corp.toml"])
def test_what_editors_do_to_a_file(shell: Shell, name: str) -> None:
    text = (shell.cwd / name).read_text()
    for right in (text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode(), text.replace(" = ", "\t=\t").encode()):
        (shell.cwd / name).write_bytes(right)
        assert shell("test").code == 0
    (shell.cwd / name).write_bytes(text.encode("utf-16"))
    assert f"{name} is not UTF-8 text (line 1); save it with the encoding UTF-8" in first(shell)
    (shell.cwd / name).write_bytes(text.replace("a person", "jürgen").replace('"okta"', '"ökta"').encode("latin-1"))
    assert f"{name} is not UTF-8 text (line {14 if name == 'config.toml' else 7}); " in first(shell)
    (shell.cwd / name).unlink()
    (shell.cwd / name).mkdir()
    assert f"cannot read {name}: Is a directory" in first(shell, name)


@pytest.mark.parametrize("verb", ["serve", "test", "check"])
def test_secrets_that_are_not_there(shell: Shell, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LDAP_PASSWORD")
    (shell.cwd / "config.toml").write_text(CONFIG.replace("env:SAAS_TOKEN", "file:saas.token"))
    done = shell(verb)
    lines = [line.removeprefix("warning: ") for line in done.err.splitlines()]
    assert done.code == (2 if verb == "serve" else 0)
    expected = "config.toml:7: target.corp.bind.password: the environment variable LDAP_PASSWORD is not set"
    assert lines[:1] == ([] if verb == "test" else [expected])
    assert all(str(shell.cwd / "saas.token") in line for line in lines[1:])


def test_a_target_that_is_away_has_its_place_and_a_next_step(shell: Shell) -> None:
    done = shell("check", "--online")
    assert done.code == 3
    assert done.err.startswith("unreachable: config.toml:3: target.corp: cannot be asked: ")
    assert done.err.endswith("; see whether it runs, and can be reached from here\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check", "nope.toml"), 2, "there is no file nope.toml"),
        (("check", "--config", "nope.toml"), 1, "there is no file nope.toml"),
        (("serve", "--config", "nope.toml"), 2, "there is no file nope.toml"),
        (("serve", "--listen", "8080"), 2, "--listen: '8080' is not an address; write "),
        (("token", "create", "x", "--connection", "otka"), 2, "there is no [connection.otka]; did you mean 'okta'?"),
        (("token", "create", "x", "--expires", "soon"), 2, "'soon' is not a duration"),
        (("audit", "--since", "yesterday"), 2, "'yesterday' is not a duration"),
        (("map", "corp.toml", "--for", "Usr"), 2, "corp.toml has no resource type 'Usr'; did you mean 'User'?"),
        (("map", "corp.toml"), 1, "would be refused: 400"),
        (("chek",), 2, "Did you mean 'check'?"),
        (("check", "--onlin"), 2, "--online"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_a_wrong_call(shell: Shell, words: tuple[str, ...], code: int, said: str) -> None:
    done = shell(*words, given=json.dumps({"displayName": "x"}))
    assert done.code == code, done
    assert said in done.err
    assert {path.name for path in shell.cwd.iterdir()} == {"config.toml", "corp.toml"}
