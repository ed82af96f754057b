"""Opening and closing; a backend that is away; verbs that are cut short."""

import asyncio
import contextlib

import pytest

from connectors.contract import Collection, Connector, Query
from connectors.entry import Change, Kind
from connectors.errors import Unavailable
from connectors.filters import Compare, Operator
from connectors.testing.specimen import Ground

CANCELLED = 40


class OpeningTests:
    """Opening, closing, failing."""

    async def test_it_is_a_connector_and_these_are_collections(self, ground: Ground) -> None:
        assert isinstance(ground.connector, Connector)
        assert ground.collections.keys() == ground.specimen.specs.keys()
        for name, collection in ground.collections.items():
            assert isinstance(collection, Collection)
            assert collection.spec is ground.specimen.specs[name]

    async def test_an_unknown_option_is_named(self, ground: Ground) -> None:
        with pytest.raises(ValueError, match="no_such_key"):
            type(ground.connector).from_options("test", {"no_such_key": 1})

    async def test_a_live_backend_that_fits_has_no_errors(self, ground: Ground) -> None:
        findings = await ground.connector.check(ground.specimen.specs)
        assert [each for each in findings if each.level == "error"] == []
        assert all(each.level == "warning" for each in findings)

    async def test_a_second_opening_sees_the_same_entries(self, ground: Ground) -> None:
        entry = await ground.person()
        again = ground.connector.collections(ground.specimen.specs)[ground.specimen.people]
        assert await again.read(entry.id) == entry

    async def test_closing_twice_is_closing_once(self, ground: Ground) -> None:
        await ground.person()
        await ground.connector.close()
        await ground.connector.close()

    async def test_closing_unused_is_fine(self, ground: Ground) -> None:
        await ground.connector.close()

    async def test_opening_and_judging_ask_nothing_of_a_backend_that_is_away(self, ground: Ground) -> None:
        people = _away(ground)
        people.judge(Compare(ground.specimen.text, Operator.EQ, "x"))
        assert people.capabilities is not None

    async def test_every_verb_says_unavailable_while_the_backend_is_away(self, ground: Ground) -> None:
        people = _away(ground)
        with pytest.raises(Unavailable):
            await people.read("any")
        with pytest.raises(Unavailable):
            await people.search(Query())
        with pytest.raises(Unavailable):
            await people.create(ground.specimen.fill(1))
        with pytest.raises(Unavailable):
            await people.update("any", [Change(Kind.REPLACE, ground.specimen.text, ("x",))])
        with pytest.raises(Unavailable):
            await people.delete("any")
        assert ground.unreachable is not None
        with pytest.raises(Unavailable):
            await ground.unreachable.check(ground.specimen.specs)

    async def test_cancelled_verbs_release_what_they_hold(self, ground: Ground) -> None:
        entry = await ground.person()
        for delay in range(CANCELLED):
            task = asyncio.ensure_future(ground.people.read(entry.id) if delay % 2 else ground.people.search(Query()))
            await asyncio.sleep(delay / 20_000)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        assert await asyncio.wait_for(ground.people.read(entry.id), 5) == entry
        changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, ground.specimen.text, ("x",))])
        assert changed is not None

    async def test_a_cancelled_write_is_whole_or_not_at_all(self, ground: Ground) -> None:
        text, unique = ground.specimen.text, ground.kind("unique")
        entry = await ground.person(**{text: "t0", unique: "t0@example.com"})
        for number in range(1, 16):
            task = asyncio.ensure_future(ground.people.update(entry.id, _both(text, unique, number)))
            await asyncio.sleep(number / 10_000)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            shown = (await ground.people.read(entry.id)).attributes
            assert shown[unique] == (f"{shown[text][0]!s}@example.com",)
        assert await ground.people.update(entry.id, _both(text, unique, 16)) is not None
        assert (await ground.people.read(entry.id)).attributes[text] == ("t16",)


def _both(text: str, unique: str, number: int) -> list[Change]:
    values = ((text, f"t{number}"), (unique, f"t{number}@example.com"))
    return [Change(Kind.REPLACE, attribute, (value,)) for attribute, value in values]


def _away(ground: Ground) -> Collection:
    if ground.unreachable is None:
        pytest.skip("this backend cannot be away")
    return ground.unreachable.collections(ground.specimen.specs)[ground.specimen.people]
