"""What stands around every page: who is signed in, their rights, forged forms, trouble of the store, the layout.

A page is a handler `async (visit) -> Response`; `Shell.page` makes its route. Anonymous visitors are led to the sign-in, those
without the right get 403, a form that another site sent is refused before its handler sees it.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot.settings import Settings
from bot.web.api.errors import log_unexpected
from bot.web.asgi import BodyTooLarge, ClientGone
from bot.web.pages.speech import LANGUAGES, Speech, mark, pick
from bot.web.pages.visit import HEADERS, NOTICE_COOKIE, NotAForm, Visit
from bot.web.problems import CONTENT_TYPE, problem_bytes
from bot.web.static_files import StaticFile
from ratings.errors import InvalidInput
from ratings.rights import Right, Viewer, may
from ratings.store.sessions import SEEN_EVERY, SawSession, find_session
from ratings.store.store import Store
from ratings.store.users import hash_secret
from ratings.store.writer import StoreBusy, StoreClosed
from ratings.times import Instant

WAIT_SECONDS = 20.0
"""How long a person is kept waiting for the store."""

MAX_FORM = 1_048_576
"""Bytes of a form: a survey with all its texts has tens of thousands."""

MAX_ID = 2**63 - 1
"""No row has a larger one, and no database takes a larger number."""

_SECRET = frozenset({"password", "old", "new"})
"""Fields of passwords: what is typed there goes into no page."""

LANGUAGE_COOKIE = "tapfive_language"
PACKAGE = "bot.web.pages"

Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    path: str
    title: str
    right: Right | None


PLACES = (
    Place("/", mark("Dashboard"), Right.REPORTS),
    Place("/", mark("My ratings"), Right.OWN_RATINGS),
    Place("/ratings", mark("Ratings"), Right.RATINGS),
    Place("/agents", mark("Agents"), Right.REPORTS),
    Place("/surveys", mark("Surveys"), Right.SURVEYS),
    Place("/jobs", mark("Failed jobs"), Right.SETUP),
    Place("/settings", mark("Settings"), Right.SETUP),
)


class Shell:
    """Makes pages."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], Instant]) -> None:
        server = settings.server
        self.store = store
        self.clock = clock
        self.accounts = tuple(settings.channels)
        self.timezone = server.timezone
        self.zone = ZoneInfo(server.timezone)
        public = urlsplit(server.public_url)
        self.public_url = server.public_url
        self.base = public.path
        self.secure = public.scheme == "https"
        self.max_form = max(MAX_FORM, server.max_body)
        self._secrets = [secret.get_secret_value().encode() for secret in server.secret]
        self.cookie = self.cookie_named("tapfive")
        self._files = {name: StaticFile(PACKAGE, name) for name in ("pages.css", "pages.js")}
        self._environment = Environment(
            loader=PackageLoader(PACKAGE, "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._static = {name: file.address(self.base) for name, file in self._files.items()}
        self._environment.globals.update(languages=LANGUAGES, timezone=self.timezone, static=self._static)

    # --- routes ---

    def page(
        self,
        path: str,
        get: Handler | None = None,
        post: Handler | None = None,
        *,
        right: Right | None = None,
        post_right: Right | None = None,
        open_to_all: bool = False,
    ) -> Route:
        """Return the route of a page. `right` is what it wants, `post_right` what its forms want (else the same).

        `open_to_all`: nobody has to be signed in.
        """
        handlers = {name: handler for name, handler in (("GET", get), ("HEAD", get), ("POST", post)) if handler}
        return Route(path, _Endpoint(self, path, handlers, right, post_right or right, open_to_all=open_to_all))

    async def nowhere(self, request: Request) -> Response:
        """Answer a person who asks for a page that is not there."""

        async def say_so(visit: Visit) -> Response:
            return refuse(visit, 404, mark("There is no such page"))

        endpoint = _Endpoint(self, "nowhere", {"GET": say_so, "HEAD": say_so}, None, None, open_to_all=True)
        return await endpoint.answer(Visit(self, request, self.speech_of(request, None)))

    def add_file(self, file: StaticFile, name: str) -> BaseRoute:
        """Let templates name a further file by `static[name]`; return its route."""
        self._static[name] = file.address(self.base)
        return file.route()

    def static_routes(self) -> list[BaseRoute]:
        """Return the routes of the files that every page needs."""
        return [file.route() for file in self._files.values()]

    def say_with(self, **more: object) -> None:
        """Give further functions or values to all templates."""
        self._environment.globals.update(more)

    # --- forms ---

    def token(self, session: str) -> str:
        """Return what a session's forms carry: another site cannot know it."""
        return self.sign("form", session)

    def is_token(self, session: str, given: str) -> bool:
        """True for the token of this session, also by a secret that is being replaced. Constant time."""
        return self.is_signed("form", session, given)

    def sign(self, purpose: str, text: str) -> str:
        """Return what proves that we wrote a text, for one purpose and no other."""
        return _sign(self._secrets[0], purpose, text)

    def is_signed(self, purpose: str, text: str, given: str) -> bool:
        """True for what `sign` returned, also by a secret that is being replaced. Constant time."""
        wanted = [_sign(secret, purpose, text) for secret in self._secrets]
        return any([hmac.compare_digest(each, given) for each in wanted if given.isascii()])  # noqa: C419 - looks at all of them

    def cookie_named(self, name: str) -> str:
        """Return a cookie's name that, where it can, no other host and no plain HTTP may set (`__Host-`, RFC 6265bis §4.1.3)."""
        return f"__Host-{name}" if self.secure and not self.base else name

    # --- rendering ---

    def render(self, visit: Visit, template: str, context: Mapping[str, object]) -> str:
        """Return the HTML of a template."""
        viewer = visit.somebody
        return self._environment.get_template(template).render(
            visit=visit,
            viewer=viewer,
            speech=visit.speech,
            say=visit.say,
            plural=visit.plural,
            url=visit.url,
            may=visit.may if viewer is not None else lambda _right: False,
            Right=Right,
            places=[place for place in PLACES if viewer is not None and _sees(viewer, place)],
            here=_here(visit.request.url.path),
            csrf=self.token(visit.session) if visit.session else "",
            notice=unquote(visit.request.cookies.get(NOTICE_COOKIE, ""))[:500],
            languages_at=_languages_at(visit),
            **context,
        )

    def speech_of(self, request: Request, viewer: Viewer | None) -> Speech:
        """Return how to speak to whoever sent a request."""
        chosen = request.query_params.get("lang") or (viewer.language if viewer is not None else None)
        if chosen not in LANGUAGES:
            chosen = request.cookies.get(LANGUAGE_COOKIE)
        return Speech(pick(chosen, request.headers.get("accept-language", "")), self.zone)


def _sign(secret: bytes, purpose: str, text: str) -> str:
    return hmac.digest(secret, f"tapfive {purpose} {text}".encode(), sha256).hex()


def _sees(viewer: Viewer, place: Place) -> bool:
    return place.right is None or may(viewer, place.right)


def _here(path: str) -> str:
    """Return the path of the navigation's entry that a page belongs to."""
    if path.startswith("/tickets"):
        return "/ratings"
    places = [place.path for place in PLACES if place.path != "/" and path.startswith(place.path)]
    return places[0] if places else path


def _languages_at(visit: Visit) -> list[tuple[str, str, str, bool]]:
    """Return each language with its name, the address of this page in it, and whether it is the page's."""
    kept = [(name, value) for name, value in visit.query.multi_items() if name != "lang"]
    return [
        (tag, name, "?" + urlencode([*kept, ("lang", tag)]), tag == visit.speech.language)
        for tag, name in LANGUAGES.items()
    ]


class _Endpoint:
    """One address of a page."""

    def __init__(
        self,
        shell: Shell,
        path: str,
        handlers: Mapping[str, Handler],
        right: Right | None,
        post_right: Right | None,
        *,
        open_to_all: bool,
    ) -> None:
        self._shell = shell
        self._path = path
        self._handlers = handlers
        self._rights = {"GET": right, "HEAD": right, "POST": post_right}
        self._open = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        visit = Visit(self._shell, request, self._shell.speech_of(request, None))
        try:
            response = await self.answer(visit)
        except ClientGone:
            return
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def answer(self, visit: Visit) -> Response:
        """Answer, whatever happens: errors are logged without their text, which may hold a row."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await self._admit(visit)
        except (StoreBusy, StoreClosed, TimeoutError):
            response = refuse(visit, 503, mark("The service is busy"), mark("Nothing was lost. Try again in a moment."))
            response.headers["retry-after"] = "2"
            return response
        except InvalidInput as error:
            details = [f"{each.pointer.lstrip('/')}: {each.detail}" for each in error.errors]
            return refuse(visit, 422, mark("That was not understood"), details=details)
        except (NotAForm, BodyTooLarge):
            return refuse(visit, 400, mark("That was not understood"), mark("Go back, reload the page and try again."))
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the reader gets a page
            log_unexpected(error, self._path)
            return refuse(visit, 500, mark("Something went wrong"), mark("The service's log says where."))

    async def _admit(self, visit: Visit) -> Response:
        request = visit.request
        handler = self._handlers.get(request.method)
        if handler is None:
            headers = {**HEADERS, "allow": ", ".join(self._handlers)}
            return Response(problem_bytes(405, "this page does not take that method"), 405, headers, CONTENT_TYPE)
        await self._recognise(visit)
        if visit.somebody is None and not self._open:
            return await _kept(visit, self._shell.public_url) or _to_sign_in(visit)
        right = self._rights[request.method]
        if right is not None and not visit.may(right):
            return refuse(
                visit, 403, mark("This page is not for you"), mark("Ask whoever runs Tapfive for you, if it should be.")
            )
        if any(isinstance(each, int) and each > MAX_ID for each in request.path_params.values()):
            return refuse(visit, 404, mark("There is no such page"))
        if request.method == "POST" and not await self._is_ours(visit):
            return await _kept(visit, self._shell.public_url) or refuse(
                visit,
                403,
                mark("The form is too old"),
                mark(
                    "It was opened before you signed in, or another site sent it. Go back, reload the page, try again."
                ),
            )
        return await handler(visit)

    async def _recognise(self, visit: Visit) -> None:
        """Find out who is signed in."""
        secret = visit.request.cookies.get(self._shell.cookie)
        if not secret:
            return
        store = self._shell.store
        found = await store.read(find_session, hash_secret(secret), visit.now)
        if found is None:
            return
        visit.is_of(found.viewer)
        visit.session = found.hash
        visit.speech = self._shell.speech_of(visit.request, found.viewer)
        if visit.now - found.seen_at >= SEEN_EVERY:
            await store.writer.do(SawSession(found.hash))

    async def _is_ours(self, visit: Visit) -> bool:
        """True for a form that our own page sent: by what browsers say of its origin, and by the session's token.

        Source: OWASP's sheet on cross-site request forgery; `Sec-Fetch-Site` is of the Fetch Metadata specification (W3C).
        """
        if not from_here(visit.request, self._shell.public_url):
            return False
        return not visit.session or self._shell.is_token(visit.session, (await visit.form()).get("csrf", ""))


async def _kept(visit: Visit, public_url: str) -> Response | None:
    """Return a page that keeps what was typed into a form of ours whose session is over, or has become another one, to be sent again.

    None where the browser does not say that the form is ours, where the form held a password, and where no form was posted.
    """
    request = visit.request
    if request.method != "POST" or not _says_from_here(request, public_url) or _is_for_script(request):
        return None
    fields = [(name, value) for name, value in (await visit.form()).multi_items() if name != "csrf"]
    if not fields or any(value for name, value in fields if name in _SECRET):
        return None
    return visit.render(
        "kept.html", 401 if visit.somebody is None else 409, fields=fields, path=_here_with_query(request)
    )


def _says_from_here(request: Request, public_url: str) -> bool:
    """True where the browser says where a form stood, and it was one of our pages."""
    told = request.headers.get("sec-fetch-site", request.headers.get("origin"))
    return told not in {None, "none"} and from_here(request, public_url)


def _is_for_script(request: Request) -> bool:
    """True for what a script asks: it cannot show a page."""
    accepted = request.headers.get("accept", "text/html")
    wants_none = "text/html" not in accepted and "*/*" not in accepted
    return wants_none or request.headers.get("sec-fetch-mode", "navigate") != "navigate"


def from_here(request: Request, public_url: str) -> bool:
    """True unless the browser says that another site sent this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    ours = {request.headers.get("host", ""), urlsplit(public_url).netloc} - {""}
    return urlsplit(origin).netloc in ours


def _to_sign_in(visit: Visit) -> Response:
    """Lead to the sign-in, and back from there; a script is told so plainly."""
    request = visit.request
    if _is_for_script(request):
        return Response(status_code=401, headers=dict(HEADERS))
    if request.method == "POST":
        return visit.redirect("/login")
    here = _here_with_query(request)
    return visit.redirect("/login" if here == "/" else f"/login?{urlencode({'next': here})}")


def _here_with_query(request: Request) -> str:
    path = quote(request.scope["path"])  # a ticket's id may have any character
    return path + (f"?{request.url.query}" if request.url.query else "")


def refuse(visit: Visit, status: int, title: str, hint: str = "", details: list[str] | None = None) -> Response:
    """Return a page that says why there is no other; `title` and `hint` are texts to translate."""
    return visit.render("refused.html", status, title=title, hint=hint, details=details or [], status=status)
