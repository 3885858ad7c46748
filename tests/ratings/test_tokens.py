import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.tokens import LENGTH, Tokens

OLD, NEW = b"o" * 32, b"n" * 32
ids = st.integers(min_value=0, max_value=2**63 - 1)


@given(ids)
def test_a_token_names_its_invitation_and_fits_every_payload(number: int) -> None:
    token = Tokens([NEW]).issue(number)
    assert Tokens([NEW]).read(token) == number
    assert len(token) == LENGTH
    assert token == token.lower()


@given(ids, st.integers(min_value=0, max_value=LENGTH - 1), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_token_is_none(number: int, place: int, letter: str) -> None:
    token = Tokens([NEW]).issue(number)
    changed = token[:place] + letter + token[place + 1 :]
    assert Tokens([NEW]).read(changed) == (number if changed == token else None)


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert Tokens([NEW]).read(text) is None


def test_a_rotation_kills_no_prompt() -> None:
    before = Tokens([OLD]).issue(17)
    assert Tokens([NEW, OLD]).read(before) == 17
    assert Tokens([NEW, OLD]).issue(17) == Tokens([NEW]).issue(17) != before
    assert Tokens([NEW]).read(before) is None


def test_upper_case_is_another_text_and_no_token() -> None:
    assert Tokens([NEW]).read(Tokens([NEW]).issue(17).upper()) is None


def test_no_secret_no_tokens() -> None:
    with pytest.raises(ValueError, match="secret"):
        Tokens([])


@given(st.binary(min_size=1), ids)
def test_it_is_signed_by_hmac_as_everybody_knows_it(secret: bytes, number: int) -> None:
    raw = base64.b32decode(Tokens([secret]).issue(number).upper() + "=" * (-LENGTH % 8))
    key = hmac.digest(secret, b"tapfive invitation token 1", "sha256")
    assert raw[9:] == hmac.digest(key, raw[:9], "sha256")[:12]
