"""What ``check`` warns of: allowed, and hardly meant."""

from pathlib import Path

import pytest

from gateway.mapping.check import check, warnings
from gateway.mapping.load import load
from tests.provisioning.site import mapping_text


@pytest.mark.parametrize(
    ("lifecycle", "warned"),
    [
        ('deactivate = "disable"\nmove_to = "leavers"', True),
        ('delete = "refuse"\nmove_to = "leavers"', True),
        ('deactivate = "move"\nmove_to = "leavers"', False),
        ('delete = "move"\nmove_to = "leavers"', False),
        ('deactivate = "disable"', False),
    ],
)
def test_a_place_that_nothing_moves_to(tmp_path: Path, lifecycle: str, warned: bool) -> None:
    (tmp_path / "m.toml").write_text(mapping_text(user='parent = "people"', lifecycle=lifecycle))
    file = load(tmp_path / "m.toml")
    assert check(file) == []
    said = [str(message) for message in warnings(file)]
    assert bool(said) is warned
    assert all("user.lifecycle.move_to" in text and "nothing moves there" in text for text in said)


def test_a_secret_cannot_be_on_change(tmp_path: Path) -> None:
    row = 'nickName = { attr = "pin", only = "write", apply = "on-change" }'
    (tmp_path / "m.toml").write_text(mapping_text(rows=row))
    assert [str(message) for message in warnings(load(tmp_path / "m.toml")) if "nickName" in str(message)]


def test_a_secret_is_not_kept_in_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(mapping_text(rows='nickName = { store = "ledger", only = "write" }'))
    assert any("never kept in the ledger" in str(message) for message in check(load(tmp_path / "m.toml")))
