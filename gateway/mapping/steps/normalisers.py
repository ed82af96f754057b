"""Normalisers: one spelling is written, an equivalent one in the target is left alone."""

import unicodedata
from typing import Any

from gateway.mapping.steps.step import Normaliser, text

_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ł": "l",
        "Ł": "L",
        "ħ": "h",
        "Ħ": "H",
        "ı": "i",
        "ŋ": "n",
        "Ŋ": "N",
        "‐": "-",
        "‑": "-",
        "–": "-",
        "—": "-",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
    }
)


class Trim(Normaliser):
    """Blanks at both ends are dropped."""

    name = "trim"
    example = 'via = ["trim"]'

    def forward(self, value: Any) -> str:
        return text(value, self.name).strip()


class Lower(Normaliser):
    """Small letters are written; the same word in other capitals is left alone."""

    name = "lower"
    example = 'via = ["lower"]'

    def forward(self, value: Any) -> str:
        return text(value, self.name).lower()


class Upper(Normaliser):
    """Capital letters are written; the same word in other capitals is left alone."""

    name = "upper"
    example = 'via = ["upper"]'

    def forward(self, value: Any) -> str:
        return text(value, self.name).upper()


class Caseless(Normaliser):
    """The value is written as it came; the same word in other capitals is left alone."""

    name = "caseless"
    example = 'via = ["caseless"]'
    reads_old = True

    def forward(self, value: Any) -> str:
        return text(value, self.name)

    def onto(self, value: Any, old: Any) -> Any:
        new = self.forward(value)
        return old if isinstance(old, str) and old.casefold() == new.casefold() else new


class CollapseSpaces(Normaliser):
    """Every run of white space becomes one blank, and blanks at both ends are dropped."""

    name = "collapse_spaces"
    example = 'via = ["collapse_spaces"]'

    def forward(self, value: Any) -> str:
        return " ".join(text(value, self.name).split())


class Ascii(Normaliser):
    """Letters lose their accents (``Jürgen`` → ``Jurgen``, ``Straße`` → ``Strasse``); what has no ASCII letter goes."""

    name = "ascii"
    example = 'via = ["ascii"]'

    def forward(self, value: Any) -> str:
        plain = unicodedata.normalize("NFKD", text(value, self.name).translate(_LETTERS))
        return plain.translate(_LETTERS).encode("ascii", "ignore").decode("ascii")


STEPS = (Trim, Lower, Upper, Caseless, CollapseSpaces, Ascii)
