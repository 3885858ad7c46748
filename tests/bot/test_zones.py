import runpy
import sys
from typing import Any

import pytest

from bot import zones
from bot.zones import zone_of
from ratings.hours import zone_named
from ratings.ticket import Address, Customer, Ticket


def ticket(timezone: str | None = None, phone: str | None = None, *addresses: str) -> Ticket:
    return Ticket(
        id="1",
        closed_at=0,
        customer=Customer(timezone=timezone, phone=phone),
        addresses=tuple(Address("telegram.support", one) for one in addresses),
    )


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        ("+74951234567", "Europe/Moscow"),
        ("+7 (495) 123-45-67", "Europe/Moscow"),
        ("+7 812 123-45-67", "Europe/Moscow"),  # Saint Petersburg
        ("+7 395 212-34-56", "Asia/Irkutsk"),
        ("+79161234567", None),  # a Russian mobile: eleven zones, and no more of it is told
        ("+77011234567", None),  # a Kazakh one
        ("+380441234567", "Europe/Kyiv"),
        ("+380501234567", "Europe/Kyiv"),  # a mobile, of a country with one zone
        ("+48221234567", "Europe/Warsaw"),
        ("+48 501 234 567", "Europe/Warsaw"),
        ("+12125551234", "America/New_York"),
        ("+18005551234", None),  # toll-free
        ("+61491570156", None),  # an Australian mobile
        ("84951234567", None),  # without its country
        ("+70000000000", None),  # no such number
        ("+999123456789", None),  # no such country
        ("+1", None),
        ("+" + "7" * 90, None),
        ("+7495abc", None),
        ("", None),
    ],
)
def test_the_zone_of_a_number(phone: str, zone: str | None) -> None:
    assert zone_of(ticket(None, phone)) == zone


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        (ticket("europe/kyiv", "+48221234567"), "Europe/Kyiv"),  # the desk's word is stronger
        (ticket("+03:00", "+48221234567"), "UTC+03:00"),
        (ticket("Moscow time", "+48221234567"), "Europe/Warsaw"),
        (ticket("Moscow time"), None),
        (ticket(None, None, "4711", "+48221234567"), "Europe/Warsaw"),
        (ticket(None, "+79161234567", "+48221234567"), "Europe/Warsaw"),
        (ticket(None, None, "+tag@example.com", "48221234567"), None),
        (ticket(), None),
    ],
)
def test_the_zone_of_a_customer(told: Ticket, zone: str | None) -> None:
    assert zone_of(told) == zone
    assert zone is None or zone_named(zone) is not None


def test_what_is_remembered_of_numbers_is_bounded() -> None:
    assert zones._zone_of_number.cache_info().maxsize == 10_000


def test_the_library_is_imported_with_the_first_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "phonenumbers"]:
        monkeypatch.delitem(sys.modules, name)
    fresh: dict[str, Any] = runpy.run_path(zones.__file__)
    assert fresh["zone_of"](ticket("UTC", "+48221234567", "4711")) == "UTC"
    assert fresh["zone_of"](ticket(None, "4711", "4711")) is None
    assert "phonenumbers" not in sys.modules
    assert fresh["zone_of"](ticket(None, "+48221234567")) == "Europe/Warsaw"
    assert "phonenumbers" in sys.modules
