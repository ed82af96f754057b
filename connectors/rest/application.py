"""One application as a mapping sees it: its sections, and how each call is made and its answer understood."""

import asyncio
import operator
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from connectors.errors import ConnectorError, NotFound, Unavailable
from connectors.rest import paths, templates
from connectors.rest.calls import Call
from connectors.rest.errors import failure
from connectors.rest.sections import Listing, Section
from connectors.rest.transport import Answer, Request
from connectors.rest.wire import Wire

T = TypeVar("T")
R = TypeVar("R")
PROVED = 30.0
"""seconds for which a collection that was read counts as readable"""
AT_ONCE = 8
"""requests of one verb under way at the same time"""


class Application:
    """:param sections: by name. :param wire: the connections."""

    def __init__(self, sections: Mapping[str, Section], wire: Wire) -> None:
        self.sections = sections
        self.wire = wire
        self._proved: dict[str, float] = {}
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def lock(self, section: Section, id: str) -> asyncio.Lock:
        """The lock of one object whose document is read, changed and written back."""
        return self._locks.setdefault((section.spec.name, id), asyncio.Lock())

    async def ask(
        self,
        section: Section,
        call: Call,
        values: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        *,
        more: Mapping[str, str] | None = None,
        query: str = "",
        writing: bool = True,
        naming: bool = False,
    ) -> Answer:
        """Make a call.

        :param naming: it gives values that somebody else may have, so that ``taken`` has its meaning.
        :raises templates.Unsendable: a value names nothing. :raises ConnectorError: it failed."""
        request = call.request({**section.variables, **values}, body, more=more, query=query, writing=writing)
        answer = await self.wire.ask(request)
        wrong = failure(request, answer, gone=call.gone, taken=call.taken if naming else (), says=call.says)
        if wrong is not None:
            raise wrong
        return answer

    async def follow(self, call: Call, target: str) -> Answer:
        """Ask for the next page at an address that the application gave, and that is its own."""
        request = Request("GET", target, call.label, headers=call.headers)
        answer = await self.wire.ask(request)
        wrong = failure(request, answer, gone=())
        if wrong is not None:
            raise wrong
        return answer

    async def read(self, section: Section, id: str, alike: Callable[[str, str], bool] = operator.eq) -> Answer:
        """Read one object.

        :param alike: whether the id in the document is the id asked for; else it is another object.
        :raises NotFound: nobody has the id, and the collection was seen readable. :raises Unavailable:
        """
        try:
            answer = await self.ask(section, section.read, {"id": id}, writing=False)
        except templates.Unsendable as error:
            await self.prove(section)
            raise NotFound(f"there is no {section.spec.name} with this id") from error
        except NotFound as error:
            await self.prove(section)
            raise NotFound(f"there is no {section.spec.name} with this id") from error
        document = paths.find(answer.document, section.read.item)
        if paths.find(document, section.anchor) is None:
            raise Unavailable(f"the answer to {section.read.label} is no {section.spec.name}")
        if not alike(str(paths.find(document, section.anchor)), id):  # another spelling, or a list: not this one
            raise NotFound(f"there is no {section.spec.name} with this id")
        self.proved(section)
        return answer

    def proved(self, section: Section) -> None:
        """The collection was read just now."""
        self._proved[section.spec.name] = time.monotonic()

    async def prove(self, section: Section) -> None:
        """See that the collection can be read, unless that was seen a moment ago (a missing object means nothing where
        everything is missing).

        :raises Unavailable: it cannot be read.
        """
        if time.monotonic() - self._proved.get(section.spec.name, float("-inf")) < PROVED:
            return
        listing = section.list
        if listing is not None:
            await self.listed(section, listing, listing.paging.query(None, 1))

    async def listed(
        self,
        section: Section,
        listing: Listing,
        query: str = "",
        values: Mapping[str, str] | None = None,
        seen: int = 0,
    ) -> tuple[Answer, list[Any]]:
        """Make a call that lists. :raises NotFound: only where the call has places and nothing is there."""
        try:
            answer = await self.ask(section, listing.call, values or {}, query=query, writing=False)
        except NotFound as error:
            if values:
                raise
            raise Unavailable(f"the application has nothing at {listing.call.label}") from error
        return answer, self.items(section, listing, answer, proof=not values, seen=seen)

    def items(self, section: Section, listing: Listing, answer: Answer, *, proof: bool, seen: int = 0) -> list[Any]:
        """The elements of a list, which may be left out where the number of all says that no more are to come.

        :param seen: how many elements the pages before had. :raises Unavailable: there is no list.
        """
        items = paths.find(answer.document, listing.items)
        total = listing.paging.whole(answer)
        if items is None and (answer.status == 204 if answer.document is None else total is not None and total <= seen):
            items = []
        if not isinstance(items, list):
            where = ".".join(listing.items) or "the top"
            raise Unavailable(f"the answer to {listing.call.label} has no list at {where}")
        if proof:
            self.proved(section)
        return items


async def at_once(call: Callable[[T], Awaitable[R]], values: Iterable[T]) -> list[R]:
    """Call with each value, a few beside one another. Of several failures the first is raised, when all have ended."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(value: T) -> R:
        async with gate:
            return await call(value)

    outcomes: Sequence[R | BaseException] = await asyncio.gather(*map(one, values), return_exceptions=True)
    results: list[R] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results


def whole_failure(error: ConnectorError) -> Unavailable:
    """A refusal in the middle of several calls: a part was done, so nothing but "try again" is true."""
    wait = error.retry_after if isinstance(error, Unavailable) else None
    return Unavailable(f"only a part could be done: {error.detail}", retry_after=wait, uncertain=True)
