"""The customer's time zone: what the desk says, else what a telephone number tells.

phonenumbers is imported with the first number: 20 to 35 ms and 2 MB, and 3 ms more with the first number of a country.
"""

import re
from functools import lru_cache

from ratings.hours import zone_named
from ratings.ticket import Ticket

_NUMBER = re.compile(r"\+[0-9][0-9 ().\u00a0-]{5,30}").fullmatch
_NOT_DIGITS = re.compile(r"[^0-9]+").sub


def zone_of(ticket: Ticket) -> str | None:
    """The name of the customer's zone, one that `zone_named` knows; None when nothing tells it, for the survey's to serve.

    A number tells it when it belongs to one zone. Russian mobiles, like those of every country with several zones, and
    toll-free numbers do not, and neither does one without its country: 8 495 is Moscow at home and nowhere abroad.
    """
    told = zone_named(ticket.customer.timezone)
    if told is not None:
        return str(told)
    for number in (ticket.customer.phone, *(address.id for address in ticket.addresses)):
        if number is not None and _NUMBER(number.strip()):
            zone = _zone_of_number(f"+{_NOT_DIGITS('', number)}")
            if zone is not None:
                return zone
    return None


@lru_cache(maxsize=10_000)
def _zone_of_number(number: str) -> str | None:
    from phonenumbers.phonenumberutil import NumberParseException, parse  # noqa: PLC0415 - not before it is needed
    from phonenumbers.timezone import time_zones_for_number  # noqa: PLC0415 - as above

    try:
        names = time_zones_for_number(parse(number))
    except NumberParseException:
        return None
    zone = zone_named(names[0]) if len(names) == 1 else None  # "Etc/Unknown" is what it says of a number that cannot be
    return None if zone is None else str(zone)
