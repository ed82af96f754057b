"""Wrong steps, each the way somebody would write it at first. The laws must catch every one."""

from typing import Any

from gateway.mapping.steps import Step


class NaiveLower(Step):
    """Not declared a normaliser: an entry with capitals is rewritten in the first cycle."""

    name = "naive_lower"
    example = ""

    def forward(self, value: Any) -> Any:
        return str(value).lower()

    def backward(self, value: Any) -> Any:
        return value


class NaiveBit(Step):
    """Writes 514 and 512 whatever the account held: 66048 loses DONT_EXPIRE_PASSWORD."""

    name = "naive_bit"
    example = ""

    def forward(self, value: Any) -> Any:
        return 514 if value else 512

    def backward(self, value: Any) -> Any:
        return bool(int(value) & 2) if str(value).isdecimal() else None


class Toggle(Step):
    """Flips the bit instead of stating what should be: a request sent twice undoes itself."""

    name = "toggle"
    example = ""
    reads_old = True

    def forward(self, value: Any) -> Any:
        return 2 if value else 0

    def onto(self, value: Any, old: Any) -> Any:
        return int(old) ^ 2 if str(old).isdecimal() else self.forward(value)

    def backward(self, value: Any) -> Any:
        return bool(int(value) & 2) if str(value).isdecimal() else None


class LossyTable(Step):
    """Two words of the IdP give one of the target."""

    name = "lossy_table"
    example = ""
    words = {"Admin": "9", "Owner": "9", "Reader": "1"}  # noqa: RUF012

    def forward(self, value: Any) -> Any:
        return self.words.get(value, "1")

    def backward(self, value: Any) -> Any:
        return {"9": "Admin", "1": "Reader"}.get(str(value))


class TwoWayTruncate(Step):
    """Cuts, and claims that what is left can be read back."""

    name = "two_way_truncate"
    example = ""

    def forward(self, value: Any) -> Any:
        return str(value)[:8]

    def backward(self, value: Any) -> Any:
        return value


class OverwritingPresence(Step):
    """Writes its value over a temporary lock, which becomes a permanent one."""

    name = "overwriting_presence"
    example = ""
    reads_absence = True

    def forward(self, value: Any) -> Any:
        return "000001010000Z" if value else None

    def backward(self, value: Any) -> Any:
        return value is not None


class FirstState(Step):
    """Writes the first state of the list whatever stands there: ``invited`` becomes ``active``."""

    name = "first_state"
    example = ""

    def forward(self, value: Any) -> Any:
        return "off" if value else "active"

    def backward(self, value: Any) -> Any:
        return {"active": False, "invited": False, "off": True, "locked": True}.get(str(value))


class Counting(Step):
    """Remembers: the second write of a value is another value."""

    name = "counting"
    example = ""
    written = 0

    def forward(self, value: Any) -> Any:
        type(self).written += 1
        return f"{value}#{self.written}"

    def backward(self, value: Any) -> Any:
        return str(value).rpartition("#")[0] or None


class NaivePrefix(Step):
    """Reads what has no prefix as if it had one, and then writes one."""

    name = "naive_prefix"
    example = ""

    def forward(self, value: Any) -> Any:
        return f"id-{value}"

    def backward(self, value: Any) -> Any:
        return str(value).removeprefix("id-")


class Swapping(Step):
    """Reads something else than what was written."""

    name = "swapping"
    example = ""

    def forward(self, value: Any) -> Any:
        return str(value).swapcase()

    def backward(self, value: Any) -> Any:
        return f"{value}!"
