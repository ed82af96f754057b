"""Tokens: shown once, kept as a hash, refused at once."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.ledger import Ledger, LedgerConflict, keeping
from gateway.ledger.tokens import checksum

pytestmark = pytest.mark.anyio


async def test_h2_a_token_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    ledger = await Ledger.open(f"sqlite:///{file}")
    token, secret = await ledger.create_token("heeler", "okta", prefix="h4r-scim-")
    assert re.fullmatch(r"h4r-scim-[0-9A-Za-z]{49}", secret)
    assert secret.endswith(checksum(secret[:-6]))
    assert secret.startswith(token.prefix)
    assert len(token.prefix) == len("h4r-scim-") + 6
    assert await ledger.tokens() == [token]
    await ledger.close()
    with sqlite3.connect(file) as raw:
        assert secret not in "".join(raw.iterdump())
    raw.close()


async def test_a_token_is_good_for_its_connection_only(ledger: Ledger) -> None:
    token, secret = await ledger.create_token("okta", "first", read_only=True)
    found = await ledger.verify({"okta", "entra"}, secret)
    assert found is not None
    assert (found.id, found.name, found.read_only) == (token.id, "first", True)
    assert await ledger.verify({"entra"}, secret) is None
    assert await ledger.verify({"okta"}, secret + "x") is None
    assert await ledger.verify({"okta"}, "\0\ud800") is None


async def test_h3_a_revoked_token_is_refused_at_the_next_request_in_every_process(durable_url: str) -> None:
    serving = await Ledger.open(durable_url, serving=True)
    shell = await Ledger.open(durable_url)
    token, secret = await shell.create_token("okta", "first")
    assert await serving.verify({"okta"}, secret) is not None
    revoked = await shell.revoke_token("first")
    assert revoked is not None
    assert await serving.verify({"okta"}, secret) is None
    assert [one.revoked is not None for one in await serving.tokens("okta")] == [True]
    assert await shell.revoke_token(token.id) is None
    await shell.close()
    await serving.close()


async def test_an_expired_token_is_refused(ledger: Ledger) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    _, good = await ledger.create_token("okta", "good", expires=soon)
    _, late = await ledger.create_token("okta", "late", expires=soon - timedelta(hours=2))
    assert await ledger.verify({"okta"}, good) is not None
    assert await ledger.verify({"okta"}, late) is None


async def test_h4_two_tokens_live_side_by_side_and_names_are_one_of_a_kind(ledger: Ledger) -> None:
    _, old = await ledger.create_token("okta", "old")
    _, new = await ledger.create_token("okta", "new")
    assert await ledger.verify({"okta"}, old)
    assert await ledger.verify({"okta"}, new)
    with pytest.raises(LedgerConflict, match="already has a token named 'old'"):
        await ledger.create_token("okta", "old")
    await ledger.create_token("entra", "old")
    with pytest.raises(LedgerConflict, match="several connections"):
        await ledger.revoke_token("old")
    assert await ledger.revoke_token("old", "okta")
    assert await ledger.verify({"okta"}, old) is None
    await ledger.create_token("okta", "old")


async def test_h4_last_use_is_noted_at_most_once_a_minute(durable_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [datetime(2026, 1, 2, 12, 0, tzinfo=UTC)]
    monkeypatch.setattr(keeping, "now", lambda: clock[0])
    seen = []
    for seconds in (0, 59, 61):
        clock[0] = datetime(2026, 1, 2, 12, 0, tzinfo=UTC) + timedelta(seconds=seconds)
        if seconds == 0:
            ledger = await Ledger.open(durable_url)
            _, secret = await ledger.create_token("okta", "first")
        else:
            ledger = await Ledger.open(durable_url)
        assert await ledger.verify({"okta"}, secret)
        await ledger.close()
        again = await Ledger.open(durable_url)
        (token,) = await again.tokens()
        await again.close()
        assert token.last_used is not None
        seen.append((token.last_used - datetime(2026, 1, 2, 12, 0, tzinfo=UTC)).total_seconds())
    assert seen == [0, 0, 61]
