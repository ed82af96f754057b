"""config.toml: what loads, and what every mistake is called."""

from pathlib import Path

import pytest

from gateway.config import Address, Config, ConfigError, Rate, load_config, parse_config

GOOD = """
[target.corp]
kind = "ldap"
urls = ["ldaps://ldap1.example.com"]
bind = { dn = "cn=gateway", password = "env:LDAP_PASSWORD" }

[connection.okta]
path = "/scim/v2/"
target = "corp"
mapping = "openldap"
"""


def config(text: str) -> Config:
    return parse_config(text, "config.toml", Path("/etc/dirbridge"))


def complaints(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config(text)
    return [str(message) for message in caught.value.messages]


def test_a_small_file_has_the_defaults_of_the_semantics() -> None:
    loaded = config(GOOD)
    okta = loaded.connection["okta"]
    assert loaded.server.listen == Address("127.0.0.1", 8080)
    assert loaded.target["corp"].options == {
        "urls": ["ldaps://ldap1.example.com"],
        "bind": {"dn": "cn=gateway", "password": "env:LDAP_PASSWORD"},
    }
    assert okta.mount == "/scim/v2"
    assert (okta.dialect, okta.mode, okta.patch_response, okta.put_creates) == ("tolerant", "live", "auto", False)
    assert (okta.bulk, okta.sort, okta.etag) == (True, True, True)
    assert okta.limit.reads is None
    assert okta.limit.writes is None
    assert loaded.root == Path("/etc/dirbridge")


def test_notations() -> None:
    text = GOOD + 'limit = { reads = "100/s", writes = "50/min" }\nfrom = ["10.0.0.0/8", "::1"]\n'
    text += '[server]\nlisten = "[::1]:0"\nmax_body = "2MB"\n[target.corp.retry]\ndeadline = "500ms"\n'
    loaded = config(text)
    okta = loaded.connection["okta"]
    assert okta.limit.reads == Rate(100, 1.0)
    assert okta.limit.writes == Rate(50, 60.0)
    assert [str(source) for source in okta.sources] == ["10.0.0.0/8", "::1/128"]
    assert str(loaded.server.listen) == "[::1]:0"
    assert loaded.server.max_body == 2_000_000
    assert loaded.target["corp"].retry.deadline == 0.5


def test_all_errors_at_once_with_file_line_and_suggestion() -> None:
    assert complaints("""[server]
lissten = "x"
[target.corp]
kind = "ldap"
retry = { attemps = 3 }
[connection.okta]
path = "scim v2"
dialect = "oktaa"
target = "crop"
tokens = [{ name = "x", sha257 = "1" }]
""") == [
        "config.toml:2: server.lissten: unknown key; did you mean 'listen'?",
        "config.toml:5: target.corp.retry.attemps: unknown key; did you mean 'attempts'?",
        "config.toml:6: connection.okta: 'mapping' is missing",
        'config.toml:7: connection.okta.path: must be a path such as "/scim/v2": it starts with a slash, '
        "letters, digits, . _ ~ - and no empty part",
        "config.toml:8: connection.okta.dialect: 'oktaa' is not known here; did you mean 'okta'?",
        "config.toml:9: connection.okta.target: there is no [target.crop]; did you mean 'corp'?",
        "config.toml:10: connection.okta.tokens[1].sha257: unknown key; did you mean 'sha256'?",
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('mode = "rehearse"', "comes in a later version"),
        ("budget = { disable = { number = 25 } }", "comes in a later version"),
        ('followers = [{ target = "corp", mapping = "sql" }]', "comes in a later version"),
        ('limit = { reads = "fast" }', "'fast' is not a rate"),
        ('from = ["10.0.0.0/99"]', "'10.0.0.0/99' is not a network"),
        ('allow = ["create", "updat"]', "did you mean 'update'?"),
        ("put_creates = 1.5", "must be true or false"),
        ("page = 0", "must be at least 1"),
        ('tokens = [{ name = "a", sha256 = "zz" }]', "64 hexadecimal digits"),
    ],
)
def test_a_key_that_cannot_be_honoured_is_refused(line: str, complaint: str) -> None:
    assert any(complaint in text for text in complaints(GOOD + line + "\n")), complaints(GOOD + line + "\n")


@pytest.mark.parametrize(
    "line",
    [
        'bind = { dn = "cn=x", password = "hunter2" }',
        'auth = { bearer = "hunter2" }',
        'url = "postgresql+psycopg://gateway:hunter2@db/app"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(line: str) -> None:
    text = f'[target.app]\nkind = "sql"\n{line}\n[connection.x]\npath = "/x"\ntarget = "app"\nmapping = "sql"\n'
    (complaint,) = complaints(text)
    assert "never written" in complaint
    assert "hunter2" not in complaint
    assert complaint.startswith("config.toml:3: ")


def test_a_sqlite_ledger_has_one_worker() -> None:
    (complaint,) = complaints('[server]\nworkers = 2\nledger = "sqlite:///ledger.db"\n' + GOOD)
    assert complaint.startswith("config.toml:2: server.workers: several workers need a ledger on PostgreSQL")
    assert config('[server]\nworkers = 2\nledger = "postgresql+psycopg://gateway@db/ledger"\n' + GOOD)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/scim/v2", "has this path already"),
        ("/SCIM/v2/", "has this path already"),
        ("/scim/v2/entra", "lie within one another"),
        ("/scim", "lie within one another"),
        ("/metrics", "belongs to the gateway itself"),
    ],
)
def test_paths_of_connections_do_not_collide(path: str, complaint: str) -> None:
    second = f'[connection.entra]\npath = "{path}"\ntarget = "corp"\nmapping = "openldap"\n'
    (found,) = complaints(GOOD + second)
    assert found.startswith("config.toml:12: connection.entra.path: ")
    assert complaint in found


def test_paths_side_by_side_are_fine() -> None:
    second = '[connection.entra]\npath = "/scim/v22"\ntarget = "corp"\nmapping = "openldap"\n'
    assert set(config(GOOD + second).connection) == {"okta", "entra"}


def test_what_is_no_toml_names_the_line() -> None:
    (complaint,) = complaints("[server\n")
    assert complaint.startswith("config.toml:1: TOML: ")


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        load_config(tmp_path / "nothing.toml")


def test_a_place_is_known_after_loading() -> None:
    assert str(config(GOOD).place("connection", "okta", "mapping")) == "config.toml:10: connection.okta.mapping"
    assert str(config(GOOD).place("target", "corp", "nothing")) == "config.toml:2: target.corp"
