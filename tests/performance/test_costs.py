"""What requests cost, counted, never timed (performance.md): operations of the directory, entries it sends, statements
of the ledger."""

import contextlib
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import pytest

from tests.performance.conftest import PEOPLE, Bench, Costs
from tests.scim.wire import USER

pytestmark = pytest.mark.anyio
OURS = tuple(str(Path(__file__).parents[2] / room) for room in ("gateway", "connectors"))


def asked(costs: Costs) -> dict[str, int]:
    """The operations alone, without connecting."""
    words = ("search", "add", "modify", "rename", "delete", "extended")
    return {word: costs.directory[word] for word in words if costs.directory[word]}


async def person(bench: Bench) -> dict[str, Any]:
    """Someone new, in no group."""
    name = f"new-{uuid4().hex[:12]}"
    body = {"schemas": [USER], "userName": name, "name": {"familyName": name}, "displayName": name, "active": True}
    return dict(await bench.ask("POST", "/Users", body))


async def warm(bench: Bench) -> None:
    """Let it connect and learn what the directory can do."""
    await bench.find("/Users", 'userName eq "user000001"')


async def test_each_operation_asks_the_directory_once_for_each_thing(bench: Bench) -> None:
    await warm(bench)
    with bench.counting() as created:
        someone = await person(bench)
    path = f"/Users/{someone['id']}"
    with bench.counting() as read:
        await bench.ask("GET", path)
    with bench.counting() as found:
        await bench.find("/Users", f'userName eq "{someone["userName"]}"')
    with bench.counting() as patched:
        await bench.patch(path, {"op": "replace", "path": "displayName", "value": "Other"})
    with bench.counting() as same:
        await bench.patch(path, {"op": "replace", "path": "displayName", "value": "Other"})
    assert asked(created) == {"search": 1, "add": 1}
    assert asked(read) == {"search": 1}
    assert asked(found) == {"search": 1}  # it lies where the gateway made it
    assert asked(patched) == {"search": 1, "modify": 1}
    assert asked(same) == {"search": 1}
    await bench.ask("DELETE", path)


async def test_a_write_commits_twice_and_a_read_never(bench: Bench) -> None:
    """The intent before the directory is touched, and what came of it."""
    someone = await person(bench)
    path = f"/Users/{someone['id']}"
    with bench.counting() as patched:
        await bench.patch(path, {"op": "replace", "path": "displayName", "value": "Other"})
    with bench.counting() as same:
        await bench.patch(path, {"op": "replace", "path": "displayName", "value": "Other"})
    with bench.counting() as read:
        await bench.ask("GET", path)
    assert patched.ledger["COMMIT"] == 2
    assert same.ledger["COMMIT"] == 1  # its line in the audit
    assert set(read.ledger) == {"SELECT"}
    await bench.ask("DELETE", path)


async def test_a_member_costs_the_same_in_a_group_of_ten_and_of_five_thousand(bench: Bench) -> None:
    await warm(bench)
    costs: dict[str, list[tuple[dict[str, int], int, dict[str, int]]]] = {}
    for name in ("ten", "big"):
        found = await bench.find("/Groups", f'displayName eq "{name}"')
        group = f"/Groups/{found['id']}"
        someone = await person(bench)
        for operation in (
            {"op": "add", "path": "members", "value": [{"value": someone["id"]}]},
            {"op": "remove", "path": f'members[value eq "{someone["id"]}"]'},
        ):
            with bench.counting() as counted:
                await bench.patch(group, operation)
            costs.setdefault(name, []).append(
                (asked(counted), counted.directory["entries"], dict(counted.ledger)),
            )
        await bench.ask("DELETE", f"/Users/{someone['id']}")
    assert costs["ten"][1][0] == {"search": 1, "modify": 1}
    assert costs["ten"][1][1] == 1
    assert costs["big"] == costs["ten"]


async def test_a_page_costs_the_same_at_any_offset(bench: Bench) -> None:
    first = await bench.ask("GET", "/Users?count=50")
    assert first["totalResults"] >= PEOPLE
    seen = []
    for start in (51, 2_951, PEOPLE - 49):
        with bench.counting() as counted:
            page = await bench.ask("GET", f"/Users?count=50&startIndex={start}")
        assert page["itemsPerPage"] == 50
        entries = counted.directory["entries"] - sum(len(one.get("groups", ())) for one in page["Resources"])
        seen.append((asked(counted), entries <= 52))  # of 50 people: at most the two groups besides
    assert seen == [({"search": 2}, True)] * 3


@contextlib.contextmanager
def counting_calls() -> Iterator[Counter[str]]:
    """Count the calls of this project's own functions; the time they take is the machine's."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            calls["all"] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


async def test_reading_stays_within_its_budget_of_calls(bench: Bench) -> None:
    """What a read costs in Python is in proportion to the functions called. Raise a budget only with a reason."""
    await bench.ask("GET", "/Users?count=50")
    found = await bench.find("/Users", 'userName eq "user000001"')
    numbers = []
    for path in (f"/Users/{found['id']}", '/Users?filter=userName eq "user000001"'):
        await bench.ask("GET", path)
        with counting_calls() as calls:
            await bench.ask("GET", path)
        numbers.append(calls["all"])
    sizes = []
    for count in (20, 120):
        await bench.ask("GET", f"/Users?count={count}&startIndex=101")
        with counting_calls() as calls:
            await bench.ask("GET", f"/Users?count={count}&startIndex=101")
        sizes.append(calls["all"])
    read, filtered, each = *numbers, (sizes[1] - sizes[0]) / 100
    assert read <= 410
    assert filtered <= 790
    assert each <= 145


async def walk(bench: Bench, pages: int) -> None:
    path, number = "/Users?count=100&cursor=", 0
    for _ in range(pages):
        page = await bench.ask("GET", path)
        number += page["itemsPerPage"]
        path = f"/Users?count=100&cursor={page.get('nextCursor')}"
    assert number == pages * 100


async def test_a_walk_through_everybody_holds_a_page_at_a_time(bench: Bench) -> None:
    """Nothing of an answered page is kept: going through six times as many takes no more memory.

    But hints, a bounded number: the first walk fills them.
    """
    peaks: list[int] = []
    tracemalloc.start()
    for pages in (PEOPLE // 100, 10, PEOPLE // 100):
        tracemalloc.reset_peak()
        await walk(bench, pages)
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[2] < peaks[1] * 1.1
