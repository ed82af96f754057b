"""An application behind a REST API, asked beside the gateway: what is alike in all of them."""

from collections.abc import Mapping
from typing import Any

from tests.backends.served import Served
from tests.journeys.directories import Told

Rows = list[dict[str, Any]]


class InRest:
    """See ``Directory``. One look serves ``content``, and ``traces`` and ``id_of`` after it: some answer slowly."""

    named: Mapping[str, str]
    """kind → what its objects are told apart by"""
    raw_names: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()

    def __init__(self, server: Served) -> None:
        self.server = server
        self._seen: dict[str, Rows] = {"user": [], "group": []}

    def _all(self, kind: str) -> Rows:
        """All objects of a kind."""
        raise NotImplementedError

    def _look(self) -> dict[str, Rows]:
        self._seen = {kind: self._all(kind) for kind in self._seen}
        return self._seen

    def traces(self) -> Any:
        return self._seen

    def id_of(self, kind: str, name: str) -> str:
        for look in (lambda: self._seen[kind], lambda: self._all(kind)):
            found = [str(each["id"]) for each in look() if each[self.named[kind]] == name]
            if found:
                return found[0]
        raise KeyError(name)

    def derived(self, told: Told, outside: bool) -> Told:
        return {}

    def logs_in(self, name: str, password: str) -> bool | None:
        return None

    def down(self) -> None:
        self.server.kill()

    def up(self) -> None:
        self.server.start()
