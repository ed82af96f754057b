"""The pages about a target, played on a real one: their files saved, their commands run in order."""

from collections.abc import Mapping
from pathlib import Path

from tests.backends.ds389 import Ds389
from tests.backends.postgres import Postgres
from tests.backends.samba import Samba
from tests.backends.slapd import Slapd
from tests.backends.workroom import TOKEN, running
from tests.docs.pages import blocks
from tests.docs.test_blocks import files_of, free_port, run, script


def play(page: str, directory: Path, **environment: str) -> str:
    port = free_port()
    return run(script(page, port), directory, port, **environment)


def on_server(page: str, folder: Path, password: str, ca: str, replaced: Mapping[str, str]) -> str:
    """Save the page's files, its addresses replaced by a real server's, and play it. :return: what was said."""
    files_of(page, folder)
    (folder / "secret").write_text(password)
    config = folder / "config.toml"
    text = config.read_text()
    own = {"file:/run/secrets/ldap": "file:secret", "[connection.okta]": f'ca = "{ca}"\n\n[connection.okta]'}
    for there, here in {**replaced, **own}.items():
        assert there in text
        text = text.replace(there, here)
    config.write_text(text)
    return play(page, folder)


def test_the_page_about_openldap(directory: Slapd, tmp_path: Path) -> None:
    urls = {'["ldaps://ldap1.example.com", "ldaps://ldap2.example.com"]': f'["{directory.ldaps_url}"]'}
    said = on_server("docs/how-to/openldap.md", tmp_path, directory.password, directory.ca_file, urls)
    assert "config.toml: fine" in said
    assert "ou=staff" in said
    assert said.rpartition("no row reads it")[2].strip() == "nickName"


def test_the_page_about_389ds(directory_389: Ds389, tmp_path: Path) -> None:
    urls = {'["ldaps://ds1.example.com", "ldaps://ds2.example.com"]': f'["{directory_389.url}"]'}
    said = on_server("docs/how-to/389ds.md", tmp_path, directory_389.password, directory_389.ca_file, urls)
    assert "config.toml: " in said
    assert "error" not in said


def test_the_page_about_active_directory(domain: Samba, tmp_path: Path) -> None:
    replaced = {
        '["ldaps://dc1.corp.example.com", "ldaps://dc2.corp.example.com"]': f'["{domain.url}"]',
        "DC=corp,DC=example,DC=com": domain.domain,
    }
    said = on_server("docs/how-to/active-directory.md", tmp_path, domain.password, domain.ca_file, replaced)
    assert "config.toml: fine" in said
    assert "corp.toml: fine" in said


def test_the_page_about_sql(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    page = "docs/how-to/sql.md"
    files_of(page, tmp_path)
    for block in blocks("sql"):
        postgres.execute(block.text, postgres_url)
    said = play(page, tmp_path, APP_DATABASE_URL=postgres_url)
    assert "config.toml: fine" in said


def test_the_page_about_rest(tmp_path: Path) -> None:
    page = "docs/how-to/rest.md"
    files_of(page, tmp_path)
    config = tmp_path / "config.toml"
    with running(tmp_path) as room:
        assert "https://api.example.com/v1" in config.read_text()
        config.write_text(config.read_text().replace("https://api.example.com/v1", room.address))
        said = play(page, tmp_path, SAAS_TOKEN=TOKEN)
    assert "1 passed" in said
    assert "config.toml: fine" in said
