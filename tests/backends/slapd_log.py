"""What clients asked of slapd, counted from its ``stats`` log."""

import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_OPERATION = re.compile(r" op=\d+ (SRCH base|ADD dn|MOD dn|MODRDN dn|DEL dn|EXT oid|BIND dn=.* method)=")
_NAMES = {"SRCH base": "search", "ADD dn": "add", "MOD dn": "modify", "MODRDN dn": "rename", "DEL dn": "delete"}
_ASKED = re.compile(r" (conn=\d+ op=\d+) (?:SRCH base|ADD dn|MOD dn|MODRDN dn|DEL dn|EXT oid|BIND dn)=")
_ANSWERED = re.compile(r" (conn=\d+ op=\d+) (?:SEARCH )?RESULT ")
TAIL = 1 << 16
"""bytes of the log to look at for what is not answered yet"""
_RESULT = re.compile(r" op=\d+ (?:SEARCH )?RESULT .*")
_ENTRIES = re.compile(r"nentries=(\d+)")


class Counts:
    """Counts the operations in a growing log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0
        self._asked = 0

    def asked(self) -> int:
        """How many operations (binds excluded) so far."""
        text = self._since(self._read)
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        self._asked += sum(not word.startswith("BIND") for word in _OPERATION.findall(whole.decode("utf-8", "replace")))
        return self._asked

    @contextlib.contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Fill the counter when the block ends and every operation has its result."""
        counted: Counter[str] = Counter()
        self._await_results()
        offset = self._log.stat().st_size
        yield counted
        deadline = time.monotonic() + 2
        while True:
            text = self._since(offset).decode("utf-8", "replace")
            asked, answered = _OPERATION.findall(text), _RESULT.findall(text)
            if len(answered) >= len(asked) or time.monotonic() > deadline:
                break
            time.sleep(0.01)
        for word in asked:
            counted["bind" if word.startswith("BIND") else _NAMES.get(word, "extended")] += 1
        counted["operations"] = len(asked) - counted["bind"]
        counted["entries"] = sum(int(number) for number in _ENTRIES.findall(text))

    def _await_results(self) -> None:
        """An answer is on its way before its line is in the log: wait, so that what was asked before is not counted."""
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            tail = self._since(max(0, self._log.stat().st_size - TAIL)).decode("utf-8", "replace")
            if set(_ASKED.findall(tail)) <= set(_ANSWERED.findall(tail)):
                return
            time.sleep(0.01)

    def _since(self, offset: int) -> bytes:
        with self._log.open("rb") as log:
            log.seek(offset)
            return log.read()
