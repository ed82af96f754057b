"""The command as a site deploys it: a real directory, several processes, TLS."""

import json
import signal
import ssl
from pathlib import Path

from tests.backends.certificates import make_certificates
from tests.backends.slapd import Slapd
from tests.cli.inside import Shell
from tests.cli.running import dirbridge, serving
from tests.cli.test_serve import ANN, CONFIG, PEOPLE, until


def secret_of(connection: str, where: Path) -> str:
    made = dirbridge("token", "create", "idp", "--connection", connection, "--json", cwd=where)
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["secret"])


def test_two_identity_providers_on_one_openldap_over_tls(directory: Slapd, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(directory.password + "\n")
    (tmp_path / "ca.pem").write_text(Path(directory.ca_file).read_text())
    (tmp_path / "config.toml").write_text(f"""
[server]
ledger = "sqlite:///ledger.db"
[target.corp]
kind = "ldap"
urls = ["{directory.ldaps_url}"]
base = "{directory.base}"
bind = {{ dn = "cn=gateway,{{base}}", password = "file:password" }}
ca   = "ca.pem"
[connection.okta]
path    = "/scim/v2"
dialect = "okta"
target  = "corp"
mapping = "openldap"
[connection.entra]
path    = "/entra/scim/v2/"
dialect = "entra"
target  = "corp"
mapping = "openldap"
""")
    checked = dirbridge("check", "--online", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    (tmp_path / "other").write_text("of last year")
    config = (tmp_path / "config.toml").read_text()
    for old, new, said in (
        (
            "file:password",
            "file:other",
            "does not accept the login; put right its login in config.toml",
        ),
        ('ca   = "ca.pem"', "", "certificate could not be verified; name the authority that signed it, as a PEM file"),
    ):
        (tmp_path / "config.toml").write_text(config.replace(old, new))
        unasked = Shell(tmp_path)("check", "--online")
        assert (unasked.code, unasked.err.count("unreachable: config.toml:4: target.corp: ")) == (3, 1)
        assert said in unasked.err
    (tmp_path / "config.toml").write_text(config)
    okta, entra = secret_of("okta", tmp_path), secret_of("entra", tmp_path)
    with serving(cwd=tmp_path) as gateway:
        status, created = gateway.ask("POST", "/Users", ANN, token=okta)
        assert status == 201
        (entry,) = directory.search("(uid=ann@example.com)", attributes=("sn", "entryUUID")).values()
        assert (entry["entryUUID"], entry["sn"]) == ([created["id"]], ["Lee"])
        assert gateway.ask("GET", "/Users", token=entra)[0] == 401
        gateway.url = gateway.url.replace("/scim/v2", "/entra/scim/v2")
        status, seen = gateway.ask("GET", f"/Users/{created['id']}", token=entra)
        assert (status, seen["userName"]) == (200, "ann@example.com")
        # Rule 13: one live owner; other connections read.
        assert gateway.ask("DELETE", f"/Users/{created['id']}", token=entra)[0] == 403


def test_h3_two_workers_on_postgresql_refuse_a_revoked_token_at_once(postgres_url: str, tmp_path: Path) -> None:
    text = (CONFIG % ("0" * 64)).replace("[server]", "[server]\nworkers = 2").replace('kind = "memory"', "")
    text = text.replace('"sqlite:///ledger.db"', f'"{postgres_url}"')
    text = text.replace("[target.app]\n", f'[target.app]\nkind = "sql"\nurl = "{postgres_url}"\ncreate_tables = true\n')
    (tmp_path / "config.toml").write_text(text)
    (tmp_path / "people.toml").write_text(
        (PEOPLE % "ann").replace('target = "memory"', 'target = "sql"')
        .replace('anchor = "id"', 'table = "people"\nanchor = { attr = "id", generate = "uuid4" }')
    )  # fmt: skip
    secret = secret_of("okta", tmp_path)
    with serving(cwd=tmp_path, cold=True) as gateway:
        status, created = gateway.ask("POST", "/Users", ANN, token=secret)
        assert status == 201, created
        # Each request is a connection of its own, so that both workers get their share.
        pages = [gateway.ask("GET", "/Users?cursor&count=1", token=secret)[1] for _ in range(10)]
        assert {page["Resources"][0]["id"] for page in pages} == {created["id"]}
        # Every worker serves what was read and found good, whatever becomes of the files.
        mapping = (tmp_path / "people.toml").read_text()
        (tmp_path / "people.toml").write_text(mapping.replace("userName =", "usrName ="))
        gateway.process.send_signal(signal.SIGHUP)
        until(tmp_path / "serve.log", "not reloaded, and served as before")
        assert {gateway.ask("GET", "/Users", token=secret)[0] for _ in range(4)} == {200}
        (tmp_path / "people.toml").write_text(mapping.replace('active = "on"', 'active = "on"\ntitle = "job"'))
        gateway.process.send_signal(signal.SIGHUP)
        until(tmp_path / "serve.log", "reloaded: okta, in 2 workers")
        changed = [
            gateway.ask("PUT", f"/Users/{created['id']}", {**ANN, "title": str(n)}, token=secret)[1] for n in range(6)
        ]
        assert [each["title"] for each in changed] == [str(n) for n in range(6)]
        assert dirbridge("token", "revoke", "idp", cwd=tmp_path).returncode == 0
        assert {gateway.ask("GET", "/Users", token=secret)[0] for _ in range(20)} == {401}
        assert gateway.stop() == 0


def test_it_serves_https(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    tls = 'tls = { cert = "file:server.pem", key = "file:server.key" }'
    (tmp_path / "config.toml").write_text((CONFIG % ("0" * 64)).replace("[server]", f"[server]\n{tls}"))
    (tmp_path / "people.toml").write_text(PEOPLE % "ann")
    secret = secret_of("okta", tmp_path)
    with serving(cwd=tmp_path, trust=ssl.create_default_context(cafile=str(made.ca))) as gateway:
        assert gateway.url.startswith("https://")
        _, created = gateway.ask("POST", "/Users", ANN, token=secret)
        assert created["meta"]["location"] == f"{gateway.url}/Users/{created['id']}"
