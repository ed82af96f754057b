"""Passwords are stored as scrypt hashes that others can verify, never in clear."""

import hashlib
from base64 import b64decode

import pytest

from gateway.mapping.steps.scrypt import Scrypt
from gateway.mapping.steps.step import StepError, Surroundings


def step() -> Scrypt:
    return Scrypt(None, {}, Surroundings())


def decoded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))


def test_the_hash_verifies_by_its_own_parameters() -> None:
    _, name, parameters, salt, digest = step().forward("pässword").split("$")
    cost = dict(pair.split("=") for pair in parameters.split(","))
    again = hashlib.scrypt(
        "pässword".encode(),
        salt=decoded(salt),
        n=2 ** int(cost["ln"]),
        r=int(cost["r"]),
        p=int(cost["p"]),
        dklen=32,
    )
    assert (name, decoded(digest)) == ("scrypt", again)


def test_two_hashes_of_one_password_differ() -> None:
    assert step().forward("same") != step().forward("same")


def test_a_password_that_is_no_text_is_refused_without_repeating_it() -> None:
    with pytest.raises(StepError) as caught:
        step().forward(271828)
    assert "271828" not in str(caught.value)
