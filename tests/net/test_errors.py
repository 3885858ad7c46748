"""Every error of the family carries its decision."""

import re
from collections.abc import Iterator

import pytest

from net import errors
from net.errors import DeliveryError, Throttled


def family(root: type[DeliveryError] = DeliveryError) -> Iterator[type[DeliveryError]]:
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from family(child)


FAMILY = sorted(set(family()), key=lambda error: error.__name__)


def make(error: type[DeliveryError]) -> DeliveryError:
    if issubclass(error, Throttled):
        return error("the platform asks to wait", retry_after=3)
    return error("it did not work", platform_code="42")


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_every_error_has_its_own_code_and_says_what_it_means(error: type[DeliveryError]) -> None:
    assert "code" in vars(error), "an inherited code would be counted as another error"
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert (error.__doc__ or "").strip().endswith(".")


def test_codes_are_unique() -> None:
    codes = [error.code for error in FAMILY]
    assert len(codes) == len(set(codes))


def test_only_what_was_certainly_not_carried_out_is_sent_again() -> None:
    assert {error.code for error in FAMILY if error.again} == {"unreachable", "throttled"}


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_text_and_platform_code_are_kept(error: type[DeliveryError]) -> None:
    made = make(error)
    assert made.text
    assert str(made) == made.text
    assert made.platform_code in {"42", "429"}


def test_throttled_says_how_long_and_for_whom() -> None:
    error = Throttled("slow down", retry_after=2.5, scope="recipient")
    assert (error.retry_after, error.scope, error.again) == (2.5, "recipient", True)
