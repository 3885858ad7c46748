"""What admins look after: accounts of channels, jobs that failed, and what was changed by whom."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import ApiProblem
from bot.web.api.queries import MAX_NUMBER, PAGING, Query, no_parameters, page
from channels.base import ChannelConfig
from ratings.errors import FieldError, InvalidInput, found, step
from ratings.lifecycle import JobKind
from ratings.reports.audit import list_audit
from ratings.reports.channels import AccountState, account_states
from ratings.reports.jobs import ENDED_STATES, UNKNOWN, failed_job, list_failed
from ratings.store.holds import HoldAccount
from ratings.store.keys import Scope
from ratings.store.replays import Replayed, ReplayJobs
from ratings.store.store import Store
from ratings.times import Instant, format_instant

KINDS = tuple(kind.value for kind in JobKind)
MAX_ACCOUNT = 200


class ChannelRoutes:
    """`/v1/channels`: where accounts stand; holding them. `configs` are the accounts that are set up."""

    def __init__(
        self, store: Store, access: Access, configs: Mapping[str, ChannelConfig], clock: Callable[[], Instant]
    ) -> None:
        self._store = store
        self._access = access
        self._configs = configs
        self._clock = clock

    async def list(self, request: Request) -> Response:
        """List all accounts."""
        await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        return answer(page(await self._shown(sorted(self._configs)), None))

    async def hold(self, request: Request) -> Response:
        """Send nothing more by an account; answers what is so now."""
        return await self._hold(request, held=True)

    async def release(self, request: Request) -> Response:
        """Send by it again; answers what is so now."""
        return await self._hold(request, held=False)

    async def _hold(self, request: Request, *, held: bool) -> Response:
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        name = request.path_params["account"]
        if name not in self._configs:
            raise ApiProblem(404, "there is no such account")
        await self._store.writer.do(HoldAccount(name, held, key.by))
        (shown,) = await self._shown([name])
        return answer(shown)

    async def _shown(self, names: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        states = await self._store.read(account_states, names, self._clock())
        return [_channel(state, self._configs[state.account]) for state in states]


class JobRoutes:
    """`/v1/jobs`: what failed for good, and putting it back."""

    def __init__(self, store: Store, access: Access, max_body: int) -> None:
        self._store = store
        self._access = access
        self._max_body = max_body

    async def list(self, request: Request) -> Response:
        """List jobs that failed, the newest first."""
        await self._access.require(request, Scope.ADMIN)
        query = Query(request)
        query.only(("state", "account", "kind", "code", *PAGING))
        states = query.words("state", ENDED_STATES) or list(ENDED_STATES)
        accounts, kinds, codes = query.texts("account"), query.words("kind", KINDS), query.texts("code")
        limit, cursor = query.limit(), query.text("cursor")
        query.finish()
        shown = await self._store.read(
            list_failed, states=states, accounts=accounts, kinds=kinds, codes=codes, limit=limit, cursor=cursor
        )
        return answer(page(shown.items, shown.next))

    async def replay_one(self, request: Request) -> Response:
        """Put one job back."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        wanted = await self._wanted(request, ("twice",))
        number = _number(request)
        job = None if number is None else await self._store.read(failed_job, number)
        if job is None:
            raise ApiProblem(404, "there is no such job that failed")
        operation = ReplayJobs(key.by, job_id=job["id"], twice=wanted["twice"])
        replayed = await self._store.writer.do(operation)
        if not replayed.jobs and job["state"] == UNKNOWN and not wanted["twice"]:
            raise ApiProblem(
                409, "nobody knows whether it was carried out; say twice: true if it may come a second time"
            )
        return answer(_replayed(replayed))

    async def replay(self, request: Request) -> Response:
        """Put all jobs back, or those of an account or a kind."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        wanted = await self._wanted(request, ("account", "kind", "twice"))
        kind = None if wanted["kind"] is None else JobKind(wanted["kind"])
        operation = ReplayJobs(key.by, account=wanted["account"], kind=kind, twice=wanted["twice"])
        return answer(_replayed(await self._store.writer.do(operation)))

    async def _wanted(self, request: Request, known: tuple[str, ...]) -> dict[str, Any]:
        """Read the body; one that is empty says nothing."""
        body = await read_json_body(request, self._max_body)
        return read_replay(decode(body) if body else {}, known)


class AuditRoutes:
    """`/v1/audit`: every change of what is set."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    async def list(self, request: Request) -> Response:
        """List changes, the newest first."""
        await self._access.require(request, Scope.ADMIN)
        query = Query(request)
        query.only(("by", "kind", "object", *PAGING))
        by, kinds, object_ = query.text("by"), query.texts("kind"), query.text("object")
        limit, cursor = query.limit(), query.text("cursor")
        query.finish()
        shown = await self._store.read(list_audit, by=by, kinds=kinds, object_=object_, limit=limit, cursor=cursor)
        return answer(page(shown.items, shown.next))


def read_replay(data: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """Read what to put back. Raises InvalidInput with every wrong field."""
    if not isinstance(data, dict):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with {', '.join(known)}")])
    errors = [
        FieldError(step("", key), f"unknown key; expected {', '.join(known)}") for key in data if key not in known
    ]
    account, kind, twice = data.get("account"), data.get("kind"), data.get("twice", False)
    if account is not None and not (
        isinstance(account, str) and 0 < len(account) <= MAX_ACCOUNT and "\0" not in account
    ):
        errors.append(
            FieldError("/account", f"{found(account)}; expected an account such as telegram.support, or null")
        )
    if kind is not None and (not isinstance(kind, str) or kind not in KINDS):
        errors.append(FieldError("/kind", f"{found(kind)}; expected one of {', '.join(KINDS)}, or null"))
    if not isinstance(twice, bool):
        errors.append(FieldError("/twice", f"{found(twice)}; expected true or false"))
    if errors:
        raise InvalidInput(errors)
    return {"account": account, "kind": kind, "twice": twice}


def _number(request: Request) -> int | None:
    told = request.path_params["job_id"]
    return int(told) if told.isascii() and told.isdigit() and 0 < int(told[:20]) <= MAX_NUMBER else None


def _replayed(replayed: Replayed) -> dict[str, int]:
    return {"jobs": replayed.jobs, "left": replayed.unknown}


def _channel(state: AccountState, config: ChannelConfig) -> dict[str, Any]:
    error = state.last_error
    return {
        "name": state.account,
        "kind": state.account.partition(".")[0],
        "mode": config.mode.value,
        "held_at": _time(state.held_at),
        "held_by": state.held_by,
        "resting_until": _time(state.resting_until),
        "waiting": state.waiting,
        "oldest": _time(state.oldest),
        "later": state.later,
        "in_hand": state.in_hand,
        "failed": state.failed,
        "unknown": state.unknown,
        "last_error": error
        and {
            "code": error.code,
            "text": error.text or None,
            "platform_code": error.platform_code or None,
            "at": _time(error.at),
        },
        "heard_at": _time(state.heard_at),
        "sent_at": _time(state.sent_at),
    }


def _time(at: Instant | None) -> str | None:
    return None if at is None else format_instant(at)
