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


@pytest.mark.parametrize(
    ("find", "warned"),
    [
        ('{ get = "/users?email={userName}" }', ["user.match: no call of http.find asks for 'externalId'"]),
        ('[{ get = "/users?email={userName}" }, { get = "/users?idp={externalId}" }]', []),
        ('[{ get = "/users?email={email}" }, { post = "/find", send = { idp = "{idp_id}" } }]', []),
    ],
)
def test_a_match_that_reads_the_whole_list(tmp_path: Path, find: str, warned: list[str]) -> None:
    (tmp_path / "m.toml").write_text(
        'format = 1\ntarget = "rest"\n[user]\nanchor = "id"\nmatch = ["externalId", "userName"]\n[user.map]\n'
        'userName = { attr = "email", required = true }\nexternalId = "idp_id"\nactive = "on"\n'
        f'[user.http]\nlist = {{ get = "/users" }}\nread = {{ get = "/users/{{id}}" }}\nfind = {find}\n'
    )
    said = [str(message) for message in warnings(load(tmp_path / "m.toml"))]
    assert len(said) == len(warned)
    assert all(part in text for part, text in zip(warned, said, strict=True))


def test_a_secret_cannot_be_on_change(tmp_path: Path) -> None:
    row = 'nickName = { attr = "pin", only = "write", apply = "on-change" }'
    (tmp_path / "m.toml").write_text(mapping_text(rows=row))
    assert [str(message) for message in warnings(load(tmp_path / "m.toml")) if "nickName" in str(message)]


def test_a_secret_is_not_kept_in_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(mapping_text(rows='nickName = { store = "ledger", only = "write" }'))
    assert any("never kept in the ledger" in str(message) for message in check(load(tmp_path / "m.toml")))
