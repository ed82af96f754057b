"""What a step is: one named translation of a value, in both directions where it has two."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


class StepError(ValueError):
    """A value that a step cannot take. The text is for people and never repeats a secret."""


class OptionError(ValueError):
    """A step that is written wrongly in a mapping file: one sentence, with a suggestion where there is one."""


class Where(StrEnum):
    """How a target holds one SCIM value of a step with few values."""

    PRESENT = "present"
    ABSENT = "absent"


Outcomes = tuple[tuple[Any, Where | tuple[Any, ...]], ...]
"""Every value of the SCIM side that a step can read, with the target's values that read so."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a step may know of the place it stands in.

    :param tables: the ``[table.…]`` of the file.
    :param scim_type: the type of the SCIM attribute (RFC 7643 §2.3).
    :param unknown: ``default`` where a value outside a table takes the row's default instead of a refusal.
    :param fallback: that default, as the SCIM side says it.
    """

    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scim_type: str = "string"
    unknown: str = "refuse"
    fallback: Any = None


class Step:
    """One step of ``via``. Subclasses are pure and bounded: no I/O, no clock, no pattern of a user.

    ``forward`` turns a value of the SCIM side into the target's; ``backward`` the other way. Absence is None on
    either side. The docstring of a subclass is what the reference says about it, ``example`` the TOML beside it.
    """

    name: ClassVar[str]
    example: ClassVar[str]
    takes: ClassVar[tuple[str, ...]] = ()
    """the options known beside the argument"""
    one_way: ClassVar[bool] = False
    """there is no ``backward``"""
    normaliser: ClassVar[bool] = False
    """``backward`` leaves a value as it is, and ``forward`` twice is ``forward`` once"""
    spellings: ClassVar[bool] = False
    """several values of one side are spellings of one value (a time with another offset, JSON with other blanks); those
    that ``forward`` makes equal are equal, and one that the target holds is left alone"""
    reads_old: bool = False
    """``onto`` looks at what the target holds"""
    reads_absence: bool = False
    """``backward(None)`` means something: the target holding nothing is a value of SCIM"""
    whole: ClassVar[bool] = False
    """the step sees all values of a row at once, as a tuple, on the side that has several"""
    fleeting: ClassVar[bool] = False
    """the target may hold a value of its own that ends by itself (a temporary lock)"""
    varies: ClassVar[bool] = False
    """``forward`` gives another result each time (random, salted)"""
    slow: ClassVar[bool] = False
    """``forward`` takes long enough for others to notice: whoever serves them meanwhile calls it in a thread"""
    gives: str | None = None
    """the type the target holds; None = the type that comes in"""

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        self.argument = argument
        self.around = around
        unknown = sorted(set(options) - set(self.takes))
        if unknown:
            known = f"; known: {', '.join(self.takes)}" if self.takes else "; it takes none"
            raise OptionError(f"step '{self.name}' has no option '{unknown[0]}'{known}")

    def forward(self, value: Any) -> Any:
        """Return the target's value. :raises StepError: the value cannot be translated."""
        raise NotImplementedError

    def onto(self, value: Any, old: Any) -> Any:
        """Return the target's value where the target holds ``old`` (None: nothing). Only ``reads_old`` steps differ.

        :raises StepError: the value cannot be translated.
        """
        del old
        return self.forward(value)

    def backward(self, value: Any) -> Any:
        """Return the SCIM value, or None where the target's value means nothing here. Never raises."""
        raise NotImplementedError

    def outcomes(self) -> Outcomes | None:
        """Return every value the step can read, where these are few; None where they are not."""
        return None


class Plain(Step):
    """A step that is written by its name alone."""

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        if argument is not None:
            raise OptionError(f"step '{self.name}' takes no argument")


class Normaliser(Plain):
    """A step that writes one spelling, and lets an equivalent one in the target stand."""

    normaliser = True

    def backward(self, value: Any) -> Any:
        return value


def text(value: Any, step: str) -> str:
    """Return ``value`` where it is text. :raises StepError: otherwise."""
    if not isinstance(value, str):
        raise StepError(f"'{step}' takes text")
    return value


def spelled(value: Any) -> str:
    """Return one spelling for values that backends write in several (``True``, ``"TRUE"``; ``9``, ``"9"``)."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    written = str(value)
    folded = written.lower()
    return folded if folded in ("true", "false") else written


def text_argument(name: str, argument: Any, example: str) -> str:
    """Return the argument of a step that must be text and not empty. :raises OptionError: otherwise."""
    if not isinstance(argument, str) or not argument:
        raise OptionError(f"step '{name}' needs a text, as in {example}")
    return argument


def whole_number(name: str, argument: Any, example: str, least: int, most: int) -> int:
    """Return the argument of a step that must be a number within bounds. :raises OptionError: otherwise."""
    if not isinstance(argument, int) or isinstance(argument, bool) or not least <= argument <= most:
        raise OptionError(f"step '{name}' needs a number from {least} to {most}, as in {example}")
    return argument
