"""The private 389 Directory Server itself: its plug-ins, its rights, its life."""

from tests.backends.ds389 import Ds389


def add_ann(server: Ds389) -> str:
    dn = f"uid=ann,ou=people,{server.base}"
    assert server.raw.add(
        dn, "inetOrgPerson", {"cn": "Ann", "sn": "Lee", "mail": "ann@x.org", "userPassword": "secret"}
    )
    return dn


def test_the_plug_ins_are_at_work(directory_389: Ds389) -> None:
    ann = add_ann(directory_389)
    group = f"cn=staff,ou=groups,{directory_389.base}"
    assert directory_389.raw.add(group, "groupOfNames", {"member": ann})
    assert directory_389.search("(uid=ann)")[ann]["memberOf"] == [group]
    twin = {"cn": "Bob", "sn": "Roe", "mail": "ann@x.org"}
    assert not directory_389.raw.add(f"uid=bob,ou=people,{directory_389.base}", "inetOrgPerson", twin)
    assert directory_389.raw.result["result"] == 19
    assert directory_389.search("(uid=ann)", attributes=("entryusn", "nsUniqueId"))[ann].keys() == {
        "entryusn",
        "nsUniqueId",
    }


def test_a_reset_leaves_the_units_and_the_login(directory_389: Ds389) -> None:
    add_ann(directory_389)
    before = directory_389.asked()
    directory_389.reset()
    assert directory_389.asked() > before
    assert directory_389.search("(uid=ann)") == {}
    assert directory_389.search("(ou=people)")
    assert directory_389.bind(directory_389.bind_dn, directory_389.password)


def test_killed_it_comes_back_with_its_content(directory_389: Ds389) -> None:
    ann = add_ann(directory_389)
    directory_389.kill()
    directory_389.start()
    assert directory_389.bind(ann, "secret")
