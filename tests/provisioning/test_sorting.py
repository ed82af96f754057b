"""Sorting above the target: times are points in time, not text (RFC 7644 §3.4.2.3)."""

from types import SimpleNamespace
from typing import Any, cast

from gateway.mapping.compiled import compile_mapping
from gateway.mapping.load import load
from gateway.provisioning.reading.sorting import key_of
from gateway.provisioning.reading.view import View


def test_a_shorter_fraction_is_not_a_later_time() -> None:
    view = cast(View, SimpleNamespace(mapping=compile_mapping(load("embedded")).resources["User"]))

    def key(created: str) -> Any:
        return key_of(view, {"meta": {"created": created}}, "meta.created")

    times = ["2026-01-01T12:00:00Z", "2026-01-01T12:00:00.839Z", "2026-01-01T12:00:00.84Z", "2026-01-01T12:00:00.841Z"]
    assert sorted(times, key=key) == times
    assert key("2026-01-01T13:00:00+01:00") == key("2026-01-01T12:00:00Z")
