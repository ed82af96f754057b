"""What each status of an application means, asked over HTTP: for a look-up, and for a write that names values."""

import json
from typing import Any

import pytest

from connectors import errors
from connectors.contract import CollectionSpec
from connectors.rest.application import at_once
from connectors.rest.collection import RestCollection
from tests.backends.workroom import running
from tests.connectors.test_rest_calls import Open, opened
from tests.connectors.test_rest_hostile import Reply, Wicked, wicked

__all__ = ["opened", "wicked"]
pytestmark = pytest.mark.anyio
Kind = type[errors.ConnectorError]
WRITTEN: dict[int, tuple[Kind, bool]] = {
    400: (errors.InvalidValue, False),
    401: (errors.Unavailable, False),
    402: (errors.TooMany, False),
    403: (errors.Refused, False),
    404: (errors.Unavailable, False),
    405: (errors.Unsupported, False),
    409: (errors.AlreadyExists, False),
    412: (errors.Conflict, False),
    422: (errors.AlreadyExists, False),
    423: (errors.Unavailable, False),
    429: (errors.Unavailable, False),
    451: (errors.Refused, False),
    500: (errors.Unavailable, True),
    501: (errors.Unsupported, False),
    502: (errors.Unavailable, True),
    503: (errors.Unavailable, True),
    504: (errors.Unavailable, True),
    302: (errors.Unavailable, False),
    307: (errors.Unavailable, False),
}
"""status → what a refused creation is, and whether it may have been made all the same"""


def people(opened: Open, wicked: Wicked) -> RestCollection:
    http: dict[str, Any] = {
        "list": {"get": "/users", "items": "data"},
        "read": {"get": "/users/{id}", "gone": [404, 410]},
        "create": {"post": "/users", "taken": [409, 422]},
        "delete": {"delete": "/users/{id}", "gone": [404]},
    }
    spec = CollectionSpec("User", "id", attributes=frozenset({"name"}), options={"http": http})
    return opened({"base": wicked.url}, spec)


def says(wicked: Wicked, status: int, **headers: str) -> None:
    listed: Reply = (200, {}, json.dumps({"data": []}).encode())
    wicked.answers = lambda path, content: listed if path == "/users" and not content else (status, headers, b"{}")


@pytest.mark.parametrize("status", WRITTEN)
async def test_a_creation_that_is_refused(wicked: Wicked, opened: Open, status: int) -> None:
    says(wicked, status)
    kind, uncertain = WRITTEN[status]
    with pytest.raises(errors.ConnectorError) as refused:
        await people(opened, wicked).create({"name": ("Ann",)})
    assert type(refused.value) is kind
    assert getattr(refused.value, "uncertain", False) is uncertain
    assert len(wicked.asked) == 1, "a write is never sent twice"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((404, errors.NotFound), (410, errors.NotFound), (403, errors.Unavailable), (401, errors.Unavailable)),
        *((409, errors.InvalidValue), (429, errors.Unavailable), (500, errors.Unavailable)),
    ],
)
async def test_a_read_that_is_refused(wicked: Wicked, opened: Open, status: int, kind: Kind) -> None:
    """Never NotFound for anything but ``gone``: an IdP takes that for "make it anew"."""
    says(wicked, status)
    with pytest.raises(errors.ConnectorError) as refused:
        await people(opened, wicked).read("7")
    assert type(refused.value) is kind
    assert not getattr(refused.value, "uncertain", False)


@pytest.mark.parametrize(("status", "kind"), [(404, errors.NotFound), (410, errors.Unavailable)])
async def test_gone_is_what_the_mapping_says(wicked: Wicked, opened: Open, status: int, kind: Kind) -> None:
    says(wicked, status)
    with pytest.raises(kind):
        await people(opened, wicked).delete("7")


async def test_how_long_to_wait_is_handed_on(wicked: Wicked, opened: Open) -> None:
    for status in (429, 503, 500):
        says(wicked, status, **{"Retry-After": "17"})
        with pytest.raises(errors.Unavailable) as busy:
            await people(opened, wicked).create({"name": ("Ann",)})
        assert (busy.value.retry_after, busy.value.uncertain) == (17, status == 500)


async def test_a_real_application_that_is_asked_too_often(opened: Open, tmp_path: Any) -> None:
    with running(tmp_path, limit="1") as app:
        users = opened(app.options())
        many = (users.create({"email": (f"p{number}@example.com",)}) for number in range(8))
        with pytest.raises(errors.Unavailable) as busy:
            await at_once(lambda each: each, many)
        assert busy.value.retry_after == 1
