"""What is particular to real directories and shows nowhere else: aliases, referrals, sockets, result codes."""

import socket

import pytest

from connectors import errors
from connectors.contract import Query
from connectors.entry import ID
from connectors.filters import AnyOf
from connectors.ldap import codes, pool
from connectors.ldap.messages import Response
from connectors.ldap.options import Settings
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import ground

PEOPLE = "ou=people,dc=example,dc=com"

MEANT = {
    68: errors.AlreadyExists,
    32: errors.NotFound,
    122: errors.Conflict,
    65: errors.InvalidValue,
    21: errors.InvalidValue,
    17: errors.InvalidValue,
    50: errors.Refused,
    53: errors.Refused,
    51: errors.Unavailable,
    52: errors.Unavailable,
    3: errors.TooMany,
    4: errors.TooMany,
    11: errors.TooMany,
    9999: errors.Refused,
}
"""result code → what it means; one that nobody knows is never tried again"""


@pytest.mark.parametrize(("code", "kind"), MEANT.items())
def test_every_code_has_one_meaning(code: int, kind: type[errors.ConnectorError]) -> None:
    assert type(codes.error(Response(code))) is kind


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (19, "some attributes not unique", errors.AlreadyExists),
        (19, "Another entry with the same attribute value already exists (attribute: mail)", errors.AlreadyExists),
        (19, "000021C8: AtrErr: DSID-03200BBA, #1: problem 1005 (CONSTRAINT_ATT_TYPE)", errors.AlreadyExists),
        (19, "Password fails quality checking policy", errors.InvalidValue),
        (53, "operation restricted", errors.Unavailable),
        (53, "server is read-only", errors.Unavailable),
        (53, "no global superior knowledge", errors.Refused),
    ],
)
def test_two_codes_have_two_meanings_each(code: int, said: str, kind: type[errors.ConnectorError]) -> None:
    assert type(codes.error(Response(code, message=said))) is kind


@pytest.mark.anyio
async def test_an_alias_is_nobody_and_leads_to_nobody(directory: Slapd) -> None:
    """Dereferenced, it would show who stands outside the base (RFC 4511 §4.5.1.3)."""
    held = {"cn": "Ann", "sn": "Lee"}
    out = "uid=out,dc=example,dc=com"
    for dn in (f"uid=ann,{PEOPLE}", out):
        assert directory.raw.add(dn, "inetOrgPerson", held)
    alias = {"uid": "alias", "aliasedObjectName": out}
    assert directory.raw.add(f"uid=alias,{PEOPLE}", ["alias", "extensibleObject"], alias)
    try:
        async with ground(directory, base=PEOPLE) as g:
            found = await g.users.search(Query())
            assert ([each.name for each in found.entries], found.total) == ([f"uid=ann,{PEOPLE}"], 1)
    finally:
        directory.raw.delete(out)


@pytest.mark.anyio
async def test_a_referral_among_the_entries_is_none_of_them(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann, ben = await g.user("ann"), await g.user("ben")
        elsewhere = {"ou": "far", "ref": "ldap://127.0.0.1:1/ou=far,dc=example,dc=com"}
        manage = [("2.16.840.1.113730.3.4.2", True, None)]  # ManageDsaIT (RFC 3296)
        place = f"ou=far,{PEOPLE}"
        assert directory.raw.add(place, ["referral", "extensibleObject"], elsewhere, controls=manage)
        try:
            for query in (Query(), Query(AnyOf(ID, (ann.id, ben.id), case_exact=True))):
                found = await g.users.search(query)
                assert ({each.id for each in found.entries}, found.total) == ({ann.id, ben.id}, 2)
            assert (await g.users.read(ann.id)).id == ann.id
        finally:
            directory.raw.delete(place, controls=manage)


@pytest.mark.anyio
async def test_a_request_leaves_at_once(directory: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TCP_NODELAY the second packet of a TLS connect waits for 40 ms."""
    opened: list[socket.socket] = []
    connect = pool.open_socket

    def seen(settings: Settings, url: str) -> socket.socket:
        opened.append(connect(settings, url))
        return opened[-1]

    monkeypatch.setattr(pool, "open_socket", seen)
    async with ground(directory) as g:
        await g.users.search(Query())
        assert opened
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in opened)


@pytest.mark.anyio
async def test_the_id_comes_with_the_answer_to_the_creation(directory: Slapd) -> None:
    """By the post-read control (RFC 4527), and with it the version, which a membership does not touch."""
    async with ground(directory) as g:
        await g.user("ann")
        with directory.counting() as counted:
            ben = await g.user("ben")
        assert (counted["add"], counted["search"]) == (1, 0)
        assert ben.id == g.raw("(uid=ben)")["entryUUID"][0]
        await g.group("staff", ben)
        assert (await g.users.read(ben.id)).version == ben.version
