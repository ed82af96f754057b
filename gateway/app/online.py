"""Asking the targets whether the mappings fit them."""

from collections.abc import AsyncIterator

from connectors.contract import Finding
from connectors.errors import ConnectorError, Unavailable
from gateway.app.parts import Parts

_LOGIN = "put right its login in config.toml, or the secret named there"
_TRUST = "name the authority that signed it, as a PEM file: ca = …"
_REACH = "see whether it runs, and can be reached from here"


def next_step(reason: str) -> str:
    """What to do about a target that cannot be asked."""
    return _LOGIN if "not accept" in reason else _TRUST if "certificate" in reason else _REACH


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
                text = f"cannot be asked: {error.detail}; {next_step(error.detail)}"
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
