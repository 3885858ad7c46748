"""The votes of one invitation: shown with their evidence, and overruled by whoever may."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import ApiProblem
from bot.web.api.queries import MAX_NUMBER, no_parameters
from ratings.errors import FieldError, InvalidInput, found, step
from ratings.lifecycle import Outcome
from ratings.reports.votes import list_votes
from ratings.scale import MAX_VALUE, MIN_VALUE
from ratings.store.keys import Scope
from ratings.store.link_votes import Overrule
from ratings.store.rating_edits import EditRating
from ratings.store.store import Store
from ratings.votes import VoteState

MAX_WHY = 500
_STATES = {state.value: state for state in (VoteState.CONFIRMED, VoteState.QUARANTINED)}
_KEYS = ("state", "why")
_EDIT_KEYS = ("value", "why")


class VoteRoutes:
    """`/v1/invitations/{invitation_id}/votes`, `…/overrule` and `…/rating`."""

    def __init__(self, store: Store, access: Access, max_body: int) -> None:
        self._store = store
        self._access = access
        self._max_body = max_body

    async def list(self, request: Request) -> Response:
        """Show votes, hits and history."""
        await self._access.require(request, Scope.READ)
        no_parameters(request)
        return answer(await self._shown(_number(request)))

    async def overrule(self, request: Request) -> Response:
        """Say that the newest vote counts, or that what counts does not; with the reason. Answers what is so now."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)
        state, why = _read(decode(body))
        number = _number(request)
        await self._shown(number)
        done = await self._store.writer.do(Overrule(number, state, key.by, why))  # type: ignore[arg-type] # one of the two that _STATES holds
        if done.outcome is Outcome.IGNORED and done.state is not state:
            raise ApiProblem(409, "there is no vote that this would change")
        return answer(await self._shown(number))

    async def edit(self, request: Request) -> Response:
        """Say that another value counts; with the reason. Answers what is so now."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)
        value, why = _read_edit(decode(body))
        number = _number(request)
        await self._shown(number)
        outcome = await self._store.writer.do(EditRating(number, value, key.by, why))
        if outcome is Outcome.OUT_OF_SCALE:
            raise InvalidInput([FieldError("/value", f"{value}; expected a value of the scale that was asked with")])
        if outcome is Outcome.IGNORED:
            raise ApiProblem(409, "there is no rating that counts and could be corrected")
        return answer(await self._shown(number))

    async def _shown(self, number: int) -> dict[str, Any]:
        shown = await self._store.read(list_votes, number)
        if shown is None:
            raise ApiProblem(404, "there is no such invitation")
        return shown


def _number(request: Request) -> int:
    told = request.path_params["invitation_id"]
    if not (told.isascii() and told.isdigit() and 0 < int(told[:20]) <= MAX_NUMBER):
        raise ApiProblem(404, "there is no such invitation")
    return int(told)


def _read_edit(data: Any) -> tuple[int, str]:
    if not isinstance(data, dict):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with value and why")])
    errors = [
        FieldError(step("", key), f"unknown key; expected {', '.join(_EDIT_KEYS)}")
        for key in data
        if key not in _EDIT_KEYS
    ]
    value, why = data.get("value"), _read_why(errors, data.get("why"))
    if type(value) is not int or not MIN_VALUE <= value <= MAX_VALUE:
        errors.append(FieldError("/value", f"{found(value)}; expected a whole number from {MIN_VALUE} to {MAX_VALUE}"))
    if errors or type(value) is not int:
        raise InvalidInput(errors)
    return value, why


def _read_why(errors: list[FieldError], why: object) -> str:
    if isinstance(why, str) and why.strip() and len(why) <= MAX_WHY and "\0" not in why:
        return why.strip()
    errors.append(FieldError("/why", f"{found(why)}; expected 1 to {MAX_WHY} characters: the history keeps them"))
    return ""


def _read(data: Any) -> tuple[VoteState, str]:
    if not isinstance(data, dict):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with state and why")])
    errors = [
        FieldError(step("", key), f"unknown key; expected {', '.join(_KEYS)}") for key in data if key not in _KEYS
    ]
    state = data.get("state")
    if not isinstance(state, str) or state not in _STATES:
        errors.append(FieldError("/state", f"{found(state)}; expected {' or '.join(_STATES)}"))
    why = _read_why(errors, data.get("why"))
    if errors or not isinstance(state, str):
        raise InvalidInput(errors)
    return _STATES[state], why
