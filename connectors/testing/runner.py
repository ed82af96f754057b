"""The kit without pytest's collection: run every test once and say which failed."""

import asyncio
import inspect
from collections.abc import Callable, Sequence

import pytest

from connectors.contract import Connector
from connectors.testing.specimen import Ground, Specimen

Opened = tuple[Connector, Connector | None, Callable[[], int] | None]


def failures(tests: object, specimen: Specimen, open: Callable[[], Opened], only: Sequence[str] = ()) -> dict[str, str]:
    """Run the methods ``test_…`` of ``tests``, each on a connector of its own.

    :param open: makes what the fixtures ``connector``, ``unreachable`` and ``operations`` would give, afresh.
    :param only: the names to run; none = all.
    :return: the name of each test that failed → what it said.
    """
    failed = {}
    for name, method in inspect.getmembers(tests, inspect.iscoroutinefunction):
        if name.startswith("test_") and (not only or name in only):
            said = asyncio.run(_outcome(method, specimen, open))
            if said is not None:
                failed[name] = said
    return failed


async def _outcome(method: Callable[[Ground], object], specimen: Specimen, open: Callable[[], Opened]) -> str | None:
    connector, unreachable, operations = open()
    try:
        await method(Ground(specimen, connector, unreachable, operations))  # type: ignore[misc]
    except pytest.skip.Exception:
        return None
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - a test fails by raising anything
        return f"{type(error).__name__}: {error}"
    finally:
        await connector.close()
        if unreachable is not None:
            await unreachable.close()
    return None
