"""An application as a backend: opening, checking, closing."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import CollectionSpec, Finding
from connectors.rest import options
from connectors.rest.application import Application
from connectors.rest.checking import findings
from connectors.rest.collection import RestCollection
from connectors.rest.options import Options
from connectors.rest.sections import read_sections
from connectors.rest.wire import Wire


class RestConnector:
    """One application behind a REST API. Opening reads keys only; the first verb connects."""

    def __init__(self, name: str, given: Options) -> None:
        self.name = name
        self._options = given
        self._wire = Wire(given.transport, given.login)

    @classmethod
    def from_options(cls, name: str, given: Mapping[str, Any]) -> "RestConnector":
        """See ``Connector.from_options``; the keys are those of ``options``."""
        return cls(name, options.read(given))

    def collections(self, specs: Mapping[str, CollectionSpec]) -> Mapping[str, RestCollection]:
        """See ``Connector.collections``."""
        application = self._application(specs)
        return {name: RestCollection(spec, application) for name, spec in specs.items()}

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        """See ``Connector.check``: lists answer, their elements have ids, and what rows read is in them."""
        return await findings(self._application(specs))

    async def close(self) -> None:
        """See ``Connector.close``."""
        for transport in (self._options.transport, *self._options.elsewhere):
            await transport.close()

    def _application(self, specs: Mapping[str, CollectionSpec]) -> Application:
        return Application(read_sections(specs, self._options.variables), self._wire)

    def __repr__(self) -> str:
        return f"RestConnector({self.name!r})"
