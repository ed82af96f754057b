"""Secrets are references, resolved at use, and never shown."""

from pathlib import Path

import pytest

from gateway.config import Secret, resolve_all


def test_a_variable_and_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRBRIDGE_TEST_SECRET", "s3cret")
    (tmp_path / "password").write_text("from a file\n")
    assert Secret("env:DIRBRIDGE_TEST_SECRET").resolve(tmp_path) == "s3cret"
    assert Secret("file:password").resolve(tmp_path) == "from a file"
    assert Secret(f"file:{tmp_path}/password").resolve(Path("/")) == "from a file"


def test_nothing_shows_it() -> None:
    secret = Secret("env:DIRBRIDGE_TEST_SECRET")
    assert repr(secret) == str(secret) == "Secret(***)"


@pytest.mark.parametrize("literal", ["hunter2", "env:", "file:", ""])
def test_a_literal_is_refused_and_not_repeated(literal: str) -> None:
    with pytest.raises(ValueError, match="never written here") as caught:
        Secret(literal)
    assert "hunter2" not in str(caught.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="environment variable DIRBRIDGE_NOT_SET is not set"):
        Secret("env:DIRBRIDGE_NOT_SET").resolve(tmp_path)
    with pytest.raises(ValueError, match="nothing cannot be read: No such file"):
        Secret("file:nothing").resolve(tmp_path)


def test_references_are_found_however_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRBRIDGE_TEST_SECRET", "s3cret")
    given = {"bind": {"password": "env:DIRBRIDGE_TEST_SECRET"}, "urls": ["ldap://x"], "pool": 3}
    assert resolve_all(given, tmp_path) == {"bind": {"password": "s3cret"}, "urls": ["ldap://x"], "pool": 3}
