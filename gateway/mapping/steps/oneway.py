"""Steps that only write: ``ad_password local_part first_word truncate random``."""

import secrets
import string
from collections.abc import Mapping
from typing import Any

from gateway.mapping.steps.step import Plain, Step, StepError, Surroundings, text, whole_number


class AdPassword(Plain):
    """A password as Active Directory's ``unicodePwd`` takes it: in quotes, UTF-16."""

    name = "ad_password"
    example = 'password = { attr = "unicodePwd", via = ["ad_password"], only = "write" }'
    one_way = True
    gives = "binary"

    def forward(self, value: Any) -> bytes:
        try:
            return f'"{text(value, self.name)}"'.encode("utf-16-le")
        except UnicodeEncodeError as error:
            raise StepError("'ad_password' takes text") from error


class LocalPart(Plain):
    """What stands before the first ``@``."""

    name = "local_part"
    example = 'sAMAccountName = { template = "{userName}", via = ["local_part", { truncate = 20 }], apply = "create" }'
    one_way = True

    def forward(self, value: Any) -> str | None:
        return text(value, self.name).partition("@")[0] or None


class FirstWord(Plain):
    """What stands before the first white space."""

    name = "first_word"
    example = 'initials = { template = "{name.givenName}", via = ["first_word"] }'
    one_way = True

    def forward(self, value: Any) -> str | None:
        words = text(value, self.name).split(maxsplit=1)
        return words[0] if words else None


class Truncate(Step):
    """The first characters only, as many as the argument says; a blank at the new end is dropped."""

    name = "truncate"
    example = 'sAMAccountName = { template = "{userName}", via = [{ truncate = 20 }], apply = "create" }'
    one_way = True

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        self.length = whole_number(self.name, argument, "{ truncate = 20 }", 1, 100_000)

    def forward(self, value: Any) -> str:
        return text(value, self.name)[: self.length].rstrip()


class Random(Step):
    """Random letters, digits and signs, as many as the argument says, whatever the value is: a first password nobody
    knows."""

    name = "random"
    example = 'userPassword = { value = "", via = [{ random = 24 }], apply = "create" }'
    one_way = True
    varies = True
    gives = "string"
    _signs = "-_.+!"

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        self.length = whole_number(self.name, argument, "{ random = 24 }", 8, 1024)

    def forward(self, value: Any) -> str:  # noqa: ARG002 - nothing of the value is kept
        kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, self._signs)
        drawn = [secrets.choice(kind) for kind in kinds]
        drawn += [secrets.choice("".join(kinds)) for _ in range(self.length - len(drawn))]
        secrets.SystemRandom().shuffle(drawn)
        return "".join(drawn)


STEPS = (AdPassword, LocalPart, FirstWord, Truncate, Random)
