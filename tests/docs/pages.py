"""The documentation as a test sees it: pages, and the blocks of code in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
JOURNEYS = {
    "docs/how-to/entra.md": "entra_lifecycle",
    "docs/how-to/google.md": "google",
    "docs/how-to/jumpcloud.md": "jumpcloud",
    "docs/how-to/okta.md": "okta_wizard_app",
    "docs/how-to/onelogin.md": "onelogin",
    "docs/how-to/ping.md": "ping_authentik",
}
"""page about a provider → the journey that begins with its test of the connection and its first user"""
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page that a reader may follow."""
    examples = [each.parent / "README.md" for each in (ROOT / "examples").glob("*/mapping.toml")]
    others = [*(ROOT / "mappings").glob("*.md"), *(ROOT / "examples").glob("*.md"), *examples]
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *others])


def blocks(*languages: str) -> list[Block]:
    """Every block in one of ``languages``; in every language when none is named."""
    return [
        Block(str(page.relative_to(ROOT)), text.count("\n", 0, found.start()) + 1, found[2], _outdented(found))
        for page in pages()
        for text in [page.read_text(encoding="utf-8")]
        for found in BLOCK.finditer(text)
        if not languages or found[2] in languages
    ]


def _outdented(found: re.Match[str]) -> str:
    return re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE)
