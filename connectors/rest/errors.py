"""What a status says, in the words of the contract. A detail names the call as the mapping wrote it, and no value.

What an application writes into its errors is not repeated: it holds values, and sometimes more.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from connectors.errors import (
    AlreadyExists,
    Conflict,
    ConnectorError,
    InvalidValue,
    NotFound,
    Refused,
    TooMany,
    Unavailable,
    Unsupported,
)
from connectors.rest.transport import Answer, Request

GONE: Collection[int] = frozenset({404, 410})
TAKEN: Collection[int] = frozenset({409})
LONGEST_WAIT = 3600.0
"""seconds that an application may ask to be left alone; more is taken as this"""


def failure(
    request: Request, answer: Answer, *, gone: Collection[int] = GONE, taken: Collection[int] = (), says: str = ""
) -> ConnectorError | None:
    """What went wrong, or None for a 2xx.

    :param gone, taken: the statuses that mean "it is not there" and "a unique value is taken".
    :param says: ``taken`` means that only in an answer with this text.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    said = f"the application answered {status} to {request.label}"
    if status in gone:
        return NotFound(said)
    if status in taken and (not says or says in orjson.dumps(answer.document).decode()):
        return AlreadyExists("another entry has this value")
    if status in (401, 407) or (status == 403 and not request.writing):
        return Unavailable(f"the application does not accept this login: {said}")
    if status in (429, 503):
        wait = retry_after(answer)
        unheard = request.writing and status == 503 and wait is None
        return Unavailable(said, retry_after=wait, uncertain=unheard)
    if status >= 500 and status not in (501, 505):
        return Unavailable(said, retry_after=retry_after(answer), uncertain=request.writing)
    if 300 <= status < 400 or status < 200:
        return Unavailable(f"{said}, and redirections are not followed")
    return _refusal(status, said)


def _refusal(status: int, said: str) -> ConnectorError:
    match status:
        case 400 | 422 | 413 | 414 | 431:
            return InvalidValue(said)
        case 403 | 451:
            return Refused(said)
        case 409:
            return InvalidValue(said)
        case 412:
            return Conflict("the entry changed since it was read")
        case 404 | 410:
            return Unavailable(f"{said}: this part of the application is not there")
        case 408 | 425 | 423:
            return Unavailable(said)
        case 402 | 507:
            return TooMany(said)
    return Unsupported(said)


def retry_after(answer: Answer) -> float | None:
    """The seconds of Retry-After, as a number or a date (RFC 9110 §10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)
