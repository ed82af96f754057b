"""The laws on single steps.

A plan compares before it writes, so a careless step may do no harm to an entry that nobody changes, and harm all the
more when something changes: 66048 becomes 514. So each step must keep the laws by itself: what it reads, it writes
back as it was, unless it says that spellings do not matter (``normaliser``, ``spellings``).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.mapping.laws.samples import shrunk, target_values
from gateway.mapping.steps import Step, StepError, Where
from gateway.mapping.steps.step import spelled

_REFUSED = object()


def step_breaches(steps: Sequence[Step], asserted: list[Any], seed: str) -> Iterator[tuple[int, str]]:
    """Yield the number of a law and a sentence for each step that breaks one.

    :param asserted: values that an IdP may send to the first step.
    """
    values = asserted
    for step in steps:
        if not step.whole:
            yield from _breaches(step, values, _held(step, values, seed))
        values = [made for value in values if (made := _onto(step, value, None)) not in (None, _REFUSED)]


def _held(step: Step, values: list[Any], seed: str) -> list[Any]:
    """What the target may hold: what the step writes, what it says it reads, and what others write."""
    known = [held for _, each in step.outcomes() or () if not isinstance(each, Where) for held in each]
    made = [_onto(step, value, None) for value in values[:60]]
    return [held for held in (*known, *made, *target_values(seed)) if held is not None and held is not _REFUSED]


def _breaches(step: Step, values: list[Any], held: list[Any]) -> Iterator[tuple[int, str]]:
    name = f"step '{step.name}'"
    if not (step.normaliser or step.spellings):
        for old in held:
            if _restless(step, old):
                old = shrunk(old, lambda simpler: _restless(step, simpler))
                read = step.backward(old)
                yield 1, f"{name} reads {old!r} as {read!r}, and writes {_onto(step, read, old)!r} back"
                break
    for value in values:
        if _lossy(step, value):
            value = shrunk(value, lambda simpler: _lossy(step, simpler))
            made = _onto(step, value, None)
            yield 2, f"{name} makes {made!r} of {value!r}, and reads that as {step.backward(made)!r}"
            break
    for value in values:
        old = next((old for old in (None, *held[:40]) if _unsteady(step, value, old)), _REFUSED)
        if old is not _REFUSED:
            once = _onto(step, value, old)
            yield 3, f"{name} makes {once!r} of {value!r}, and of the same value again {_onto(step, value, once)!r}"
            break


def _onto(step: Step, value: Any, old: Any) -> Any:
    try:
        return step.forward(value) if old is None else step.onto(value, old)
    except (StepError, ValueError, TypeError, OverflowError):
        return _REFUSED


def _restless(step: Step, old: Any) -> bool:
    """Whether reading and writing back changes what the target holds."""
    read = step.backward(old)
    if read is None:
        return False
    made = _onto(step, read, old)
    return made is not _REFUSED and not _alike(made, old)


def _lossy(step: Step, value: Any) -> bool:
    """Whether what was written is read as something else."""
    made = _onto(step, value, None)
    if made is None or made is _REFUSED:
        return made is None and value is not False and not step.normaliser
    again = step.backward(made)
    if step.normaliser or step.spellings:
        return not _alike(_onto(step, again, None), made)
    folded = isinstance(again, str) and isinstance(value, str) and again.casefold() == value.casefold()
    return not (folded or _alike(again, value))


def _unsteady(step: Step, value: Any, old: Any) -> bool:
    """Whether writing a value twice is not writing it once."""
    once = _onto(step, value, old)
    if once is None or once is _REFUSED:
        return False
    return not _alike(_onto(step, value, once), once)


def _alike(one: Any, other: Any) -> bool:
    """Equal, or spelled alike: backends hand out ``9`` and ``"9"``, ``True`` and ``"TRUE"`` and ``1``."""
    if one is _REFUSED or other is _REFUSED or one is None or other is None:
        return one is other
    return bool(one == other) or _plain(one) == _plain(other)


def _plain(value: Any) -> str:
    written = spelled(value)
    if isinstance(value, bool) or written in ("true", "false"):
        return str(int(written == "true"))
    digits = written[1:] if written[:1] in ("+", "-") else written
    return str(int(written)) if digits.isascii() and digits.isdecimal() else written
