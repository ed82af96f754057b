"""Every step, in both directions, and the laws on generated values."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.model import Step as Written
from gateway.mapping.steps import STEPS, OptionError, Step, StepError, Surroundings, Where, make_step
from gateway.mapping.steps.pipeline import Pipeline
from gateway.mapping.steps.times import instant, rewritten, written

TABLES = {"role": {"reader": 1, "editor": 2, "admin": 9}, "flag": {"true": "Y", "false": "N"}}
Via = str | dict[str, Any]


def step(via: Via, scim_type: str = "string", **more: Any) -> Step:
    if isinstance(via, str):
        return make_step(Written(via), Surroundings(TABLES, scim_type, **more))
    (name, argument), *options = via.items()
    return make_step(Written(name, argument, dict(options)), Surroundings(TABLES, scim_type, **more))


def pipeline(*via: Via, scim_type: str = "string") -> Pipeline:
    return Pipeline([step(each, scim_type) for each in via])


AD = {"bit": 2, "base": 512}
STATES = {"states": {"true": ["active", "invited"], "false": ["disabled", "locked"]}}

BOTH_WAYS: list[tuple[Via, Any, Any]] = [
    ("not", True, False),
    ({"presence": "x"}, True, "x"),
    ({"presence": "x"}, False, None),
    (STATES, True, "active"),
    (STATES, False, "disabled"),
    ("bool", True, "TRUE"),
    ({"bool": ["Y", "N"]}, False, "N"),
    ({"bool": [1, 0]}, True, 1),
    ("int", "42", 42),
    ("guid", "01234567-89ab-cdef-0123-456789abcdef", bytes.fromhex("67452301ab89efcd0123456789abcdef")),
    ({"guid": "rfc4122"}, "01234567-89ab-cdef-0123-456789abcdef", bytes.fromhex("0123456789abcdef0123456789abcdef")),
    ("ldap_time", "2026-01-31T12:00:00Z", "20260131120000Z"),
    ("ldap_time", "2026-01-31T12:00:00.5Z", "20260131120000.5Z"),
    ("ad_time", "2026-01-31T12:00:00Z", 134143344000000000),
    ("iso_time", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
    ("base64", "aGk=", b"hi"),
    ("json", [{"value": "ä", "type": "work"}], '[{"type":"work","value":"ä"}]'),
    ({"prefix": "x:"}, "ann", "x:ann"),
    ({"suffix": "@corp.example"}, "ann", "ann@corp.example"),
    ({"domain": "corp.example"}, "ann@corp.example", "ann"),
    ({"split": ";"}, "a;b", ("a", "b")),
    ({"table": "role"}, "admin", 9),
    ("country", "DE", "Germany"),
    ({"country": "alpha-3"}, "CH", "CHE"),
    ({"country": "numeric"}, "AF", "004"),
]


@pytest.mark.parametrize(("via", "scim", "target"), BOTH_WAYS)
def test_steps_with_two_directions(via: Via, scim: Any, target: Any) -> None:
    made = step(via)
    assert made.forward(scim) == target
    shown = made.backward(target)
    assert shown == (int(scim) if via == "int" else scim)


NORMALISERS: list[tuple[Via, Any, Any]] = [
    ("trim", "  Ann ", "Ann"),
    ("lower", "Ann", "ann"),
    ("upper", "Ann", "ANN"),
    ("caseless", "Ann", "Ann"),
    ("collapse_spaces", " Ann \t  Lee ", "Ann Lee"),
    ("ascii", "Jürgen Øst-Straße “é”", 'Jurgen Ost-Strasse "e"'),
    ("e164", "+49 (0)30 123-456", "+4930123456"),
    ({"e164": "49"}, "030/123456", "+4930123456"),
    ("e164", "tel:+1-201-555-0123;ext=1", "+12015550123"),
    ("e164", "0049 30 123456", "+4930123456"),
]


@pytest.mark.parametrize(("via", "sent", "written"), NORMALISERS)
def test_normalisers_write_one_spelling_and_keep_an_equivalent_one(via: Via, sent: Any, written: Any) -> None:
    both = pipeline(via)
    assert both.forward(sent) == written
    assert both.backward(sent) == sent
    assert both.settled(sent) == both.settled(written) == written


def test_caseless_writes_what_came_and_keeps_other_capitals_in_the_target() -> None:
    both = pipeline("trim", "caseless")
    assert both.forward(" Jane@X.org ") == "Jane@X.org"
    assert both.forward(" jane@x.org ", "Jane@X.ORG") == "Jane@X.ORG"
    assert both.forward("joan@x.org", "Jane@X.ORG") == "joan@x.org"


@pytest.mark.parametrize("name", sorted(name for name, kind in STEPS.items() if kind.normaliser and name != "e164"))
@given(text=st.text())
def test_a_normaliser_twice_is_once(name: str, text: str) -> None:
    made = step(name)
    once = made.forward(text)
    if name in ("lower", "upper"):  # Unicode has letters whose capitals have other small ones
        once = made.forward(once)
    assert made.forward(once) == once


ONE_WAY: list[tuple[Via, Any, Any]] = [
    ("ad_password", "ä1", b'"\x00\xe4\x001\x00"\x00'),
    ("local_part", "ann@corp.example", "ann"),
    ("first_word", " Ann Mary ", "Ann"),
    ("first_word", "  ", None),
    ({"truncate": 5}, "Ann Lee", "Ann L"),
    ({"truncate": 4}, "Ann Lee", "Ann"),
]


@pytest.mark.parametrize(("via", "sent", "written"), ONE_WAY)
def test_steps_that_only_write(via: Via, sent: Any, written: Any) -> None:
    assert step(via).one_way
    assert step(via).forward(sent) == written


def test_random_is_as_long_as_asked_has_every_kind_and_is_never_the_same() -> None:
    drawn = {step({"random": 24}).forward("") for _ in range(20)}
    assert len(drawn) == 20
    for word in drawn:
        assert len(word) == 24
        assert any(sign.isupper() for sign in word)
        assert any(sign.islower() for sign in word)
        assert any(sign.isdigit() for sign in word)


def test_bit_keeps_every_other_flag() -> None:
    both = pipeline("not", AD, scim_type="boolean")
    assert both.forward(False, 66048) == 66050
    assert both.forward(True, 66050) == 66048
    assert both.forward(True, "66048") == 66048
    assert both.forward(False) == 514
    assert both.backward("66050") is False
    assert both.backward(None) is None


def test_presence_keeps_a_value_of_another_kind() -> None:
    both = pipeline("not", {"presence": "000001010000Z"}, scim_type="boolean")
    assert both.forward(False, "20260101000000Z") == "20260101000000Z"
    assert both.forward(True, "20260101000000Z") is None
    assert both.forward(False) == "000001010000Z"
    assert both.backward(None) is True


def test_states_keep_what_already_means_the_same() -> None:
    both = pipeline(STATES, scim_type="boolean")
    assert both.forward(True, "invited") == "invited"
    assert both.forward(True, "locked") == "active"
    assert both.forward(False, "locked") == "locked"
    assert both.backward("unheard of") is None


@pytest.mark.parametrize(
    ("via", "value", "words"),
    [
        ({"table": "role"}, "king", "'king' is not known; known: reader, editor, admin"),
        (STATES, "perhaps", "'perhaps' is not known; known: true, false"),
        ({"domain": "corp.example"}, "ann@other.example", "must be a name that ends with '@corp.example'"),
        ({"domain": "corp.example"}, "@corp.example", "must be a name"),
        ("int", "twelve", "'int' takes a whole number"),
        ("int", "9" * 5000, "'int' takes a whole number"),
        ("guid", "x", "'guid' takes a GUID"),
        ("base64", "%%%", "'base64' takes base64"),
        ("ldap_time", "yesterday", "'ldap_time' takes a date and time"),
        ("ad_time", "1492-10-12T00:00:00Z", "no time before 1601"),
        ("e164", "1234", "must be an international number"),
        ("country", "XX", "is not a country code"),
        ("trim", 5, "'trim' takes text"),
        ("not", "true", "'not' takes true or false"),
    ],
)
def test_values_that_a_step_cannot_take_are_refused_in_words(via: Via, value: Any, words: str) -> None:
    with pytest.raises(StepError, match=words.replace("(", r"\(")):
        step(via).forward(value)


@pytest.mark.parametrize(
    ("via", "words"),
    [
        ("lowr", "unknown step 'lowr'; did you mean 'lower'?"),
        ({"trim": 1}, "step 'trim' takes no argument"),
        ({"bit": 0}, "step 'bit' needs a number from 1"),
        ({"bit": 2, "bas": 1}, "step 'bit' has no option 'bas'; known: base"),
        ({"presence": ""}, "step 'presence' needs a text"),
        ({"states": {}}, "step 'states' needs a table of lists"),
        ({"states": {"true": ["a"], "false": ["a"]}}, "'a' is listed under 'true' and 'false'"),
        ({"bool": ["Y", "Y"]}, "step 'bool' needs two different values"),
        ({"table": "rolle"}, r"there is no \[table.rolle\]; did you mean 'role'?"),
        ({"truncate": 0}, "step 'truncate' needs a number from 1"),
        ({"country": "short"}, "step 'country' knows the forms"),
        ({"guid": "big"}, "step 'guid' knows the orders"),
        ({"e164": "forty"}, "step 'e164' takes a country code"),
        ("plugin:nobody", "no package registers a step 'nobody'"),
        ("plugin:tests.mapping.nobody.Step", "cannot be imported"),
        ("plugin:tests.mapping.files.mapping_of", "is no subclass of"),
    ],
)
def test_steps_written_wrongly_are_refused_in_words(via: Via, words: str) -> None:
    with pytest.raises(OptionError, match=words.replace("?", r"\?")):
        step(via, scim_type="boolean" if "states" in via else "string")


def test_a_plugin_is_found_by_its_place() -> None:
    assert step("plugin:tests.mapping.gallery.NaiveLower").forward("A") == "a"


def test_unknown_values_take_the_default_where_the_row_says_so() -> None:
    lenient = step({"table": "role"}, unknown="default", fallback="reader")
    assert lenient.forward("king") == 1


def test_outcomes_run_through_the_other_steps() -> None:
    assert pipeline("not", {"presence": "x"}, scim_type="boolean").outcomes() == (
        (False, Where.PRESENT),
        (True, Where.ABSENT),
    )
    assert pipeline({"table": "flag"}, {"prefix": "is-"}, scim_type="boolean").outcomes() == (
        (True, ("is-Y",)),
        (False, ("is-N",)),
    )
    assert pipeline("lower").outcomes() is None


TARGETS: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.one_of(st.sampled_from(["active", "invited", "off", "TRUE", "x", 514, "66048"]), st.none()),
    "string": st.one_of(st.text(max_size=8), st.sampled_from(["reader", "x:a", "DEU", "germany", "a;b"])),
}
CHAINS: list[tuple[str, list[Via]]] = [
    ("boolean", ["not", AD]),
    ("boolean", ["not", {"presence": "x"}]),
    ("boolean", [STATES]),
    ("boolean", ["bool"]),
    ("string", ["trim", "lower", {"prefix": "x:"}]),
    ("string", ["collapse_spaces", "ascii"]),
    ("string", ["trim", {"domain": "x.org"}]),
    ("string", ["country"]),
    ("string", [{"table": "role"}]),
    ("string", ["int"]),
]


@pytest.mark.parametrize(("kind", "via"), CHAINS)
@given(choice=st.data())
def test_law_01_what_is_read_is_written_back_as_it_stands(kind: str, via: list[Via], choice: st.DataObject) -> None:
    both = pipeline(*via, scim_type=kind)
    held = choice.draw(TARGETS[kind])
    shown = both.backward(held)
    if shown is None or (kind == "string" and not isinstance(shown, str | int)):
        return
    try:
        made = both.forward(shown if kind == "boolean" else str(shown), held)
    except StepError:
        return
    assert both.settled(held) == made or made == held


SENT: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "string": st.one_of(st.text(max_size=8), st.sampled_from(["admin", "DE", "de", "ann@x.org", "42", "007"])),
}


@pytest.mark.parametrize(("kind", "via"), CHAINS)
@given(choice=st.data())
def test_law_02_and_03_what_was_written_is_read_back_and_writing_twice_is_once(
    kind: str, via: list[Via], choice: st.DataObject
) -> None:
    both = pipeline(*via, scim_type=kind)
    sent, old = choice.draw(SENT[kind]), choice.draw(TARGETS[kind])
    try:
        made = both.forward(sent, old)
        again = both.forward(sent, made)
    except StepError:
        return
    assert again == made
    shown = both.backward(made)
    if kind == "boolean":
        assert shown is sent
    else:
        assert both.settled(made) == both.forward(str(shown))


def test_every_step_says_what_it_does_and_shows_it() -> None:
    for name, kind in STEPS.items():
        assert kind.__doc__, name
        assert name in kind.example


@given(
    st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    | st.from_regex(r"[0-9]{4}-[01][0-9]-[0-9]{2}T[0-2][0-9]:[0-9]{2}:[0-9]{2}(Z|\.5Z|\+01:00|)", fullmatch=True)
)
def test_a_time_written_as_it_should_be_stays_as_it_is_and_no_moment_is_none(text: str) -> None:
    moment = instant(text)
    assert rewritten(text) == (None if moment is None else written(moment))
