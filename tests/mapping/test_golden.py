"""The texts of errors, kept in files: ``golden/x.toml`` must be refused with exactly ``golden/x.txt``.

Set ``DIRBRIDGE_GOLDEN=write`` to write the texts anew, and read the difference before committing it.
"""

import os
from pathlib import Path

import pytest

from gateway.mapping.errors import MappingError
from gateway.mapping.load import load

GOLDEN = Path(__file__).parent / "golden"


def found(path: Path) -> str:
    from gateway.mapping.check import check

    try:
        messages = check(load(path))
    except MappingError as error:
        messages = error.messages
    return "".join(f"{message}\n".replace(f"{path.parent}/", "") for message in messages)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.toml")), ids=lambda path: path.stem)
def test_texts(path: Path) -> None:
    kept = path.with_suffix(".txt")
    if os.environ.get("DIRBRIDGE_GOLDEN") == "write":
        kept.write_text(found(path), encoding="utf-8")
    assert found(path) == kept.read_text(encoding="utf-8")
