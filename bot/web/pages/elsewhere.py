"""Signing in at a provider of OpenID Connect: the way there, the way back, and what is said when it fails."""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass

import structlog
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.oidc import CALLBACK, Identity, Provider, Refusal, SignInRefused
from bot.web.pages.entrance import admit, next_page
from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.visit import HEADERS, Visit
from ratings.rights import Role
from ratings.store.sign_on import Recognise, Recognised
from ratings.store.users import NameTaken, Rights, read_name
from ratings.times import MINUTE, SECOND, Duration, Instant

WAY = "/login/oidc"
TIME_TO_SIGN_IN: Duration = 10 * MINUTE
MAX_CODE = 4_096
_COOKIE = "tapfive_oidc"
_PURPOSE = "oidc"
_log = structlog.get_logger("tapfive.pages")

SAID: dict[Refusal, tuple[int, str, str]] = {
    Refusal.DECLINED: (
        403,
        mark("You were not signed in"),
        mark("The other service did not agree. Try again, or sign in by password."),
    ),
    Refusal.STALE: (
        400,
        mark("That took too long"),
        mark("Signing in was begun elsewhere, is too long ago, or was finished already. Begin again at the sign-in."),
    ),
    Refusal.AWAY: (
        502,
        mark("The other service does not answer"),
        mark("Try again in a moment, or sign in by password."),
    ),
    Refusal.MISCONFIGURED: (
        502,
        mark("Signing in elsewhere is not set up right"),
        mark("Whoever runs Tapfive finds the reason in the service's log; “tapfive check” looks, too."),
    ),
    Refusal.FORGED: (
        403,
        mark("You were not signed in"),
        mark(
            "What the other service sent does not prove who you are. Whoever runs Tapfive finds the reason in the log."
        ),
    ),
    Refusal.UNVERIFIED: (
        403,
        mark("Your mail address is not confirmed"),
        mark("Confirm it at the other service, then sign in again."),
    ),
    Refusal.NAMELESS: (
        403,
        mark("You were not signed in"),
        mark("The other service does not say by what name you are known here. Ask whoever runs Tapfive."),
    ),
    Refusal.UNKNOWN: (
        403,
        mark("Nobody has let you in yet"),
        mark("The other service knows you, and Tapfive does not. Ask whoever lets people in."),
    ),
    Refusal.UNGROUPED: (
        403,
        mark("You are in no group that is let in"),
        mark("The other service knows you; your groups there give you nothing here. Ask whoever keeps them."),
    ),
    Refusal.SHUT_OUT: (
        403,
        mark("You may not sign in"),
        mark("Somebody has shut you out. Ask whoever lets people in."),
    ),
    Refusal.TAKEN: (
        403,
        mark("You were not signed in"),
        mark("Another account of the other service signs in under your name. Ask whoever lets people in."),
    ),
}
"""What is said of each: status, title, what to do."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a browser keeps while somebody signs in elsewhere."""

    state: str
    nonce: str
    verifier: str
    page: str
    at: Instant


class Elsewhere:
    """`/login/oidc` and `/login/oidc/callback`."""

    def __init__(self, shell: Shell, provider: Provider) -> None:
        self._shell = shell
        self._provider = provider
        self._rights = Rights(Role(provider.role)) if provider.role else None
        """What somebody gets whom nobody let in; None: they stay out."""

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [page(WAY, self.begin, open_to_all=True), page(CALLBACK, self.finish, open_to_all=True)]

    async def begin(self, visit: Visit) -> Response:
        """Lead to the provider."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(state, nonce, verifier, next_page(visit.query.get("next", "")), visit.now)
        try:
            address = await self._provider.address(state, nonce, verifier)
        except SignInRefused as refused:
            return _refuse(visit, refused)
        response = Response(status_code=303, headers={**HEADERS, "location": address})
        self._keep(response, _write(self._shell, begun), TIME_TO_SIGN_IN // SECOND)
        return response

    async def finish(self, visit: Visit) -> Response:
        """Let in whoever comes back."""
        try:
            begun = self._begun(visit)
            identity = await self._came_back(visit, begun)
            known = await self._recognise(identity)
            response = await admit(visit, known.user_id, known.name, begun.page)
        except SignInRefused as refused:
            response = _refuse(visit, refused)
        self._keep(response, "", 0)  # what was begun is at its end, whichever way it went
        return response

    def _begun(self, visit: Visit) -> Begun:
        """Return what this browser began, if the answer belongs to it. Raises SignInRefused."""
        begun = _read(self._shell, visit.request.cookies.get(self._shell.cookie_named(_COOKIE), ""))
        if begun is None:
            raise SignInRefused(Refusal.STALE, "nothing_begun")
        if not 0 <= visit.now - begun.at < TIME_TO_SIGN_IN:
            raise SignInRefused(Refusal.STALE, "too_late")
        given = visit.query.get("state", "")
        if not given.isascii() or not hmac.compare_digest(given, begun.state):
            raise SignInRefused(Refusal.STALE, "wrong_state")
        return begun

    async def _came_back(self, visit: Visit, begun: Begun) -> Identity:
        query = visit.query
        if any(len(query.getlist(name)) > 1 for name in ("code", "error", "iss", "state")):
            raise SignInRefused(Refusal.FORGED, "repeated")
        if "error" in query:
            declined = query["error"] in {"access_denied", "login_required", "consent_required", "interaction_required"}
            away = query["error"] in {"server_error", "temporarily_unavailable"}
            raise SignInRefused(
                Refusal.DECLINED if declined else Refusal.AWAY if away else Refusal.MISCONFIGURED, "told"
            )
        code = query.get("code", "")
        if not 0 < len(code) <= MAX_CODE:
            raise SignInRefused(Refusal.FORGED, "no_code")
        return await self._provider.identify(code, query.get("iss"), begun.nonce, begun.verifier)

    async def _recognise(self, identity: Identity) -> Recognised:
        try:
            name = read_name(identity.name)
        except ValueError:
            raise SignInRefused(Refusal.NAMELESS, "no_name_of_ours") from None
        operation = Recognise(identity.subject, name, self._rights, identity.grant)
        try:
            known = await self._shell.store.writer.do(operation)
        except NameTaken:  # two windows at once: the other one was first
            known = await self._shell.store.writer.do(operation)
        if known.refused:
            raise SignInRefused(Refusal(known.refused))
        return known

    def _keep(self, response: Response, value: str, seconds: int) -> None:
        response.set_cookie(
            self._shell.cookie_named(_COOKIE),
            value,
            max_age=seconds,
            path=f"{self._shell.base}/",
            secure=self._shell.secure,
            httponly=True,
            samesite="lax",
        )


def _write(shell: Shell, begun: Begun) -> str:
    text = urlsafe_b64encode(json.dumps(asdict(begun)).encode()).decode()
    return f"{text}.{shell.sign(_PURPOSE, text)}"


def _read(shell: Shell, cookie: str) -> Begun | None:
    text, _, signature = cookie.partition(".")
    if not shell.is_signed(_PURPOSE, text, signature):
        return None
    return Begun(**json.loads(urlsafe_b64decode(text)))


def _refuse(visit: Visit, refused: SignInRefused) -> Response:
    """Say it in plain words; the log has the kind, and nothing that was sent."""
    _log.warning("somebody was not signed in by OpenID Connect", kind=refused.kind.value, detail=refused.detail)
    status, title, hint = SAID[refused.kind]
    return refuse(visit, status, title, hint)
