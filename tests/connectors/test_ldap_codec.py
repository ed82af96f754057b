"""Our BER against ldap3's own: each reads what the other wrote."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.add import add_operation
from ldap3.operation.delete import delete_operation
from ldap3.operation.modify import modify_operation
from ldap3.operation.modifyDn import modify_dn_operation
from ldap3.operation.search import search_operation
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from ldap3.utils.asn1 import decoder, encode

from connectors.ldap import ber, messages, query
from connectors.ldap.controls import assertion, cookie_of, matched_values, paged, post_read, row_after

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
VALUES = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4, unique=True)
DN = "uid=ann,ou=people,dc=example,dc=com"


def theirs(kind: str, operation: Any, number: int = 7) -> bytes:
    """The message as ldap3 encodes it."""
    message = LDAPMessage()
    message["messageID"] = MessageID(number)
    message["protocolOp"] = ProtocolOp().setComponentByName(kind, operation)
    return bytes(encode(message))


def decoded(message: bytes) -> Any:
    """What pyasn1 makes of our bytes, by ldap3's specification of RFC 4511."""
    found, rest = decoder.decode(message, asn1Spec=LDAPMessage())
    assert rest == b""
    return found["protocolOp"].getComponent()


@given(st.integers(-(2**40), 2**40))
def test_integers_go_and_return(value: int) -> None:
    raw = ber.integer(value)
    tag, start, end = ber.element(raw, 0, len(raw))
    assert (tag, end, ber.number(raw, start, end)) == (ber.INTEGER, len(raw), value)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536, 20_000_000])
def test_lengths_go_and_return(size: int) -> None:
    raw = ber.octets(b"x" * size)
    assert ber.element(raw, 0, len(raw)) == (ber.OCTETS, len(raw) - size, len(raw))
    assert ber.header(raw[:1], 0) is None


@pytest.mark.parametrize("raw", [b"\x30\x80\x00\x00", b"\x30\x85\x01\x01\x01\x01\x01"])
def test_absurd_lengths_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="length"):
        ber.header(raw, 0)


def test_a_truncated_element_is_refused() -> None:
    with pytest.raises(ValueError, match="truncated"):
        ber.element(b"\x04\x05ab", 0, 4)


@given(st.dictionaries(st.sampled_from(["cn", "sn", "description"]), VALUES, min_size=1))
def test_an_add_is_ldap3s_add(attributes: dict[str, list[bytes]]) -> None:
    ours = decoded(messages.envelope(7, messages.add(DN, attributes)))
    assert str(ours["entry"]) == DN
    held = {str(each["type"]): {bytes(value) for value in each["vals"]} for each in ours["attributes"]}
    assert held == {name: set(values) for name, values in attributes.items()}
    plain = {name: [b"plain"] for name in attributes}
    assert messages.envelope(7, messages.add(DN, plain)) == theirs("addRequest", add_operation(DN, plain, False))


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from(["cn", "sn"]), VALUES), min_size=1, max_size=4))
def test_a_modify_carries_every_change_in_order(changes: list[tuple[int, str, list[bytes]]]) -> None:
    ours = decoded(messages.envelope(7, messages.modify(DN, changes)))
    read = [
        (int(each["operation"]), str(each["modification"]["type"]), {bytes(v) for v in each["modification"]["vals"]})
        for each in ours["changes"]
    ]
    assert read == [(kind, name, set(values)) for kind, name, values in changes]


def test_the_other_requests_are_ldap3s_byte_for_byte() -> None:
    assert messages.envelope(7, messages.modify(DN, [(2, "sn", [b"Lee"])])) == theirs(
        "modifyRequest", modify_operation(DN, {"sn": [("MODIFY_REPLACE", [b"Lee"])]}, False)
    )
    assert messages.envelope(7, messages.delete(DN)) == theirs("delRequest", delete_operation(DN))
    assert messages.envelope(7, messages.rename(DN, "uid=bob")) == theirs(
        "modDNRequest", modify_dn_operation(DN, "uid=bob", True)
    )
    assert messages.envelope(7, messages.rename(DN, "uid=bob", "ou=x,dc=y")) == theirs(
        "modDNRequest", modify_dn_operation(DN, "uid=bob", True, "ou=x,dc=y")
    )


def test_a_search_is_ldap3s_byte_for_byte() -> None:
    term = query.both(
        query.equal("objectClass", b"person"),
        query.negated(query.present("mail")),
        query.either([query.at_least("n", b"5"), query.at_most("n", b"7")]),
        query.substrings("cn", b"a", [b"b", b"c"], b"d"),
    )
    text = "(&(objectClass=person)(!(mail=*))(|(n>=5)(n<=7))(cn=a*b*c*d))"
    operation = search_operation(DN, text, "SUBTREE", "NEVER", ["cn"], 5, 6, False, False, None, None)
    assert messages.envelope(7, messages.search(DN, 2, term, ("cn",), size=5, seconds=6)) == theirs(
        "searchRequest", operation
    )


