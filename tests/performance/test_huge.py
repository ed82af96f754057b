"""A hundred thousand members in one group, a hundred thousand users: what it costs is counted, never timed."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.entry import Entry
from tests.backends.postgres import running as running_postgres
from tests.backends.slapd import running as running_slapd
from tests.performance.conftest import Bench
from tests.performance.huge import (
    FORBIDDEN,
    OUTLAW,
    PEOPLE,
    Huge,
    HugeDatabase,
    HugeDirectory,
    gateway,
    group,
    person,
)
from tests.scim.wire import GROUP, PATCH, USER

pytestmark = pytest.mark.anyio
CHUNK = 500
LAST = person(PEOPLE - 1)


@pytest.fixture(scope="module", params=["slapd", "postgresql"])
def huge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Huge]:
    """A backend; tests leave it as they found it, but for the group that each fills."""
    folder = tmp_path_factory.mktemp("huge")
    if request.param == "slapd":
        with running_slapd(folder / "slapd") as directory:
            yield HugeDirectory(directory, folder)
    else:
        with running_postgres() as database:
            yield HugeDatabase(database)


@pytest.fixture
async def bench(huge: Huge, tmp_path: Path) -> AsyncIterator[Bench]:
    async with gateway(huge, tmp_path) as opened:
        yield opened


def adding(*numbers: int) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": person(number)} for number in numbers]}


async def test_one_member_costs_the_same_in_a_group_of_ten_and_of_everybody(bench: Bench, huge: Huge) -> None:
    costs: dict[str, list[tuple[int, int]]] = {}
    for name in ("ten", "all"):
        path = f"/Groups/{group(name)}"
        body = {"schemas": [USER], "userName": f"new-{name}", "name": {"familyName": "New"}, "active": True}
        new = await bench.ask("POST", "/Users", body)
        await bench.ask("GET", f"{path}?excludedAttributes=members")
        for operation in (
            {"op": "add", "path": "members", "value": [{"value": new["id"]}]},
            {"op": "remove", "path": f'members[value eq "{new["id"]}"]'},
        ):
            with huge.counting() as counted:
                await bench.patch(path, operation)
            costs.setdefault(name, []).append((counted["operations"], counted["entries"]))
        await bench.ask("DELETE", f"/Users/{new['id']}")
    assert costs["all"] == costs["ten"]
    assert all(0 < operations <= 5 and entries <= 3 for operations, entries in costs["all"])


async def test_ten_thousand_members_by_a_hundred_patches_of_a_hundred(bench: Bench, huge: Huge) -> None:
    path, costs = f"/Groups/{group('growing')}", []
    await bench.ask("GET", f"{path}?excludedAttributes=members")
    for first in range(0, 10_000, 100):
        if first in (100, 9_900):
            with huge.counting() as counted:
                await bench.patch(path, adding(*range(first, first + 100)))
            costs.append((counted["operations"], counted["entries"]))
        else:
            await bench.patch(path, adding(*range(first, first + 100)))
    assert huge.members("growing") == {LAST, *map(person, range(10_000))}
    assert costs[0] == costs[1], "the hundredth costs what the second did"


async def test_a_replace_of_ten_thousand_goes_in_portions(bench: Bench, huge: Huge) -> None:
    path, moved, costs = f"/Groups/{group('replaced')}", 1_000, []
    for first in (2_000, 2_000 + moved):
        wanted = [{"value": person(number)} for number in range(first, first + 10_000)]
        with huge.counting() as counted:
            await bench.patch(path, {"op": "replace", "path": "members", "value": wanted})
        costs.append(counted["modify"])
        assert huge.members("replaced") == {each["value"] for each in wanted}
    writes = 2 * moved // CHUNK
    assert costs[0] == 0, "they all were there, and are claimed"
    assert writes <= costs[1] <= 2 * writes, "a portion is one change (in SQL: of rows, and of a version)"


@pytest.mark.parametrize("number", [90, 1_200])
async def test_who_is_refused_by_the_target_is_named_and_nobody_else_gets_in(
    bench: Bench, huge: Huge, number: int
) -> None:
    path, wanted = f"/Groups/{group('guarded')}", [*range(4_000, 4_000 + number - 1), FORBIDDEN]
    stood = person(4_001)
    await bench.patch(path, adding(4_001))
    body = {"schemas": [PATCH], "Operations": [adding(*wanted)]}
    with huge.counting() as counted:
        answer = await bench.client.request("PATCH", path, json=body)
    assert answer.status_code == 403, answer.text
    assert person(FORBIDDEN) in answer.json()["detail"]
    assert huge.members("guarded") == {LAST, stood}, "who was in stays, and nobody else came"
    assert counted["modify"] <= 60, "found by halving"
    await bench.patch(path, adding(*wanted[:-1]))
    assert huge.members("guarded") == {LAST, *map(person, wanted[:-1])}
    await bench.patch(path, {"op": "remove", "path": "members", "value": [{"value": person(n)} for n in wanted[:-1]]})


async def test_a_change_of_a_name_and_of_many_members_is_whole_or_nothing(bench: Bench, huge: Huge) -> None:
    path, wanted = f"/Groups/{group('guarded')}", [*range(5_000, 6_200), OUTLAW]
    rename = {"op": "replace", "path": "displayName", "value": "renamed"}
    body = {"schemas": [PATCH], "Operations": [rename, adding(*wanted)]}
    answer = await bench.client.request("PATCH", path, json=body)
    assert answer.status_code == 403, answer.text
    assert person(OUTLAW) in answer.json()["detail"]
    assert (await bench.ask("GET", f"{path}?attributes=displayName"))["displayName"] == "guarded"
    assert huge.members("guarded") == {LAST}


async def test_a_group_one_of_whose_many_members_is_refused_is_not_made(bench: Bench) -> None:
    members = adding(*range(5_000, 6_200), OUTLAW)["value"]
    body = {"schemas": [GROUP], "displayName": "half", "members": members}
    answer = await bench.client.request("POST", "/Groups", json=body)
    assert answer.status_code == 403, answer.text
    assert person(OUTLAW) in answer.json()["detail"]
    found = await bench.ask("GET", '/Groups?filter=displayName eq "half"&attributes=displayName')
    assert found["totalResults"] == 0
    made = await bench.ask("POST", "/Groups", {**body, "members": members[:-1]})
    assert len(made["members"]) == len(members) - 1
    await bench.ask("DELETE", f"/Groups/{made['id']}")


async def page(bench: Bench, query: str) -> dict[str, Any]:
    return dict(await bench.ask("GET", f"/Users?attributes=userName&count=1000&{query}"))


async def peak_of(bench: Bench, query: str) -> int:
    """The most memory that one page takes of a list whose ids are known, beyond what is held anyway."""
    gc.collect()
    tracemalloc.start()
    await page(bench, query)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def live_entries() -> int:
    gc.collect()
    return sum(type(each) is Entry for each in gc.get_objects())


async def busy(bench: Bench, stop: asyncio.Event, *, moving: bool) -> None:
    """Others write meanwhile: changes of people, and, ``moving``, people who come and go."""
    number = 0
    while not stop.is_set():
        number += 1
        path = f"/Users/{person(number * 97 % PEOPLE)}"
        await bench.patch(path, {"op": "replace", "path": "name.givenName", "value": f"Name {number}"})
        if moving:
            body = {"schemas": [USER], "userName": f"guest{number}", "name": {"familyName": "Guest"}, "active": True}
            guest = await bench.ask("POST", "/Users", body)
            await bench.ask("DELETE", f"/Users/{guest['id']}")
        await asyncio.sleep(0.3)


async def test_everybody_by_cursor_while_others_come_and_go(bench: Bench) -> None:
    stop = asyncio.Event()
    writing = asyncio.create_task(busy(bench, stop, moving=True))
    seen: list[str] = []
    queries = ["cursor="]
    while queries[-1]:
        got = await page(bench, queries[-1])
        seen += [each["id"] for each in got["Resources"]]
        following = got.get("nextCursor")
        queries.append(f"cursor={following}" if following else "")
    stop.set()
    await writing
    known = [id for id in seen if id[8:] == f"-0000-4000-8000-0000{id[:8]}"]
    assert len(known) == PEOPLE
    assert len(set(seen)) == len(seen)
    assert live_entries() <= 1_000, "nothing of an answered page is kept"
    peaks = [await peak_of(bench, queries[number]) for number in (5, 10, 95)]
    assert peaks[2] < peaks[1] * 1.25, "a page near the end takes no more than one near the beginning"


async def test_everybody_by_index_while_others_change(bench: Bench, huge: Huge) -> None:
    stop = asyncio.Event()
    writing = asyncio.create_task(busy(bench, stop, moving=False))
    seen: list[str] = []
    for start in range(1, PEOPLE + 2_000, 1_000):
        got = await page(bench, f"startIndex={start}")
        seen += [each["id"] for each in got["Resources"]]
    assert len(seen) == len(set(seen)) == got["totalResults"]
    assert {person(number) for number in range(PEOPLE)} <= set(seen)
    with huge.counting() as counted:
        await page(bench, "startIndex=50001")
    stop.set()
    await writing
    assert counted["entries"] < 3_000, "a page and what was written meanwhile, and not everybody"
    assert live_entries() <= 1_000
    peaks = [await peak_of(bench, f"startIndex={start}") for start in (5_001, 10_001, 95_001)]
    assert peaks[2] < peaks[1] * 1.25


async def test_who_was_deleted_costs_a_list_nothing(bench: Bench, huge: Huge) -> None:
    """A deleted person stays in the target, switched off, and is nowhere: not by looking at everybody for each page."""
    await page(bench, "startIndex=1")
    gone = [person(50_000 + number) for number in range(250)]
    for id in gone:
        await bench.ask("DELETE", f"/Users/{id}")
    before = (await page(bench, "startIndex=1"))["totalResults"]
    with huge.counting() as counted:
        shown = await page(bench, "startIndex=49501")
    assert counted["entries"] <= 1_010
    assert shown["totalResults"] == before
    assert before <= PEOPLE + 1_000 - len(gone)
    assert not {each["id"] for each in shown["Resources"]} & set(gone)
    assert len(shown["Resources"]) == 1_000
    await bench.ask("DELETE", f"/Users/{person(60_000)}")
    with huge.counting() as counted:
        walked = await page(bench, "cursor=")
        for _ in range(3):
            walked = await page(bench, f"cursor={walked['nextCursor']}")
            await bench.ask("DELETE", f"/Users/{walked['Resources'][0]['id']}")
    assert counted["entries"] <= 2 * (PEOPLE + 1_000) + 10_000, "the ids once for the total, once for the walk"
