"""Who may do what: a bearer key and its scope. Whatever is wrong with a key, the answer is the same."""

import re

from starlette.requests import Request

from bot.web.api.errors import ApiProblem
from ratings.store.keys import ApiKey, Scope, find_key
from ratings.store.store import Store

_BEARER = re.compile(r"bearer +(tf_[\x21-\x7e]{1,200})", re.IGNORECASE)


class Access:
    """Finds the key of a request. It is looked up every time: one that is revoked ends at once, in every process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def require(self, request: Request, wanted: Scope) -> ApiKey:
        """Return the key of a request. Raises ApiProblem: 401 without a live key, 403 when its scope is too small."""
        credentials = request.headers.getlist("authorization")
        given = _BEARER.fullmatch(credentials[0].strip()) if len(credentials) == 1 else None
        key = await self._store.read(find_key, given[1]) if given else None
        if key is None:
            raise ApiProblem(
                401, "this needs an API key: Authorization: Bearer tf_…", headers={"www-authenticate": "Bearer"}
            )
        if not key.scope.allows(wanted):
            challenge = f'Bearer error="insufficient_scope", scope="{wanted.value}"'
            detail = f"this needs the scope {wanted.value}; the key has {key.scope.value}"
            raise ApiProblem(403, detail, headers={"www-authenticate": challenge})
        return key