@given(TEXT)
def test_a_filter_value_arrives_to_the_letter(value: str) -> None:
    raw = value.encode()
    ours = decoded(messages.envelope(7, messages.search(DN, 2, query.equal("cn", raw), ())))
    assert bytes(ours["filter"].getComponent()["assertionValue"]) == raw


@given(st.binary(max_size=20), st.lists(st.binary(min_size=1, max_size=9), max_size=3), st.binary(max_size=20))
def test_substrings_arrive_in_order(first: bytes, inner: list[bytes], last: bytes) -> None:
    filter = query.substrings("cn", first, inner, last)
    ours = decoded(messages.envelope(7, messages.search(DN, 2, filter, ())))["filter"].getComponent()
    if not (first or inner or last):
        assert filter == query.present("cn")
        return
    parts = [bytes(each.getComponent()) for each in ours["substrings"]]
    assert parts == [part for part in (first, *inner, last) if part]


def test_constants_fold() -> None:
    term = query.present("cn")
    assert query.both() == query.both(query.ALL) == query.ALL
    assert query.either([]) == query.both(term, query.NOTHING) == query.NOTHING
    assert query.either([term, query.ALL]) == query.negated(query.NOTHING) == query.ALL
    assert query.both(query.ALL, term) == query.either([query.NOTHING, term]) == term


def test_controls_are_read_by_pyasn1() -> None:
    message = messages.envelope(
        7,
        messages.delete(DN),
        (paged(5, b"c"), post_read(["cn"]), assertion(query.present("cn")), matched_values([query.present("cn")])),
    )
    found, _ = decoder.decode(message, asn1Spec=LDAPMessage())
    seen = [(str(each["controlType"]), bool(each["criticality"])) for each in found["controls"]]
    assert seen == [
        ("1.2.840.113556.1.4.319", False),
        ("1.3.6.1.1.13.2", False),
        ("1.3.6.1.1.12", True),
        ("1.2.826.0.1.3344810.2.3", True),
    ]


@given(TEXT, st.dictionaries(st.sampled_from(["CN", "sn"]), VALUES))
def test_an_entry_goes_and_returns(dn: str, values: dict[str, list[bytes]]) -> None:
    pairs = (
        ber.join(ber.SEQUENCE, (ber.text(name), ber.join(ber.SET, map(ber.octets, held))))
        for name, held in values.items()
    )
    raw = ber.text(dn) + ber.join(ber.SEQUENCE, pairs)
    row = messages.row(raw, 0, len(raw))
    assert (row.dn, row.values) == (dn, {name.lower(): held for name, held in values.items()})


@pytest.mark.parametrize("at", [6, 8, 12, 14], ids=["the pair", "its name", "its values", "one value"])
def test_an_entry_with_a_length_that_leads_out_of_it_is_refused(at: int) -> None:
    pair = ber.join(ber.SEQUENCE, (ber.text("cn"), ber.join(ber.SET, [ber.octets(b"a")])))
    raw = bytearray(ber.text("x") + ber.join(ber.SEQUENCE, [pair]))
    assert messages.row(raw, 0, len(raw)).values == {"cn": [b"a"]}
    raw[at] += 1
    with pytest.raises(ValueError, match="truncated"):
        messages.row(raw, 0, len(raw))


def test_a_result_with_controls_is_read() -> None:
    value = ber.join(ber.SEQUENCE, (ber.integer(0), ber.octets(b"cookie")))
    control = ber.join(ber.SEQUENCE, (ber.text("1.2.840.113556.1.4.319"), ber.octets(value)))
    body = ber.integer(32, ber.ENUMERATED) + ber.text("dc=com") + ber.text("gone")
    raw = body + ber.join(0xA0, (control,))
    response = messages.result(raw, 0, len(body), len(raw))
    assert (response.code, response.matched, response.message) == (32, "dc=com", "gone")
    assert cookie_of(response) == b"cookie"
    assert row_after(response) is None


@given(st.binary(max_size=60))
def test_garbage_raises_nothing_but_value_errors(raw: bytes) -> None:
    for read in (
        lambda: messages.row(raw, 0, len(raw)),
        lambda: messages.result(raw, 0, len(raw), len(raw)),
        lambda: ber.header(raw, 0),
    ):
        try:
            read()
        except ValueError:
            continue
