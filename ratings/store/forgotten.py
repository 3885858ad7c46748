"""Wishes of customers who were erased: whoever wanted no messages gets none, though nobody knows any more who that is.

A wish is kept under a keyed hash of the address or the customer's name. The key is made once and stands in the store: without
it nobody can try addresses out. When the same address is reported again, its wish becomes a plain one, as if it had never left.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256

from sqlalchemy import bindparam, delete, select

from ratings.store.people_tables import settings
from ratings.store.schema import addresses, customers, forgotten_wishes
from ratings.store.unit import Row, Unit
from ratings.ticket import place_key
from ratings.times import Instant

Key = tuple[str, str]

SETTING = "forgotten"
"""Under which name the key stands among the settings; it is shown nowhere."""

_ANY = select(forgotten_wishes.c.hash).limit(1)
_THESE = select(forgotten_wishes).where(forgotten_wishes.c.hash.in_(bindparam("hashes", expanding=True)))
_DELETE = delete(forgotten_wishes).where(forgotten_wishes.c.hash == bindparam("of"))
_KEY = select(settings.c.value).where(settings.c.name == SETTING)


def remember_wishes(unit: Unit, wishes: Mapping[str, tuple[Instant | None, Instant | None]]) -> None:
    """Keep wishes of whoever is about to be erased: by name, since when they want nothing and until when they rest."""
    key = hashing_key(unit)
    rows: list[Row] = [
        {"hash": name_hash(key, name), "opted_out_at": out, "resting_until": resting}
        for name, (out, resting) in sorted(wishes.items())
        if out is not None or resting is not None
    ]
    unit.upsert(forgotten_wishes, rows)


def recall_wishes(unit: Unit, places: Iterable[Key], names: Iterable[str]) -> None:
    """Turn wishes that were kept of these addresses and customers into plain ones."""
    if not unit.rows(_ANY):  # as it is nearly everywhere
        return
    key = hashing_key(unit)
    of_places = {name_hash(key, place_key(*place)): place for place in places}
    of_names = {name_hash(key, name): name for name in names}
    found = unit.rows(_THESE, {"hashes": sorted({*of_places, *of_names})})
    for row in found:
        if row.hash in of_places and row.opted_out_at is not None:
            account, address = of_places[row.hash]
            known = {"account": account, "address": address, "next_send_at": 0, "paused_until": 0}
            unit.upsert(addresses, [{**known, "opted_out_at": row.opted_out_at}], keep=("next_send_at", "paused_until"))
        elif row.hash in of_names:
            facts = {"opted_out_at": row.opted_out_at, "resting_until": row.resting_until}
            unit.upsert(customers, [{"customer": of_names[row.hash], **facts}])
    unit.many(_DELETE, [{"of": row.hash} for row in found])


def drop_wish(unit: Unit, place: Key) -> None:
    """Whoever is at an address wants messages again: what was kept of an earlier wish there holds no more."""
    if unit.rows(_ANY):
        unit.many(_DELETE, [{"of": name_hash(hashing_key(unit), place_key(*place))}])


def hashing_key(unit: Unit) -> bytes:
    """Return the key of the hashes; it is made when it is first wanted."""
    found = unit.connection.execute(_KEY).scalar_one_or_none()
    if found is None:
        row = {"name": SETTING, "value": f'"{secrets.token_hex(32)}"', "changed_at": unit.now, "changed_by": "service"}
        unit.insert_missing(settings, [row])
        found = unit.connection.execute(_KEY).scalar_one()
    return str(found).strip('"').encode()


def name_hash(key: bytes, name: str) -> str:
    """Return the hash of a name."""
    return hmac.digest(key, name.encode(), sha256).hex()
