"""What a platform tells of our own messages: delivered, seen, come back. It may do so before it has answered our request."""

from sqlalchemy import bindparam, select

from ratings.lifecycle import Delivery, JobKind, Outcome, State, delivery_reported
from ratings.store.addresses import Addresses, Key
from ratings.store.loading import Invitations, Loaded
from ratings.store.rows import LEASED
from ratings.store.schema import jobs
from ratings.store.unit import Unit

_IN_FLIGHT = select(jobs.c.kind, jobs.c.invitation_id).where(
    jobs.c.account == bindparam("account"),
    jobs.c.address == bindparam("address"),
    jobs.c.state == LEASED,
    jobs.c.kind != JobKind.ACKNOWLEDGE.value,
)


def report(
    unit: Unit,
    invitations: Invitations,
    addresses: Addresses,
    key: Key,
    external_id: str,
    delivery: Delivery,
    *,
    gone: bool,
    named: int | None,
) -> Outcome:
    """Keep what became of a message to an address. `named` is the invitation that the report itself names, if it does."""
    bounced = delivery is Delivery.BOUNCED
    if bounced:
        addresses.bounced(key, gone=gone)
    else:
        addresses.delivered(key)
    for loaded in invitations.by_address.get(key, ()):
        if named == loaded.invitation.id or loaded.invitation.external_id == external_id:
            invitations.take(loaded, delivery_reported(loaded.invitation, delivery), by="platform")
            if bounced and loaded.invitation.state is not State.SCHEDULED:
                # While its prompt is on its way, the result of that asks at the next address.
                invitations.ask_next(loaded, by="platform")
            return Outcome.ACTED
    overtaken = _on_its_way(unit, invitations, key)
    if overtaken is None:
        return Outcome.IGNORED
    known = overtaken.invitation._replace(external_id=external_id)
    invitations.take(overtaken, delivery_reported(known, delivery), by="platform")
    return Outcome.ACTED


def _on_its_way(unit: Unit, invitations: Invitations, key: Key) -> Loaded | None:
    """Return whose prompt is the only message that is being sent to the address: a report of an unknown one is about that."""
    waiting = {
        loaded.invitation.id: loaded
        for loaded in invitations.by_address.get(key, ())
        if loaded.invitation.state is State.SCHEDULED and loaded.invitation.external_id is None
    }
    if not waiting:
        return None
    rows = unit.rows(_IN_FLIGHT, {"account": key[0], "address": key[1]})
    if len(rows) != 1 or rows[0].kind != JobKind.PROMPT:
        return None
    return waiting.get(rows[0].invitation_id)
