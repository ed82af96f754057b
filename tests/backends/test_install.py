"""The installer of the tests' backends, with stand-ins for apt and debconf that write down what they are asked."""

from pathlib import Path

import pytest

from tests.backends import install

RECORDER = """#!/bin/sh
echo "$(basename "$0") $* | $(cat "$POLICY_FILE" 2>/dev/null | tail -n 1) | $DEBIAN_FRONTEND" >> "$RECORD"
[ "$(basename "$0")" = debconf-set-selections ] && sed 's/^/stdin: /' >> "$RECORD"
exit ${APT_EXIT:-0}
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("apt-get", "debconf-set-selections"):
        (tmp_path / name).write_text(RECORDER)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("POLICY_FILE", str(tmp_path / "policy-rc.d"))
    monkeypatch.setattr(install, "POLICY", tmp_path / "policy-rc.d")
    return tmp_path / "record"


def test_it_asks_nothing_and_starts_no_service(record: Path) -> None:
    install.install(["slapd", "postgresql"])
    assert record.read_text().splitlines() == [
        "apt-get update -qq | exit 101 | noninteractive",
        "debconf-set-selections  | exit 101 | noninteractive",
        "stdin: slapd slapd/no_configuration boolean true",
        "apt-get install -y -qq --no-install-recommends slapd postgresql | exit 101 | noninteractive",
    ]
    assert not install.POLICY.exists()


def test_a_policy_that_was_there_comes_back_even_after_a_failure(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install.POLICY.write_text("#!/bin/sh\nexit 104\n")
    monkeypatch.setenv("APT_EXIT", "100")
    with pytest.raises(install.subprocess.CalledProcessError):
        install.install(["slapd"])
    assert install.POLICY.read_text() == "#!/bin/sh\nexit 104\n"
    assert record.exists()


def test_what_cannot_be_installed_is_said_and_fails_nothing(
    record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "missing", lambda: ["slapd"])
    monkeypatch.setattr(install.applications, "install_missing", list)
    monkeypatch.setenv("APT_EXIT", "100")
    assert install.main() == 0
    assert "missing, so that their tests will be skipped: slapd" in capsys.readouterr().err
