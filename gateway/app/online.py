"""Asking the targets whether the mappings fit them."""

from collections.abc import AsyncIterator

from connectors.contract import Finding
from connectors.errors import ConnectorError, Unavailable
from gateway.app.parts import Parts

NEXT = "see whether it runs, takes the login, and can be reached from here"


async def check_online(parts: Parts) -> AsyncIterator[tuple[str, Finding]]:
    """Yield what each target has to say, beside the connection it is about; ``unreachable`` where it says nothing.

    Every connector is closed at the end.
    """
    try:
        for target in dict.fromkeys(part.settings.target for part in parts.connections.values()):
            try:
                for place, finding in await asked(parts, target):
                    yield place, finding
            except Unavailable as error:
                where = parts.config.place("target", target)
                text = f"cannot be asked: {error.detail}; {NEXT}"
                yield str(where or f"target.{target}"), Finding("unreachable", text)
    finally:
        for connector in parts.connectors.values():
            await connector.close()


async def asked(parts: Parts, target: str) -> list[tuple[str, Finding]]:
    """Ask one target about every mapping that is meant for it; what it says, beside the connection it is about.

    :raises Unavailable: it cannot be asked.
    """
    found: list[tuple[str, Finding]] = []
    for name, part in parts.connections.items():
        if part.settings.target != target:
            continue
        try:
            findings = await parts.connectors[target].check(part.mapping.specs)
        except Unavailable:
            raise
        except ConnectorError as error:
            findings = [Finding("error", error.detail)]
        for finding in findings:
            where = " ".join(filter(None, (part.file.name, finding.collection, finding.key)))
            found.append((f"connection.{name} ({where})", finding))
    return found
