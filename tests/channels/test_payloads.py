"""What buttons carry: a table."""

import pytest

from channels.base import ActionName
from channels.payloads import action_payload, choice_payload, read_payload
from net.errors import Rejected

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"


def test_payloads_fit_into_a_button() -> None:
    assert choice_payload(TOKEN, 5) == f"r1:{TOKEN}:5"
    assert [action_payload("a2", name) for name in ActionName] == ["r1:a2:c", "r1:a2:k", "r1:a2:s", "r1:a2:n"]
    assert len(choice_payload("a" * 40, 999).encode()) <= 64
    assert len(set(map(str, ActionName))) == len({action_payload("a", name) for name in ActionName})


@pytest.mark.parametrize("token", ["", "A2", "a" * 41, "a:b", "ä", "a1", "a\n"])
def test_a_token_of_another_shape_is_not_sent(token: str) -> None:
    with pytest.raises(Rejected):
        choice_payload(token, 5)
    with pytest.raises(Rejected):
        action_payload(token, ActionName.SKIP)


@pytest.mark.parametrize("value", [-1, 1000])
def test_a_value_of_more_than_three_digits_is_not_sent(value: int) -> None:
    with pytest.raises(Rejected):
        choice_payload(TOKEN, value)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("r1:abc:5", ("abc", 5)),
        ("r1:abc:0", ("abc", 0)),
        ("r1:abc:999", ("abc", 999)),
        ("r1:abc:c", ("abc", ActionName.CHANGE)),
        ("r1:abc:k", ("abc", ActionName.COMMENT)),
        ("r1:abc:s", ("abc", ActionName.SKIP)),
        ("r1:abc:n", ("abc", ActionName.NEVER)),
        *(
            (data, None)
            for data in (
                *("", "5", "r1", "r1:abc", "r1::5", "r1:abc:", "r1:abc:1000", "r1:abc:-1", "r1:abc:05", "r1:abc:5.0"),
                *("r1:abc:x", "r1:abc:cc", "r1:abc:5:5", "r2:abc:5", "R1:abc:5", "r1:ABC:5", " r1:abc:5", "r1:abc:5\n"),
                *("r1:abc:٥", "r1:abc:²", f"r1:{'a' * 41}:5", "r1:ab1:5", "r1:abc:5;drop table", "rate:5"),
            )
        ),
    ],
)
def test_only_exact_payloads_are_ours(data: str, read: tuple[str, int | ActionName] | None) -> None:
    assert read_payload(data) == read
