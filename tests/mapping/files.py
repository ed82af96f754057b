"""Mapping files written within tests, compiled."""

from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.mapping.compiled import Mapping, ResourceMapping, compile_mapping
from gateway.mapping.load import load


def mapping_of(text: str) -> Mapping:
    """Compile the text of a mapping file; ``format`` and ``target = "memory"`` are added where they are missing."""
    head = "" if "format" in text else 'format = 1\ntarget = "memory"\n'
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mapping.toml"
        path.write_text(head + text, encoding="utf-8")
        return compile_mapping(load(path))


def user_of(rows: str, more: str = "") -> ResourceMapping:
    """Compile a user section with these rows of ``map``; ``more`` are further tables of the file."""
    return mapping_of(f'[user]\nanchor = "id"\n[user.map]\n{rows}\n{more}').resources["User"]
