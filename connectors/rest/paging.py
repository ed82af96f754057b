"""The ways in which applications cut lists, and how the next part is asked for.

Two families. By a mark of the application (``cursor``, ``last``, ``next``, ``link``): a walk goes on where it stood,
whatever is written meanwhile. By counting (``number``, ``offset``), or not at all: what is deleted meanwhile moves what
follows, so such a list is always read as a whole.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from connectors.errors import Unavailable
from connectors.rest import paths
from connectors.rest.reader import Reader
from connectors.rest.transport import Answer

PAGE = frozenset(
    {"cursor", "last", "next", "link", "number", "offset", "param", "size", "count", "first", "total", "more"}
)
_LINK = re.compile(r'\s*<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"[^"]*"|[^",;]*))?)*)\s*(?:,|$)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Paging:
    """:param kind: ``""`` (one page), ``cursor last next link number offset``.

    :param path: where the mark stands, in the answer or (``last``) in the last element. :param rel: of ``link``.
    :param param: the parameter that takes the mark or the count. :param size: the one that takes the length of a page.
    :param first: what the first page or element is called. :param total: where the number of all stands.
    :param more: where it says whether there are more.
    """

    kind: str = ""
    path: paths.Path = ()
    rel: str = "next"
    param: str = ""
    size: str | None = None
    count: int = 100
    first: int = 1
    total: paths.Path | None = None
    more: paths.Path | None = None

    @property
    def marked(self) -> bool:
        """Whether a walk may go on later where it stood."""
        return self.kind in ("cursor", "last", "next", "link")

    def query(self, token: str | None, size: int) -> str:
        """More of the query, for the page that ``token`` names; None = the first."""
        pairs = {self.size: str(size)} if self.size else {}
        if self.kind in ("number", "offset"):
            pairs[self.param] = token or str(self.first)
        elif token is not None and self.kind in ("cursor", "last"):
            pairs[self.param] = token
        return urlencode(pairs)

    def following(self, answer: Answer, items: list[Any], token: str | None, seen: int) -> str | None:
        """The token of the next page, None at the end. For ``next`` and ``link`` an address, still to be judged.

        :param seen: how many elements there were so far, this page included.
        """
        if self.more is not None and paths.find(answer.document, self.more) is False:
            return None
        match self.kind:
            case "cursor" | "next":
                return _mark(paths.find(answer.document, self.path))
            case "last":
                return _mark(paths.find(items[-1], self.path)) if items else None
            case "link":
                return linked(answer.headers.get("link", ""), self.rel)
            case "number" | "offset":
                total = self.whole(answer)
                if not items or (total is not None and seen >= total):
                    return None
                return str(self.first + seen if self.kind == "offset" else int(token or self.first) + 1)
        return None

    def whole(self, answer: Answer) -> int | None:
        """How many elements all pages have together, where the answer says so."""
        number = None if self.total is None else paths.find(answer.document, self.total)
        return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None


def _mark(value: Any) -> str | None:
    if value is None or value is False or value == "":
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise Unavailable("the application's mark of the next page is no text")


def linked(header: str, rel: str) -> str | None:
    """The target of the link with a relation in a Link header (RFC 8288 §3)."""
    at = 0
    while found := _LINK.match(header, at):
        name = _REL.search(found[2])
        if name is not None and rel.lower() in (name[1] or name[2] or "").lower().split():
            return found[1]
        if found.end() == at:
            break
        at = found.end()
    return None


def read_paging(reader: Reader | None) -> Paging:
    """Read ``page = { … }``."""
    if reader is None:
        return Paging()
    reader.only(PAGE)
    kinds = [kind for kind in ("cursor", "last", "next", "link", "number", "offset") if kind in reader.table]
    if len(kinds) != 1:
        reader.complain("must have exactly one of cursor, last, next, link, number, offset")
        return Paging()
    kind = kinds[0]
    counted = kind in ("number", "offset")
    param = reader.text(kind if counted else "param", needed=counted or kind in ("cursor", "last"))
    return Paging(
        kind=kind,
        path=() if counted or kind == "link" else reader.path(kind) or (),
        rel=reader.text("link") if kind == "link" else "next",
        param=param or "",
        size=reader.text("size"),
        count=reader.whole("count", 100, 1, 100_000),
        first=reader.whole("first", 1 if kind == "number" else 0, 0, 1),
        total=reader.path("total"),
        more=reader.path("more"),
    )
