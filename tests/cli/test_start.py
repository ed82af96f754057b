"""A verb starts with what it needs: said by counting what is imported, as no test asserts a time."""

import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import sys
from gateway.cli import main

sys.argv = ["dirbridge", *{words}]
try:
    main()
except SystemExit as end:
    assert not end.code, end
print("LOADED", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
CONFIG = """[target.app]
kind = "sql"
url = "sqlite:///app.db"
[connection.okta]
path = "/scim/v2"
target = "app"
mapping = "embedded"
"""
SCIM = {"scim2_models", "scim2_server"}
SERVING = {"scim2_server", "uvicorn", "starlette"}
BACKENDS = {"ldap3", "httpx2", "psycopg", "pymysql"}


@pytest.mark.parametrize(
    ("words", "dear"),
    [
        (["--help"], {*SCIM, *SERVING, *BACKENDS, "sqlalchemy"}),
        (["token", "list"], {*SCIM, *SERVING, *BACKENDS}),
        (["audit"], {*SCIM, *SERVING, *BACKENDS}),
        (["check"], {*SERVING, *BACKENDS}),
        (["test", "openldap"], {*SERVING, *BACKENDS}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_verb_imports_no_library_that_it_does_not_need(words: list[str], dear: set[str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(words=words)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "typer" in loaded
    assert not loaded & dear
