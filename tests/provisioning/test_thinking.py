"""Hashing a password keeps nobody waiting: it is done beside the event loop."""

import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.mapping.steps.scrypt import Scrypt
from tests.provisioning.site import mapping_text, site

pytestmark = pytest.mark.anyio

HASHED = mapping_text().replace(
    'password          = { attr = "secret", only = "write" }',
    'password          = { attr = "secret", via = ["scrypt"], only = "write" }',
)


async def test_a_password_is_hashed_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed_in: list[threading.Thread] = []
    forward = Scrypt.forward

    def noted(step: Scrypt, value: Any) -> str:
        hashed_in.append(threading.current_thread())
        return forward(step, value)

    monkeypatch.setattr(Scrypt, "forward", noted)
    async with site(tmp_path, HASHED) as here:
        ann = (await here.post({"userName": "ann", "password": "first"}))["id"]
        await here.patch(ann, {"password": "second"})
        await here.patch(ann, {"title": "T"})
        await here.put(ann, {"userName": "ann", "password": "third"})
        assert here.entry(ann)["secret"][0].startswith("$scrypt$")
    assert len(hashed_in) == 3
    assert threading.main_thread() not in hashed_in
