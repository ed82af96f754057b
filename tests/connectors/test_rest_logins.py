"""Who asks: tokens that are fetched, kept, ended early and fetched anew; and that nothing of it is ever told."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Query
from connectors.entry import Change, Kind
from connectors.errors import Unavailable
from connectors.rest import RestConnector
from connectors.rest.transport import Answer, Request, Transport
from tests.backends import keystone as keystones
from tests.backends import workroom as apps
from tests.backends.keystone import Keystone
from tests.backends.workroom import SECRET, TOKEN, Workroom
from tests.connectors.rest_keystone import GROUP as KEYSTONE_GROUP
from tests.connectors.rest_keystone import USER as KEYSTONE_USER
from tests.connectors.rest_mapping import GROUP, USER

pytestmark = pytest.mark.anyio
SPECS = {"User": USER, "Group": GROUP}


async def person(options: dict[str, Any], number: int = 1) -> None:
    """Create one person over a connection that is closed again."""
    connector = RestConnector.from_options("test", options)
    try:
        await connector.collections(SPECS)["User"].create({"email": (f"p{number}@example.com",)})
    finally:
        await connector.close()


async def test_a_bearer_token(workroom: Workroom) -> None:
    await person(workroom.options())
    with pytest.raises(Unavailable, match="does not accept this login") as refused:
        await person({**workroom.options(), "auth": {"bearer": "another"}})
    assert not refused.value.uncertain


async def test_a_key_in_a_header_of_its_own(workroom: Workroom) -> None:
    await person({"base": workroom.address, "auth": {"header": {"name": "Authorization", "token": f"Bearer {TOKEN}"}}})


async def test_oauth2_client_credentials_are_fetched_anew_after_401(tmp_path: Path) -> None:
    with apps.running(tmp_path) as app:
        connector = RestConnector.from_options("test", app.oauth2())
        people = connector.collections(SPECS)["User"]
        try:
            entry = await people.create({"email": ("ann@example.com",)})
            for number in range(2):
                app.kill()  # which forgets every token
                app.start()
                changed = await people.update(entry.id, [Change(Kind.REPLACE, "title", (f"t{number}",))])
                assert changed is not None
                assert changed.attributes["title"] == (f"t{number}",)
        finally:
            await connector.close()


async def test_a_token_that_is_about_to_end_is_not_used_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from beside: no request is answered 401, although tokens live for a second."""
    seen: list[tuple[str, int]] = []
    send = Transport.send

    async def watched(self: Transport, request: Request, more: Mapping[str, str]) -> Answer:
        answer = await send(self, request, more)
        seen.append((request.label, answer.status))
        return answer

    monkeypatch.setattr(Transport, "send", watched)
    with apps.running(tmp_path, token_life="1") as app:
        connector = RestConnector.from_options("test", app.oauth2())
        people = connector.collections(SPECS)["User"]
        try:
            while [label for label, _ in seen].count("the token's address") < 3:
                await people.search(Query(limit=1))
        finally:
            await connector.close()
    assert {status for _, status in seen} == {200}


async def test_wrong_client_credentials(workroom: Workroom) -> None:
    options = workroom.oauth2()
    options["auth"]["oauth2"]["client_secret"] = "wrong"
    with pytest.raises(Unavailable, match="no token for the application: it answered 401"):
        await person(options)


async def test_a_login_of_the_applications_own_whose_token_ends_in_the_midst(tmp_path: Path) -> None:
    with keystones.running(tmp_path / "keystone", expiration=2) as server:
        options = server.options(server.domain())
        connector = RestConnector.from_options("test", options)
        people = connector.collections({"User": KEYSTONE_USER, "Group": KEYSTONE_GROUP})["User"]
        try:
            for number in range(3):
                await people.create({"name": (f"person {number}",)})
                await _wait_beyond_a_token(server)
            assert (await people.search(Query())).total == 3
        finally:
            await connector.close()


async def _wait_beyond_a_token(server: Keystone) -> None:
    """Until a token made now is no good any more."""
    answer = server._client.post(keystones.LOGIN["post"], json=keystones.LOGIN["body"])  # type: ignore[arg-type]
    headers = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
    while server._client.get("/v3/users", headers=headers).status_code != 401:
        pass


async def test_a_wrong_password_at_the_login(keystone: Keystone) -> None:
    options = keystone.options()
    identity = {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"}}}}
    identity["password"]["user"]["password"] = "wrong"  # type: ignore[call-overload,index]
    options = {**options, "auth": {"login": {**keystones.LOGIN, "body": {"auth": {"identity": identity}}}}}
    connector = RestConnector.from_options("test", options)
    with pytest.raises(Unavailable, match="no token"):
        await connector.collections({"User": KEYSTONE_USER, "Group": KEYSTONE_GROUP})["User"].search(Query())
    await connector.close()


async def test_a_secret_is_in_no_representation_error_or_log(
    workroom: Workroom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)
    for options in (workroom.options(), workroom.oauth2()):
        connector = RestConnector.from_options("test", options)
        people = connector.collections(SPECS)["User"]
        await people.search(Query())
        workroom.kill()
        with pytest.raises(Unavailable) as failure:
            await people.search(Query())
        workroom.start()
        chain = [failure.value, failure.value.__cause__, failure.value.__context__]
        told = [repr(vars(each)) if hasattr(each, "__dict__") else repr(each) for each in (connector, people, *chain)]
        told += [repr(connector), caplog.text, *map(str, chain), repr(connector._options), repr(connector._wire.login)]
        for secret in (TOKEN, SECRET, "127.0.0.1"):
            assert not [each for each in told if secret in each]
        await connector.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base": "ftp://x"}, "'base' is no address"),
        ({"base": "https://user:pass@x"}, "no place for"),
        ({"base": "http://app.example.com", "auth": {"bearer": "x"}}, "in the clear"),
        ({"base": "https://x", "auth": {"bearer": "x", "basic": {"user": "a", "password": "b"}}}, "one way"),
        ({"base": "https://x", "auth": {"oauth": {}}}, "did you mean 'oauth2'"),
        ({"base": "https://x", "auth": {"oauth2": {"token_url": "https://y"}}}, "'client_id' is missing"),
        ({"base": "https://x", "auth": {"login": {"post": "/login"}}}, "needs 'header'"),
        ({"base": "https://x", "auth": {"mtls": {"cert": "x", "private_key": "y"}}}, "not a certificate"),
        ({"base": "https://x", "ca": "/no/such/file"}, "no readable PEM"),
        ({"base": "https://x", "timeouts": {"anwser": 1}}, "did you mean 'answer'"),
        ({"base": "https://x", "pool": 0}, "'pool' is a whole number"),
    ],
)
def test_what_is_wrong_with_a_target_is_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RestConnector.from_options("test", options)
