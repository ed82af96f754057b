"""A directory restored from a backup that does not keep its ids: ``relink`` finds everybody under the old SCIM id."""

from pathlib import Path

from tests.backends.slapd import Slapd
from tests.faults.process import Process, configured
from tests.faults.words import leave, made, patch, person, team
from tests.journeys.in_slapd import InSlapd


def restore(server: Slapd) -> None:
    """Add again what ``ldapsearch`` wrote down: everything but the operational attributes, so that every id is new."""
    content = server.search("(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))", attributes=("*",))
    order = sorted(content, key=lambda dn: "member" in content[dn])
    for dn in reversed(order):
        assert server.raw.delete(dn), server.raw.result
    for dn in order:
        assert server.raw.add(dn, attributes=content[dn]), server.raw.result


def test_s12_a_restored_directory_keeps_the_ids_that_the_idp_knows(directory: Slapd, tmp_path: Path) -> None:
    gateway = Process(configured(tmp_path, InSlapd(directory).target(), "openldap"))
    try:
        gateway.start()
        ann, bob = (made(gateway, person("restored", name)) for name in ("ann", "bob"))
        group = made(gateway, team("restored", "one", ann, bob))
        made(gateway, person("restored", "cal"))
        restore(directory)
        assert directory.raw.delete("uid=cal@restored.example,ou=people,dc=example,dc=com")
        cal = {"objectClass": ["inetOrgPerson"], "sn": ["Other"], "cn": ["Other"]}
        assert directory.raw.add("uid=cal@restored.example,ou=people,dc=example,dc=com", attributes=cal)
        assert gateway.ask(*patch(ann, active=False)).status == 404, "the directory knows nobody by this id"
        dry = gateway.verb("relink", "--dry-run").stdout
        assert "User: 2 would be linked (2 under the id that they had), 0 known already, 1 left alone" in dry, dry
        done = gateway.verb("relink")
        assert "Group: 1 linked (1 under the id that they had), 0 known already, 0 left alone" in done.stdout, done
        assert gateway.ask(*patch(ann, active=False)).body["active"] is False
        assert gateway.ask(*leave(group, bob)).status == 204
        shown = gateway.ask("GET", f"/Groups/{group}").body
        assert [each["value"] for each in shown["members"]] == [ann]
        held = directory.search("(uid=ann@restored.example)")
        assert [each["pwdAccountLockedTime"] for each in held.values()] == [["000001010000Z"]]
        (one,) = directory.search("(cn=one of restored)", attributes=("member",)).values()
        assert one["member"] == list(held)
    finally:
        gateway.close()
