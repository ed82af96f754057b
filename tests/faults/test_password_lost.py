"""A directory takes a new entry and its password in two requests; the connection breaks between them."""

from collections.abc import Iterator

import pytest

from tests.backends.slapd import Slapd
from tests.faults.gate import Where, ldap_password
from tests.faults.process import Process
from tests.faults.targets import Target, slapd_target
from tests.faults.words import is_503, person, settled


@pytest.fixture(scope="module")
def target(slapd: Slapd) -> Iterator[Target]:
    """Only a directory has this."""
    found = slapd_target(slapd)
    yield found
    found.gate.close()


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("where", ["request", "answer"])
def test_rule_14_whoever_is_created_can_log_in_with_the_password_that_was_sent(
    gateway: Process, target: Target, where: Where, silent: bool
) -> None:
    """``silent``: the connection does not break before the deadline ends, so that the answer is 503."""
    scene = f"secret{where}{silent}".lower()
    request = person(scene, "ann", password="correct horse")
    target.gate.catch(where, ldap_password)
    answer = gateway.begin(*request)
    target.gate.caught()
    if silent:
        is_503(answer.result(30))
    target.gate.drop()
    found = answer.result(30)
    if found.status == 503:
        settled(gateway)
        found = gateway.ask(*request)
    assert found.status == 201, found
    assert target.server.bind(f"uid=ann@{scene}.example,ou=people,{target.server.base}", "correct horse"), (
        "201 was answered, and the password was lost"
    )
