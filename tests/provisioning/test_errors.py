"""The table of errors: no failure of a connector lacks a meaning, and an outage is never 404 or 400."""

from collections.abc import Iterator

import pytest
from scim2_models import SCIMException

from connectors import errors
from gateway.provisioning.errors import MEANING, Unavailable503, meaning, translated


def subclasses(kind: type[errors.ConnectorError]) -> Iterator[type[errors.ConnectorError]]:
    for sub in kind.__subclasses__():
        if sub.__module__ == "connectors.errors":
            yield sub
            yield from subclasses(sub)


def test_every_connector_error_has_a_meaning() -> None:
    assert set(subclasses(errors.ConnectorError)) == set(MEANING)


@pytest.mark.parametrize(
    ("failure", "status", "scim_type"),
    [
        (errors.NotFound("x"), 404, ""),
        (errors.AlreadyExists("x"), 409, "uniqueness"),
        (errors.Conflict("x"), 409, ""),
        (errors.InvalidValue("x"), 400, "invalidValue"),
        (errors.UnknownReference("x", values=["7"]), 400, "invalidValue"),
        (errors.Refused("x"), 403, ""),
        (errors.Unsupported("x"), 501, ""),
        (errors.TooMany("x"), 400, "tooMany"),
        (errors.Unavailable("x"), 503, ""),
    ],
)
def test_what_a_client_is_told(failure: errors.ConnectorError, status: int, scim_type: str) -> None:
    told = meaning(failure)
    assert (told.status, told.scim_type) == (status, scim_type)
    assert told.to_error().status == status


def test_an_unknown_reference_names_who_is_unknown() -> None:
    assert "7, 8" in meaning(errors.UnknownReference("no such members", values=["7", "8"])).detail


def test_a_plugins_own_error_means_what_its_ancestor_means() -> None:
    class Throttled(errors.Unavailable):
        pass

    told = meaning(Throttled("slow down", retry_after=90))
    assert isinstance(told, Unavailable503)
    assert told.retry_after == 90


@pytest.mark.parametrize(("asked", "told"), [(None, 30), (0.2, 1), (12.4, 13)])
def test_retry_after_is_whole_seconds_and_never_none(asked: float | None, told: int) -> None:
    failure = meaning(errors.Unavailable("x", retry_after=asked))
    assert isinstance(failure, Unavailable503)
    assert failure.retry_after == told


def test_nothing_of_a_connector_leaves_translated() -> None:
    with pytest.raises(SCIMException), translated():
        raise errors.Unavailable("x")
