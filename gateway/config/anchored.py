"""Relative paths of config.toml start at its directory, whatever directory the program was started in."""

from pathlib import Path

from gateway.mapping.file.document import is_preset

_PREFIX = "sqlite:///"


def anchored_url(url: str, root: Path) -> str:
    """Make the path of a relative SQLite URL absolute; every other URL stays as it is.

    :raises ValueError: the directory does not exist; the usual cause is three slashes where four were meant.
    """
    if not url.startswith(_PREFIX) or url.startswith((_PREFIX + "/", _PREFIX + "file:", _PREFIX + ":memory:")):
        return url
    relative, _, query = url.removeprefix(_PREFIX).partition("?")
    if not relative:
        return url
    path = root / relative
    if not path.parent.is_dir():
        text = f"the directory {path.parent} does not exist (three slashes are a relative path, four an absolute one)"
        raise ValueError(text)
    return f"{_PREFIX}{path}" + (f"?{query}" if query else "")


def anchored_mapping(mapping: str, root: Path) -> str:
    """Return what ``gateway.mapping.load`` takes: a preset's name as it is, a path from ``root``.

    The path is as short as it can be, because messages repeat it.
    """
    if is_preset(mapping):
        return mapping
    path = root / mapping
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
