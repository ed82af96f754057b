"""The pages about a target, played on a real one: their files saved, their commands run in order."""

from pathlib import Path

from tests.backends.postgres import Postgres
from tests.backends.slapd import Slapd
from tests.docs.pages import blocks
from tests.docs.test_blocks import files_of, free_port, run, script


def play(page: str, directory: Path, **environment: str) -> str:
    port = free_port()
    return run(script(page, port), directory, port, **environment)


def test_the_page_about_openldap(directory: Slapd, tmp_path: Path) -> None:
    page = "docs/how-to/openldap.md"
    files_of(page, tmp_path)
    (tmp_path / "secret").write_text(directory.password)
    config = tmp_path / "config.toml"
    text = config.read_text()
    for there, here in (
        ('["ldaps://ldap1.example.com", "ldaps://ldap2.example.com"]', f'["{directory.ldaps_url}"]'),
        ("file:/run/secrets/ldap", "file:secret"),
        ("[connection.okta]", f'ca = "{directory.ca_file}"\n\n[connection.okta]'),
    ):
        assert there in text
        text = text.replace(there, here)
    config.write_text(text)
    said = play(page, tmp_path)
    assert "config.toml: fine" in said
    assert "ou=staff" in said
    assert said.rpartition("no row reads it")[2].strip() == "nickName"


def test_the_page_about_sql(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    page = "docs/how-to/sql.md"
    files_of(page, tmp_path)
    for block in blocks("sql"):
        postgres.execute(block.text, postgres_url)
    said = play(page, tmp_path, APP_DATABASE_URL=postgres_url)
    assert "config.toml: fine" in said
