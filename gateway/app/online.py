"""Asking the targets whether the mappings fit them."""

from collections.abc import AsyncIterator

from connectors.contract import Finding
from connectors.errors import ConnectorError, Unavailable
from gateway.app.parts import Parts


async def check_online(parts: Parts) -> AsyncIterator[tuple[str, Finding]]:
    """Yield what each target has to say, beside the connection it is about; ``unreachable`` where it says nothing.

    Every connector is closed at the end.
    """
    away: set[str] = set()
    try:
        for name, part in parts.connections.items():
            target = part.settings.target
            if target in away:
                continue
            try:
                findings = await parts.connectors[target].check(part.mapping.specs)
            except Unavailable as error:
                away.add(target)
                yield f"target.{target}", Finding("unreachable", f"cannot be asked: {error.detail}")
                continue
            except ConnectorError as error:
                findings = [Finding("error", error.detail)]
            for finding in findings:
                where = " ".join(filter(None, (part.file.name, finding.collection, finding.key)))
                yield f"connection.{name} ({where})", finding
    finally:
        for connector in parts.connectors.values():
            await connector.close()
