"""One request to a page: who asks, what they sent, and how they are answered."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from starlette.datastructures import ImmutableMultiDict, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from bot.web.asgi import read_body
from bot.web.pages.speech import Speech
from ratings.rights import EVERYTHING, Right, Sight, Viewer, may
from ratings.times import Instant

if TYPE_CHECKING:
    from bot.web.pages.shell import Shell

HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
}
"""Of every page: no cache keeps people's words, no other site frames us, and nothing but our own files runs."""

NOTICE_COOKIE = "tapfive_notice"
NOTICE_SECONDS = 60
MAX_FIELDS = 2_000

Form = ImmutableMultiDict[str, str]


class NotAForm(Exception):
    """The body is no urlencoded form of ours."""


class Visit:
    """A request as a page's handler meets it. `viewer` is set wherever the page wants somebody signed in."""

    def __init__(self, shell: "Shell", request: Request, speech: Speech, session: str = "") -> None:
        self.shell = shell
        self.request = request
        self.speech = speech
        self.session = session
        """The hash of the session's secret."""
        self._viewer: Viewer | None = None
        self._form: Form | None = None

    @property
    def viewer(self) -> Viewer:
        """Who is signed in."""
        assert self._viewer is not None, "this page is for everybody"
        return self._viewer

    @property
    def somebody(self) -> Viewer | None:
        """Who is signed in, on pages that are for everybody."""
        return self._viewer

    def is_of(self, viewer: Viewer) -> None:
        """Say who is signed in."""
        self._viewer = viewer

    @property
    def by(self) -> str:
        """How the audit log calls them."""
        return f"user:{self.viewer.name}"

    @property
    def sight(self) -> Sight:
        """What of the tickets they may see."""
        return self.viewer.sight if self._viewer is not None else EVERYTHING

    @property
    def now(self) -> Instant:
        """The instant of the request."""
        return self.shell.clock()

    @property
    def query(self) -> QueryParams:
        """The parameters in the URL."""
        return self.request.query_params

    def may(self, right: Right) -> bool:
        """True when they have a right."""
        return may(self.viewer, right)

    # --- what they sent ---

    async def form(self) -> Form:
        """Return the fields of the form that was posted. Raises NotAForm, BodyTooLarge."""
        if self._form is None:
            kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/x-www-form-urlencoded":
                raise NotAForm
            body = await read_body(self.request.receive, self.shell.max_form)
            try:
                pairs = parse_qsl(
                    body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
                )
            except ValueError:  # bytes that are no text, or too many fields
                raise NotAForm from None
            if any("\0" in name or "\0" in value for name, value in pairs):
                raise NotAForm
            # Forms send every end of line as CR LF.
            self._form = ImmutableMultiDict([(name, value.replace("\r\n", "\n")) for name, value in pairs])
        return self._form

    # --- how they are answered ---

    def say(self, text: str, **values: object) -> str:
        """Return a text in the reader's language."""
        return self.speech.say(text, **values)

    def plural(self, one: str, many: str, number: int, **values: object) -> str:
        """Return the form of a text that fits a number."""
        return self.speech.plural(one, many, number, **values)

    def url(self, path: str) -> str:
        """Return the address of one of our pages, below the path of the public address."""
        return self.shell.base + path

    def render(self, template: str, http_status: int = 200, **context: object) -> Response:
        """Return a page made by a template."""
        return self._answer(self.shell.render(self, template, context), http_status)

    def fragment(self, template: str, **context: object) -> Response:
        """Return a part of a page for its script: no notice is taken."""
        html = self.shell.render(self, template, context)
        return Response(html, 200, {**HEADERS, "content-language": self.speech.language}, "text/html; charset=utf-8")

    def redirect(self, path: str, notice: str = "") -> Response:
        """Lead to a page by GET, so that reloading it sends nothing again. `notice` is said there, once."""
        response = Response(status_code=303, headers={**HEADERS, "location": self.url(path)})
        if notice:
            response.set_cookie(
                NOTICE_COOKIE,
                quote(notice, safe=""),
                max_age=NOTICE_SECONDS,
                path=self.url("/"),
                secure=self.shell.secure,
                httponly=True,
                samesite="lax",
            )
        return response

    def _answer(self, html: str, status: int) -> Response:
        headers = {**HEADERS, "content-language": self.speech.language}
        response = Response(html, status, headers, "text/html; charset=utf-8")
        if NOTICE_COOKIE in self.request.cookies:
            response.delete_cookie(NOTICE_COOKIE, path=self.url("/"), httponly=True, samesite="lax")
        return response
