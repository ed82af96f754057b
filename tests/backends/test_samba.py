"""The private domain controller itself: it behaves like Active Directory where the connector cares, and is laxer."""

import ldap3

from tests.backends.samba import Samba


def add_ann(server: Samba, **more: str) -> str:
    dn = f"CN=ann,OU=people,{server.base}"
    assert server.raw.add(dn, "user", {"sAMAccountName": "ann", **more}), server.raw.result
    return dn


def test_the_codes_of_active_directory(domain: Samba) -> None:
    ann = add_ann(domain)
    group = f"CN=staff,OU=groups,{domain.base}"
    assert domain.raw.add(group, "group", {"sAMAccountName": "staff", "member": ann})
    codes = []
    for kind, dn in (
        (ldap3.MODIFY_ADD, ann),
        (ldap3.MODIFY_DELETE, f"CN=gateway,CN=Users,{domain.domain}"),
        (ldap3.MODIFY_ADD, f"CN=nobody,OU=people,{domain.base}"),
    ):
        domain.raw.modify(group, {"member": [(kind, [dn])]})
        codes.append(domain.raw.result["result"])
    assert codes == [68, 53, 32]


def test_a_password_opens_an_account_that_is_enabled(domain: Samba) -> None:
    ann = add_ann(domain, userAccountControl="514")
    secret = '"Geheim-12345"'.encode("utf-16-le")
    assert domain.raw.modify(ann, {"unicodePwd": [(ldap3.MODIFY_REPLACE, [secret])]})
    assert not domain.bind(ann, "Geheim-12345")
    assert domain.raw.modify(ann, {"userAccountControl": [(ldap3.MODIFY_REPLACE, ["512"])]})
    assert domain.bind(ann, "Geheim-12345")


def test_reset_and_restart(domain: Samba) -> None:
    add_ann(domain)
    domain.kill()
    domain.start()
    assert domain.search("(cn=ann)")
    domain.reset()
    assert not domain.search("(cn=ann)")
    assert domain.bind(domain.bind_dn, domain.password)
