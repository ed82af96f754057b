"""The private slapd itself: overlays, TLS, counting, life."""

import socket
import ssl

import ldap3

from tests.backends.slapd import Slapd

ANN = """dn: uid=ann,ou=people,{base}
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Lee
mail: ann@example.com

dn: cn=staff,ou=groups,{base}
objectClass: groupOfNames
cn: staff
member: uid=ann,ou=people,{base}
"""


def test_overlays_are_at_work(directory: Slapd) -> None:
    directory.load(ANN)
    ann = directory.search("(uid=ann)")["uid=ann,ou=people,dc=example,dc=com"]
    assert ann["memberOf"] == ["cn=staff,ou=groups,dc=example,dc=com"]
    people = f"ou=people,{directory.base}"
    twin = {"uid": "bob", "cn": "Bob", "sn": "Roe", "mail": "ann@example.com"}
    assert not directory.raw.add(f"uid=bob,{people}", "inetOrgPerson", twin)
    assert directory.raw.result["result"] == 19  # the unique overlay


def test_reset_leaves_only_the_units(directory: Slapd) -> None:
    directory.load(ANN)
    directory.reset()
    assert directory.search("(|(uid=*)(objectClass=groupOfNames))") == {}
    directory.raw.delete(f"ou=people,{directory.base}")
    directory.reset()
    assert directory.search("(ou=people)")


def test_operations_are_counted(directory: Slapd) -> None:
    with directory.counting() as counted:
        directory.load(ANN)
        directory.search("(objectClass=inetOrgPerson)")
        directory.raw.modify(f"uid=ann,ou=people,{directory.base}", {"title": [(ldap3.MODIFY_REPLACE, ["Dr"])]})
    assert (counted["add"], counted["search"], counted["modify"], counted["entries"]) == (2, 1, 1, 1)
    assert counted["operations"] == 4


def test_tls_with_an_address_in_the_certificate(directory: Slapd) -> None:
    context = ssl.create_default_context(cafile=directory.ca_file)
    with (
        socket.create_connection(("127.0.0.1", directory.ldaps_port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        assert secured.version() in {"TLSv1.2", "TLSv1.3"}


def test_killed_it_comes_back_with_its_content(directory: Slapd) -> None:
    directory.load(ANN)
    directory.kill()
    directory.restart()
    assert directory.search("(uid=ann)")
    assert directory.bind(directory.bind_dn, directory.password)
    directory.pause()
    directory.resume()
    directory.configure("olcDatabase={1}mdb,cn=config", {"olcReadOnly": [(ldap3.MODIFY_REPLACE, ["TRUE"])]})
    assert not directory.raw.delete(f"uid=ann,ou=people,{directory.base}")
    directory.restart()
