"""The format of a journey: a TOML file in ``dialogues/``.

::

    title   = "what it shows"
    dialect = "okta"                     # of the connection; ``connection`` adds further keys
    mapping = '''[user.lifecycle]…'''    # what the connection's mapping file says beyond the preset it extends
    mappings.samba = '''…'''           # what it says on this backend, and a comment why
    people  = 250                        # as many users stand in the target before anything is asked
    [there.user.kim]                     # so do these, put there by somebody else; [there.group.…] alike
    [cannot.sql]                         # what this backend has no place for, and why; the runner insists that it is so
    title = "the table has no such column"

    [[step]]
    say    = "what happens"
    ask    = 'GET /Users?filter=userName eq "ann"'      # written plainly, sent percent-encoded
    body   = '''{"value": "{ann}"}'''                   # {ann}: kept by an earlier step
    status = 200
    scimType = "uniqueness"                             # of an error
    answer = { totalResults = 1 }                       # what the answer must contain; lists: as many, in any order
    lacks  = ["Resources"]                              # paths that it must not contain
    keep   = { ann = "id" }
    then.user.ann.title = "Engineer"                    # what the target holds differently now; false: no longer
    then.group.qa = { displayName = "QA", members = ["ann"] }
    on.openldap = { because = "…", status = 400 }       # how one backend (or kind: sql) differs, and why

The target's whole content is compared after every step. Where nothing is expected to change, the target must be
untouched, versions and times included. Further keys of a step: ``outside`` (like ``then``, but somebody else does it),
``target = "down"`` and ``"up"``, ``within`` (seconds that the gateway may take to come to it by itself),
``distinct = 100`` (as many resources were listed since the last step without it, none of them twice),
``alias = ["ann"]`` (her entry is another than the one her id was made of), ``logs_in.ann = false`` (with the password
that she was given, where the target lets people in).
"""

import tomllib
from copy import deepcopy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dialogues"
BACKENDS = (
    "memory", "embedded", "sql-sqlite", "sql-postgresql", "sql-mariadb", "openldap", "openldap-posix", "389ds", "samba",
    "scim",
)  # fmt: skip
Content = dict[str, dict[str, Any]]
"""kind ("user", "group") → nickname → neutral name → value, or false"""


@dataclass(frozen=True)
class Step:
    """One request, or one thing that happens beside it, and what the target then holds."""

    say: str
    ask: str = ""
    body: str = ""
    status: int = 0
    scimType: str = ""  # noqa: N815 (RFC 7644's name)
    answer: dict[str, Any] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)
    keep: dict[str, str] = field(default_factory=dict)
    then: Content = field(default_factory=dict)
    outside: Content = field(default_factory=dict)
    target: str = ""
    within: float = 0.0
    distinct: int = 0
    alias: list[str] = field(default_factory=list)
    logs_in: dict[str, bool] = field(default_factory=dict)
    touched: bool = False
    """versions and times may change though the content does not"""


@dataclass(frozen=True)
class Journey:
    """One dialogue as one backend has it."""

    title: str
    dialect: str
    step: list[Step]
    mapping: str = ""
    connection: dict[str, Any] = field(default_factory=dict)
    authorization: str = "Bearer {token}"
    backends: list[str] = field(default_factory=lambda: list(BACKENDS))
    there: Content = field(default_factory=dict)
    people: int = 0
    cannot: dict[str, str] = field(default_factory=dict)


def journeys() -> dict[str, list[str]]:
    """Return the name of every journey, with the backends it is played on."""
    return {path.stem: _document(path.stem).get("backends", list(BACKENDS)) for path in sorted(FOLDER.glob("*.toml"))}


def journey(name: str, backend: str) -> Journey:
    """Return a journey as ``backend`` has it. :raises ValueError: a key that is not of the format, no reason given."""
    document = _document(name)
    document["step"] = [Step(**_known(Step, _as_on(step, backend))) for step in document["step"]]
    mappings = document.pop("mappings", {})
    document["mapping"] = "\n".join(
        [document.get("mapping", ""), *(mappings.get(part, "") for part in _names(backend))]
    )
    cannot = document.pop("cannot", {})
    document["cannot"] = {key: why for part in _names(backend) for key, why in cannot.get(part, {}).items()}
    return Journey(**_known(Journey, document))


def _document(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


def _names(backend: str) -> list[str]:
    """What a file may call a backend: "sql-sqlite" is of the kind "sql", and the directories are like OpenLDAP."""
    kind = "openldap" if backend in ("389ds", "samba") else backend.partition("-")[0]
    return list(dict.fromkeys([kind, backend]))


def _as_on(step: dict[str, Any], backend: str) -> dict[str, Any]:
    differences = step.pop("on", {})
    for name in _names(backend):
        own = differences.get(name)
        if own is not None:
            if not own.pop("because", ""):
                raise ValueError(f"{step['say']!r} differs on {name} and does not say why")
            step = merged(step, own)
    return step


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``under`` with the tables and values of ``over`` laid on it; an empty table empties what is under it."""
    result = deepcopy(under)
    for key, value in over.items():
        both = isinstance(value, dict) and value and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else deepcopy(value)
    return result


def _known(of: type, table: dict[str, Any]) -> dict[str, Any]:
    unknown = set(table) - {each.name for each in fields(of)}
    if unknown:
        raise ValueError(f"{sorted(unknown)} is no key of a {of.__name__}")
    return table
