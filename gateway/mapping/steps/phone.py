"""``e164``: telephone numbers in their international form."""

from collections.abc import Mapping
from typing import Any

from gateway.mapping.steps.step import OptionError, Step, StepError, Surroundings, text

_BLANKS = str.maketrans("", "", " \t\u00a0\u202f-.()/\u2010\u2011\u2013")


class E164(Step):
    """A telephone number is written as ``+`` and digits only; the same number with blanks, hyphens or ``tel:`` in the
    target is left alone. The argument is the country code for numbers that begin with a single ``0``."""

    name = "e164"
    example = '\'phoneNumbers[type eq "work"].value\' = { attr = "telephoneNumber", via = [{ e164 = "49" }] }'
    normaliser = True

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        code = "" if argument is None else str(argument).lstrip("+")
        if code and not (code.isascii() and code.isdecimal() and len(code) <= 3):
            raise OptionError("step 'e164' takes a country code, as in { e164 = \"49\" }")
        self.code = code

    def forward(self, value: Any) -> str:
        written = text(value, self.name).strip()
        if written.lower().startswith("tel:"):
            written = written[4:].partition(";")[0]
        digits = written.replace("(0)", "").translate(_BLANKS)
        if digits.startswith("+"):
            digits = digits[1:]
        elif digits.startswith("00"):
            digits = digits[2:]
        elif digits.startswith("0") and self.code:
            digits = self.code + digits[1:]
        else:
            raise StepError("must be an international number such as +49 30 123456")
        if not (digits.isascii() and digits.isdecimal() and 4 <= len(digits) <= 15) or digits.startswith("0"):
            raise StepError("must be an international number such as +49 30 123456")
        return f"+{digits}"

    def backward(self, value: Any) -> Any:
        return value


STEPS = (E164,)
