"""Steps for yes and no, and for states: ``not bit presence states bool``."""

from collections.abc import Mapping
from typing import Any

from gateway.mapping.steps.step import (
    OptionError,
    Outcomes,
    Plain,
    Step,
    StepError,
    Surroundings,
    Where,
    spelled,
    text_argument,
    whole_number,
)


def _truth(value: Any, step: str) -> bool:
    if not isinstance(value, bool):
        raise StepError(f"'{step}' takes true or false")
    return value


class Not(Plain):
    """True becomes false and false becomes true."""

    name = "not"
    example = 'active = { attr = "disabled", via = ["not"] }'

    def forward(self, value: Any) -> bool:
        return not _truth(value, self.name)

    def backward(self, value: Any) -> bool | None:
        if isinstance(value, bool):
            return not value
        return {"true": False, "1": False, "false": True, "0": True}.get(spelled(value))

    def outcomes(self) -> Outcomes:
        return ((False, (True,)), (True, (False,)))


class Bit(Step):
    """One bit of a number of flags: true sets it, false clears it, every other flag survives. ``base`` is the number
    to start from where the target holds none. The argument is the bit's value, not its place."""

    name = "bit"
    example = 'active = { attr = "userAccountControl", via = ["not", { bit = 2, base = 512 }] }'
    takes = ("base",)
    reads_old = True
    gives = "integer"

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        self.bit = whole_number(self.name, argument, "{ bit = 2 }", 1, 2**31)
        self.start = whole_number(self.name, options.get("base", 0), "{ bit = 2, base = 512 }", 0, 2**32 - 1)

    def forward(self, value: Any) -> int:
        return self.onto(value, None)

    def onto(self, value: Any, old: Any) -> int:
        flags = self._flags(old)
        if flags is None:
            flags = self.start
        return flags | self.bit if _truth(value, self.name) else flags & ~self.bit

    def backward(self, value: Any) -> bool | None:
        flags = self._flags(value)
        return None if flags is None else bool(flags & self.bit)

    @staticmethod
    def _flags(value: Any) -> int | None:
        try:
            return None if value is None else int(value)
        except (ValueError, TypeError):
            return None


class Presence(Step):
    """True where the attribute has any value, false where it has none. True writes the argument, but leaves a value of
    another kind alone (a temporary lock); false clears. An account that the IdP switches off while such a value
    stands gets the lasting one."""

    name = "presence"
    example = 'active = { attr = "pwdAccountLockedTime", via = ["not", { presence = "000001010000Z" }] }'
    reads_old = True
    reads_absence = True
    fleeting = True
    gives = "string"

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        self.value = text_argument(self.name, argument, '{ presence = "000001010000Z" }')

    def forward(self, value: Any) -> Any:
        return self.onto(value, None)

    def onto(self, value: Any, old: Any) -> Any:
        if not _truth(value, self.name):
            return None
        return self.value if old is None else old

    def backward(self, value: Any) -> bool:
        return value is not None

    def outcomes(self) -> Outcomes:
        return ((True, Where.PRESENT), (False, Where.ABSENT))


class States(Step):
    """Several values of the target mean one value of SCIM. A value that already means what is asked stays; otherwise
    the first of the list is written. A value of the target that is not listed is not shown."""

    name = "states"
    example = 'via = [{ states = { true = ["active", "invited"], false = ["disabled", "locked"] } }]'
    reads_old = True

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        if not isinstance(argument, dict) or not argument:
            raise OptionError(f"step 'states' needs a table of lists, as in {self.example}")
        self.states: dict[Any, tuple[Any, ...]] = {}
        self.reads: dict[str, Any] = {}
        for key, listed in argument.items():
            values = tuple(listed) if isinstance(listed, list | tuple) else (listed,)
            if not values:
                raise OptionError(f"step 'states': '{key}' lists no value")
            self._enter(_scim_key(key, argument, around.scim_type), key, values)
        if around.scim_type == "boolean" and not set(self.states) <= {True, False}:
            raise OptionError("step 'states' of a boolean attribute lists 'true' and 'false'")
        kinds = {type(value) for values in self.states.values() for value in values}
        self.gives = {int: "integer", bool: "boolean"}.get(kinds.pop(), "string") if len(kinds) == 1 else "string"

    def _enter(self, scim: Any, key: str, values: tuple[Any, ...]) -> None:
        self.states[scim] = values
        for value in values:
            before = self.reads.setdefault(spelled(value), scim)
            if before != scim:
                raise OptionError(f"step 'states': '{value}' is listed under '{spelled(before)}' and '{key}'")

    def forward(self, value: Any) -> Any:
        return self.onto(value, None)

    def onto(self, value: Any, old: Any) -> Any:
        values = self.states.get(value)
        if values is None:
            if self.around.unknown == "default" and self.around.fallback in self.states:
                return self.onto(self.around.fallback, old)
            raise StepError(f"'{spelled(value)}' is not known; known: {', '.join(map(spelled, self.states))}")
        return old if old is not None and self.reads.get(spelled(old)) == value else values[0]

    def backward(self, value: Any) -> Any:
        return self.reads.get(spelled(value))

    def outcomes(self) -> Outcomes:
        return tuple(self.states.items())


def _scim_key(key: str, argument: Mapping[str, Any], scim_type: str) -> Any:
    if scim_type == "boolean" or set(argument) <= {"true", "false"}:
        return {"true": True, "false": False}.get(key, key)
    return int(key) if scim_type == "integer" and key.lstrip("-").isdigit() else key


class Bool(Step):
    """True and false as the target spells them: ``TRUE`` and ``FALSE``, or the two values of the argument. What is
    neither is not shown. ``absent`` is what an entry without a value means, and then nothing is written to say so."""

    name = "bool"
    example = 'active = { attr = "nsAccountLock", via = ["not", { bool = ["true", "false"], absent = false }] }'
    takes = ("absent",)

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        pair = ["TRUE", "FALSE"] if argument is None else argument
        if not isinstance(pair, list | tuple) or len(pair) != 2 or spelled(pair[0]) == spelled(pair[1]):
            raise OptionError('step \'bool\' needs two different values, as in { bool = ["Y", "N"] }')
        self.yes, self.no = pair
        self.reads = {spelled(self.no): False, spelled(self.yes): True}
        kinds = {type(value) for value in pair}
        self.gives = {int: "integer", bool: "boolean"}.get(kinds.pop(), "string") if len(kinds) == 1 else "string"
        self.absent = options.get("absent")
        if self.absent not in (None, True, False):
            raise OptionError("step 'bool': absent is true or false, what an entry without a value means")
        self.reads_old = self.reads_absence = self.absent is not None

    def forward(self, value: Any) -> Any:
        return self.onto(value, None)

    def onto(self, value: Any, old: Any) -> Any:
        if _truth(value, self.name) is self.absent and old is None:
            return None
        return self.yes if value else self.no

    def backward(self, value: Any) -> bool | None:
        return self.absent if value is None else self.reads.get(spelled(value))

    def outcomes(self) -> Outcomes:
        written = ((True, (self.yes,)), (False, (self.no,)))
        return written if self.absent is None else (*written, (self.absent, Where.ABSENT))


STEPS = (Not, Bit, Presence, States, Bool)
