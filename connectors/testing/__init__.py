"""The kit: a connector proves the contract with a test file of about twenty lines.

::

    from connectors.testing import ContractTests, Specimen

    class TestMine(ContractTests):
        specimen = Specimen(specs={...}, name="cn", text="title", fill=lambda n: {"cn": (f"person {n}",)})

        @pytest.fixture
        def connector(self, tmp_path):
            return MyConnector.from_options("test", {"path": str(tmp_path / "people.db")})

What a backend does not have (groups, versions, sorting …) is left out of the specimen or of the capabilities, and its
tests are skipped by name. ``failures`` runs the same tests without pytest: the gallery of seeded faults uses it.
Needs pytest and anyio; nothing outside tests imports this package.
"""

from collections.abc import AsyncIterator, Callable

import pytest

from connectors.contract import Connector
from connectors.testing.filtering import FilterTests
from connectors.testing.listing import ListTests
from connectors.testing.lives import LifeTests
from connectors.testing.membership import MemberTests
from connectors.testing.opening import OpeningTests
from connectors.testing.runner import failures
from connectors.testing.specimen import Ground, Specimen
from connectors.testing.writing import WriteTests

__all__ = ["ContractTests", "Ground", "Specimen", "failures"]


@pytest.mark.anyio
class ContractTests(LifeTests, WriteTests, FilterTests, ListTests, MemberTests, OpeningTests):
    """Every sentence of ``connectors.contract`` as a test. Give ``specimen`` and the fixture ``connector``."""

    specimen: Specimen

    @pytest.fixture
    def anyio_backend(self) -> str:
        """All verbs belong to one event loop of asyncio."""
        return "asyncio"

    @pytest.fixture
    def connector(self) -> Connector:
        """A connector, not yet used, on an empty backend. To be overridden."""
        raise NotImplementedError("give the fixture 'connector'")

    @pytest.fixture
    def unreachable(self) -> Connector | None:
        """The same connector opened on a backend that cannot be reached; None where there is no such thing."""
        return None

    @pytest.fixture
    def operations(self) -> Callable[[], int] | None:
        """A function that says how many requests the backend has had so far; None where nobody counts."""
        return None

    @pytest.fixture
    async def ground(
        self, connector: Connector, unreachable: Connector | None, operations: Callable[[], int] | None
    ) -> AsyncIterator[Ground]:
        """What every test stands on; both connectors are closed after it."""
        yield Ground(self.specimen, connector, unreachable, operations)
        await connector.close()
        if unreachable is not None:
            await unreachable.close()
