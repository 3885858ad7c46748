"""Where the accounts of channels and desks stand: held or resting, what waits, what failed, the last error, what was last heard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal_column, select

from ratings.reports.jobs import code_of
from ratings.store.loading import DESK_PREFIX
from ratings.store.schema import accounts, attempts, inbound_events, jobs
from ratings.times import Instant

LATELY = 20_000
"""Of all accounts together, how many of the newest events and acts are looked through for the last of each."""

_DUE: ColumnElement[str] = literal_column("'due'")
_LEASED: ColumnElement[str] = literal_column("'leased'")
_OURS = jobs.c.account == bindparam("account")
_WAITING = select(func.count().label("many"), func.min(jobs.c.due_at).label("oldest")).where(
    _OURS, jobs.c.state == _DUE, jobs.c.due_at <= bindparam("now")
)
_LATER = select(func.count()).where(_OURS, jobs.c.state == _DUE, jobs.c.due_at > bindparam("now"))
_IN_HAND = select(func.count()).where(_OURS, jobs.c.state == _LEASED)
_ENDED = jobs.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")])
_FAILED = select(jobs.c.state, func.count().label("many")).where(_OURS, _ENDED).group_by(jobs.c.state)
_TROUBLED = [
    select(jobs.c.id, jobs.c.error)
    .where(_OURS, jobs.c.state == _DUE, jobs.c.error.is_not(None))
    .order_by(jobs.c.attempt_id.desc())
    .limit(1),
    select(jobs.c.id, jobs.c.error).where(_OURS, _ENDED).order_by(jobs.c.finished_at.desc(), jobs.c.id.desc()).limit(1),
]
_LAST_TRY = select(attempts).where(attempts.c.job_id == bindparam("job_id")).order_by(attempts.c.id.desc()).limit(1)
_NEWEST_EVENTS = (
    select(inbound_events.c.account, inbound_events.c.at).order_by(inbound_events.c.at.desc()).limit(LATELY).subquery()
)
_HEARD = select(_NEWEST_EVENTS.c.account, func.max(_NEWEST_EVENTS.c.at).label("at")).group_by(_NEWEST_EVENTS.c.account)
# By the key: what is not among the newest of all has few of its own.
_HEARD_BEFORE = select(func.max(inbound_events.c.at)).where(inbound_events.c.account == bindparam("account"))
_FINISHED = jobs.c.state.in_([literal_column("'done'"), literal_column("'dropped'")])
_NEWEST_ACTS = (
    select(jobs.c.account, jobs.c.finished_at, jobs.c.state)
    .where(_FINISHED, jobs.c.finished_at.is_not(None))
    .order_by(jobs.c.finished_at.desc())
    .limit(LATELY)
    .subquery()
)
_SENT = (
    select(_NEWEST_ACTS.c.account, func.max(_NEWEST_ACTS.c.finished_at).label("at"))
    .where(_NEWEST_ACTS.c.state == "done")
    .group_by(_NEWEST_ACTS.c.account)
)


@dataclass(frozen=True, slots=True)
class LastError:
    """What went wrong last: the error's code, short words, the platform's own code, and when (None: not known)."""

    code: str
    text: str
    platform_code: str
    at: Instant | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """Where an account stands. Instants are None where nothing is known.

    `waiting` is due now and `oldest` since when; `later` is due in time; `in_hand` is being carried out. `failed` and `unknown`
    wait for a person. `resting_until`: the platform asked for it, or the account cannot work as it is set up.
    `heard_at` and `sent_at` are of lately (LATELY): an account that is quiet for long has none.
    """

    account: str
    held_at: Instant | None
    held_by: str | None
    resting_until: Instant | None
    waiting: int
    oldest: Instant | None
    later: int
    in_hand: int
    failed: int
    unknown: int
    last_error: LastError | None
    heard_at: Instant | None
    sent_at: Instant | None

    @property
    def name(self) -> str:
        """What people call it: a desk without the prefix of its account."""
        return self.account.removeprefix(DESK_PREFIX)


def account_states(connection: Connection, wanted: Iterable[str], now: Instant) -> list[AccountState]:
    """Return where accounts stand, in the order given. `wanted` are accounts of channels, and `desk_account` of desks."""
    rows = {row.account: row for row in connection.execute(select(accounts))}
    heard = {row.account: row.at for row in connection.execute(_HEARD)}
    sent = {row.account: row.at for row in connection.execute(_SENT)}
    return [
        _state(connection, account, rows.get(account), heard.get(account), sent.get(account), now) for account in wanted
    ]


def _state(
    connection: Connection, account: str, row: Any, heard_at: Instant | None, sent_at: Instant | None, now: Instant
) -> AccountState:
    mine = {"account": account}
    waiting = connection.execute(_WAITING, {**mine, "now": now}).one()
    failed = {each.state: each.many for each in connection.execute(_FAILED, mine)}
    resting = row.paused_until if row is not None and row.paused_until > now else None
    return AccountState(
        account=account,
        held_at=row.held_at if row is not None else None,
        held_by=row.held_by if row is not None else None,
        resting_until=resting,
        waiting=waiting.many,
        oldest=waiting.oldest,
        later=connection.execute(_LATER, {**mine, "now": now}).scalar_one(),
        in_hand=connection.execute(_IN_HAND, mine).scalar_one(),
        failed=failed.get("failed", 0),
        unknown=failed.get("unknown", 0),
        last_error=_last_error(connection, account),
        heard_at=heard_at if heard_at is not None else connection.execute(_HEARD_BEFORE, mine).scalar_one(),
        sent_at=sent_at,
    )


def _last_error(connection: Connection, account: str) -> LastError | None:
    """Return the newest of what is tried again and of what failed for good; what was mended since has none."""
    errors = []
    for query in _TROUBLED:
        for job in connection.execute(query, {"account": account}):
            last = connection.execute(_LAST_TRY, {"job_id": job.id}).one_or_none()
            errors.append(_error(job.error, last))
    return max(errors, key=lambda error: error.at or 0, default=None)


def _error(error: str | None, last: Any) -> LastError:
    code, _, words = (error or "").partition(": ")
    if last is None:
        return LastError(code_of(code), words, "", None)
    return LastError(code_of(code), words or last.text or "", last.platform_code or "", last.finished_at)


def accounts_of(channels: Sequence[str], desks: Sequence[str]) -> list[str]:
    """Return the accounts of channels and desks by their names, as jobs have them."""
    return [*channels, *(f"{DESK_PREFIX}{desk}" for desk in desks)]
