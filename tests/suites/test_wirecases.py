"""The wire cases of ``cases/``, each in a world of its own."""

from pathlib import Path

import pytest

from tests.scim.wire import wire
from tests.suites.wirecases import WIDGETS, Case, World, cases

pytestmark = pytest.mark.anyio
CASES = cases()


@pytest.mark.parametrize(("case", "dialect"), CASES, ids=[f"{case.name} [{dialect}]" for case, dialect in CASES])
async def test_case(case: Case, dialect: str, tmp_path: Path) -> None:
    mapping = WIDGETS if case.at == "widgets" else case.at
    async with wire(tmp_path, mapping, dialect=dialect, **case.settings) as client:
        world = World(client)
        await world.settle(case.at)
        for step in case.steps:
            await world.play(step)


def test_names_tell_cases_apart() -> None:
    names = [case.name for case, dialect in CASES if dialect == case.on[0]]
    assert len(names) == len(set(names))
    assert len(names) >= 120
    assert all(case.rfc and case.steps for case, _ in CASES)
