"""What the shell cannot say well: a SCIM request and its answer, a table, an entry. For ``trying.sh``."""

import json
import os
import re
import socket
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

PATIENCE = 30.0
"""seconds for the gateway to answer"""
OPERATIONAL = re.compile(
    r"(objectClass|structuralObjectClass|entryUUID|entryCSN|creatorsName|createTimestamp|modif(iersName|yTimestamp)): "
)
PATCH = '"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]'
"""what every PATCH says, and nobody reads twice"""
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(code: str, text: str) -> str:
    """Colour, on a terminal only."""
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


def port() -> None:
    """Print a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        print(probe.getsockname()[1])


def await_gateway(folder: str) -> None:
    """Wait until the gateway has said where it is and answers there; keep its address in ``url``."""
    log, end = Path(folder, "serve.log"), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = re.search(r"(http://[0-9.:]+)(/\S+)  →", log.read_text(encoding="utf-8"))
        if found:
            try:
                with urllib.request.urlopen(f"{found[1]}/healthz", timeout=5):
                    Path(folder, "url").write_text(found[1] + found[2])
                    return
            except OSError:
                pass  # it listens in a moment
        time.sleep(0.05)
    sys.exit("the gateway did not start")


def scim(folder: str, method: str, path: str, body: str = "") -> None:
    """Send one request and show it with its answer; keep the answer's id in ``id``."""
    said = body.replace(PATCH, '"schemas": […]').splitlines()
    print(paint("1", "→"), paint("1;34", method), path, paint("2", said[0] if len(said) == 1 else ""))
    for line in said if len(said) > 1 else ():
        print("    " + paint("2", line))
    secret = json.loads(Path(folder, "token.json").read_text())["secret"]
    request = urllib.request.Request(
        Path(folder, "url").read_text() + path.replace(" ", "%20").replace('"', "%22"),
        method=method,
        data=body.encode() or None,
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    found = json.loads(text) if text else {}
    if "detail" in found:
        gist = found["detail"]
    elif method == "GET" and "meta" in found:
        shown = {key: each for key, each in found.items() if key not in ("schemas", "meta", "id")}
        gist = "".join(f"\n  {key}: {json.dumps(each, ensure_ascii=False)}" for key, each in shown.items())
    elif "totalResults" in found:
        names = (str(each.get("userName") or each.get("displayName") or each["id"]) for each in found["Resources"])
        gist = f"totalResults {found['totalResults']}  {', '.join(names)}"
    else:
        gist = f"id {found['id']}" if "id" in found else ""
    print(paint("1", "←"), paint("32" if status < 300 else "31", str(status)), paint("2", gist))
    Path(folder, "id").write_text(str(found.get("id", "")))


def sql(database: str, script: str) -> None:
    """Make a SQLite file."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(Path(script).read_text(encoding="utf-8"))


def rows(database: str, title: str, select: str) -> None:
    """Show what a query finds in a SQLite file."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        cursor = connection.execute(select)
        names = [column[0] for column in cursor.description]
        found = [["-" if cell is None else str(cell) for cell in row] for row in cursor]
    widths = [max(map(len, column)) for column in zip(names, *found, strict=True)]
    print(f"  {paint('1', title)}")
    print("  " + paint("2", "  ".join(map(str.ljust, names, widths)).rstrip()))
    for row in found:
        print("  " + "  ".join(map(str.ljust, row, widths)).rstrip())


def entry() -> None:
    """Show entries in LDIF from standard input, without their classes and what the server keeps for itself."""
    for line in sys.stdin.read().strip().splitlines():
        if not OPERATIONAL.match(line) and not line.startswith("#"):
            name, colon, value = line.partition(": ")
            print("  " + paint("2", name + colon) + value)


VERBS: dict[str, Callable[..., None]] = {
    "port": port, "await": await_gateway, "scim": scim, "sql": sql, "rows": rows, "entry": entry
}  # fmt: skip

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
