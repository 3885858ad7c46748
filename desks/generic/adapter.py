"""Any desk that can post a webhook. Translates between the desk contract and signed JSON; retries nothing, stores nothing."""

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from desks.base import Capabilities, Desk, DeskConfig, Result, Source, Told, Verb, Written
from desks.generic.callback import message_id, refusals, result_body, ticket_callback, unwritable
from desks.generic.config import GenericConfig, is_callback
from desks.generic.events import read_events, read_sources
from desks.generic.mapping import compile_mapping
from net.errors import Misconfigured, Rejected, WebhookRejected
from net.findings import Finding, Phrase
from net.guard import Guard
from net.hooks import HookRequest
from net.http import HttpClient, raise_for_status
from net.secrets import Secret
from net.signatures import sign_standard, standard_key, verify_standard

NO_CALLBACK = "this desk has no callback_url, so nothing can be written back"
_GONE = 410
_REFUSES_US = frozenset({401, 403})
_AUTHORIZATION = "authorization"
_NOT_PROVEN = "not proven to come from the desk"


def _now() -> int:
    return time.time_ns() // 1_000_000


class Generic(Desk):
    """One desk: it posts closings to our hook, and gets results at its callback."""

    kind = "generic"
    title = "Any helpdesk (webhooks)"
    capabilities = Capabilities(verbs=dict.fromkeys(Verb, "emulated"), hooks=True, polls=False)
    Config = GenericConfig

    def __init__(self, name: str, config: DeskConfig, *, now: Callable[[], int] = _now) -> None:
        """`now` stamps what goes out; ms since the epoch."""
        super().__init__(name, config)
        if not isinstance(config, GenericConfig):
            raise TypeError("a generic desk has the settings of one")
        self._settings = config
        self._keys = _standard_keys(config.secret)
        self._tokens = [token.get_secret_value().encode() for token in config.token or ()]
        self._scheme = None if config.verify is None else config.verify.scheme()
        self._scheme_keys = [one.get_secret_value().encode() for one in config.verify.secret] if config.verify else []
        self._signing_keys = _standard_keys(config.callback_secret) or self._keys
        self._mapping = None if config.mapping is None else compile_mapping(config.mapping)
        self._http = HttpClient()
        self._guarded = HttpClient(guard=Guard())  # for addresses that tickets name
        self._now = now

    # --- what comes in

    def verify(self, request: HookRequest, now: int) -> None:
        """Whatever is set up must hold: the signature of the standard, the desk's own, the token."""
        if not (self._keys or self._scheme or self._tokens):
            raise WebhookRejected(_NOT_PROVEN)
        if self._keys:
            verify_standard(self._keys, request.headers, request.body, now)
        if self._scheme is not None:
            self._scheme.verify(self._scheme_keys, request.headers, request.body, now)
        if self._tokens:
            self._verify_token(request)

    def parse(self, request: HookRequest, now: int) -> Sequence[Told]:
        """Closings and reopenings, by the mapping where there is one."""
        return read_events(request, self.name, self._settings.format, self._mapping, now)

    def sources(self, request: HookRequest, now: int) -> Sequence[Source]:
        """Which path of the mapping gave which value."""
        return list(read_sources(request, self._settings.format, self._mapping, now))

    # --- what goes out

    @property
    def writes(self) -> bool:
        """True when there is a place for results."""
        return bool(self._settings.callback_url or self._settings.allow_ticket_callback)

    async def write(self, result: Result) -> Written:
        """Post the result to the callback. The webhook-id tells the desk a repetition, and a 2xx that it took it."""
        url, http = self._callback(result)
        if not url:
            return Written(unwritable(result, "no_callback", NO_CALLBACK))
        now = self._now()
        try:
            body = result_body(result, now)
        except ValueError:  # raised again outside: as its context, the library's error would carry the text
            body = b""
        if not body:
            raise Rejected("a text of the result is no Unicode")
        headers = sign_standard(self._signing_keys, message_id(self.name, result.key), body, now)
        headers["Content-Type"] = "application/json"
        try:
            answer = await http.request("POST", url, data=body, headers=headers, timeout=self._settings.timeout)
        except Misconfigured as error:
            if http is self._guarded:  # one ticket's trouble, not the desk's
                raise Rejected(error.text, platform_code=error.platform_code) from None
            raise
        if answer.status == _GONE:
            raise Rejected(f"{answer.host} answered 410: it wants no results any more", platform_code="410")
        if answer.status in _REFUSES_US:
            raise Misconfigured(f"{answer.host} refuses us: see callback_secret", platform_code=str(answer.status))
        raise_for_status(answer)
        return Written(refusals(answer.body, result))

    # --- the desk

    async def check(self, url: str | None) -> Sequence[Finding]:
        """What can be said without posting: where the hook is, and whether results have a way back."""
        return [self._hook(url), self._way_back()]

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()
        await self._guarded.close()

    def _hook(self, url: str | None) -> Finding:
        if url is None:
            text = Phrase("there is no public address to post to")
            return Finding("generic.hook", "error", text, Phrase("set [server] public_url"))
        return Finding("generic.hook", "ok", Phrase("the desk can post its closings"))

    def _way_back(self) -> Finding:
        found, url = "generic.callback", self._settings.callback_url
        if not url and not self._settings.allow_ticket_callback:
            hint = Phrase("set callback_url, or take results by the API")
            return Finding(found, "warning", Phrase("results are not written back"), hint)
        if urlsplit(url).scheme == "http":
            hint = Phrase("write callback_url with https")
            return Finding(found, "warning", Phrase("results travel unencrypted"), hint)
        return Finding(found, "ok", Phrase("results are posted to the desk"))

    def _callback(self, result: Result) -> tuple[str, HttpClient]:
        """Where the result goes ("": nowhere), and by what. A ticket's own place counts where that is allowed."""
        own, ours = ticket_callback(result.ticket), self._settings.callback_url
        if not own or not self._settings.allow_ticket_callback:
            return ours, self._http
        if not is_callback(own):
            raise Rejected("the ticket's callback_url is no URL")
        return own, self._http if ours and _origin(own) == _origin(ours) else self._guarded

    def _verify_token(self, request: HookRequest) -> None:
        told = request.headers.get(self._settings.token_header, "")
        if self._settings.token_header == _AUTHORIZATION:
            told = _credentials(told)
        sent = told.encode(errors="backslashreplace")
        proven = False
        for token in self._tokens:
            proven |= hmac.compare_digest(token, sent)
        if not proven:
            raise WebhookRejected(_NOT_PROVEN)


def _standard_keys(secrets: tuple[Secret, ...] | None) -> list[bytes]:
    return [standard_key(secret.get_secret_value()) for secret in secrets or ()]


def _credentials(told: str) -> str:
    """The token of a Bearer, or user:password of a Basic."""
    scheme, _, rest = told.partition(" ")
    if scheme.lower() == "bearer":
        return rest
    try:
        return base64.b64decode(rest, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        return ""


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
