"""TLS to a real directory: who it is must be proved, by LDAPS and by StartTLS."""

from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Unavailable
from tests.backends.certificates import make_certificates
from tests.backends.slapd import Slapd, running
from tests.connectors.ldap_ground import ground

pytestmark = pytest.mark.anyio


def secured(slapd: Slapd, how: str) -> dict[str, Any]:
    return {"urls": [slapd.ldaps_url]} if how == "ldaps" else {"urls": [slapd.url], "start_tls": True}


@pytest.mark.parametrize("how", ["ldaps", "start_tls"])
async def test_by_address_and_by_name(directory: Slapd, how: str) -> None:
    for host in ("127.0.0.1", "localhost"):
        options = secured(directory, how)
        urls = [url.replace("127.0.0.1", host) for url in options["urls"]]
        async with ground(directory, **{**options, "urls": urls}, ca=directory.ca_file) as g:
            assert (await g.user(f"via-{how}-{host}")).id


@pytest.mark.parametrize("how", ["ldaps", "start_tls"])
async def test_an_authority_that_is_not_trusted_is_refused(directory: Slapd, how: str, tmp_path: Path) -> None:
    other = make_certificates(tmp_path)
    with directory.counting() as counted:
        for ca in (str(other.ca), None):
            async with ground(directory, **secured(directory, how), **({"ca": ca} if ca else {})) as g:
                with pytest.raises(Unavailable) as refused:
                    await g.user("ann")
                assert "certificate" in refused.value.detail
                assert not refused.value.uncertain
    assert counted["bind"] == 0, "no password was sent"


@pytest.mark.parametrize("how", ["ldaps", "start_tls"])
async def test_a_certificate_for_another_host_is_refused(tmp_path: Path, how: str) -> None:
    with running(tmp_path / "slapd", names=("ldap.example.com", "10.1.2.3")) as server:
        async with ground(server, **secured(server, how), ca=server.ca_file) as g:
            with pytest.raises(Unavailable) as refused:
                await g.user("ann")
        assert "certificate" in refused.value.detail
        assert "127.0.0.1" not in refused.value.detail


async def test_a_wrong_password_is_unavailable_and_not_told(directory: Slapd) -> None:
    async with ground(directory, bind={"dn": directory.bind_dn, "password": "wrong horse"}) as g:
        with pytest.raises(Unavailable) as refused:
            await g.user("ann")
    assert "login" in refused.value.detail
    assert "wrong horse" not in refused.value.detail


@pytest.mark.parametrize("how", ["ldaps", "start_tls"])
async def test_a_secured_connection_is_kept(directory: Slapd, how: str) -> None:
    async with ground(directory, **secured(directory, how), ca=directory.ca_file) as g:
        with directory.counting() as counted:
            ann = await g.user("ann")
            for number in range(20):
                await g.set(ann, title=f"Dr {number}")
                await g.users.read(ann.id)
    assert counted["bind"] == 1
