"""What a mapping file means, as a hash: places, names of files and tests left out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from gateway.mapping.model import FileTest, MappingFile, Place


def digest_of(file: MappingFile) -> str:
    """Return a hash that changes when the file's meaning does."""
    meaning = {"target": file.target, "sections": file.sections, "tables": file.tables, "schemas": file.schemas}
    text = json.dumps(_plain(meaning), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Place | FileTest):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
