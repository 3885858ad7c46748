"""vk_api, made harmless: one HTTP request a call, with timeouts, to the host that the settings name; nothing repeated.

By itself vk_api waits between the calls of an instance (and for hours once the clock was set back), repeats error 6 for
ever, sets no timeout, reads a file of the current folder, and has its host in the code. Importing this takes its time:
it is done with an account's first call, in its thread (client.py).
"""

import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any

import jconfig  # type: ignore[import-untyped]  # comes with vk_api, and has no types either
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, InvalidURL, ReadTimeout, TooManyRedirects
from urllib3.exceptions import MaxRetryError, NewConnectionError
from vk_api import ApiError, ApiHttpError, VkApiGroup  # type: ignore[import-untyped]  # vk_api has no types
from vk_api.keyboard import VkKeyboard, VkKeyboardColor  # type: ignore[import-untyped]  # as above

from channels.vk.config import API_VERSION, VkConfig
from channels.vk.failures import NOT_VK, Act, decide, decide_status, unsettled
from channels.vk.keyboard import Keyboard
from net.errors import DeliveryError, Misconfigured, Unreachable
from net.http import retry_after

_LIBRARY_HOST = "https://api.vk.ru"  # in vk_api's code: it cannot be given
_EMPTY_INLINE = '{"inline":true,"buttons":[]}'


class Caller:
    """One community's calls in one thread."""

    def __init__(self, config: VkConfig) -> None:
        self._http = requests.Session()
        self._http.trust_env = False  # no proxies and no .netrc from the environment
        self._http.max_redirects = 0
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.headers["User-Agent"] = f"tapfive/{version('tapfive')}"
        self._http.adapters.clear()
        self._http.mount(_LIBRARY_HOST, _Transport(config.api_url, config.timeout))
        self._vk = _Calm(config.token.get_secret_value(), self._http)

    def call(self, method: str, values: Mapping[str, str | int], act: Act, keyboard: Keyboard | None) -> Any:
        """The answer's content, or the DeliveryError; never raises.

        `keyboard` None says nothing of one; one without rows takes the old one away. An error of vk_api holds the request, and with it the token, a customer's address and words: it does not leave.
        """
        fields = dict(values)
        if keyboard is not None:
            fields["keyboard"] = _json(keyboard)
        try:
            return self._vk.method(method, fields)
        except Exception as error:  # noqa: BLE001 - vk_api lets more through than its own errors; nothing else may leave
            return _classify(error, act)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


class _Calm(VkApiGroup):  # type: ignore[misc]  # vk_api has no types
    """VkApiGroup without its sleep and without its handlers: an error is an error."""

    RPS_DELAY = float("-inf")  # 0 would still sleep when the clock was set back: it reckons by the time of day

    def __init__(self, token: str, http: requests.Session) -> None:
        super().__init__(token=token, session=http, api_version=API_VERSION, config=jconfig.MemoryConfig)
        self.error_handlers: dict[int, Any] = {}


class _Transport(HTTPAdapter):
    """Sends to the configured host, with a time limit."""

    def __init__(self, api_url: str, timeout: float) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._api_url = api_url
        self._timeout = timeout

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send, to another host than vk_api thinks."""
        assert request.url is not None
        request.url = self._api_url + request.url.removeprefix(_LIBRARY_HOST)
        return super().send(request, *args, **{**options, "timeout": (self._timeout, self._timeout)})


def _classify(error: Exception, act: Act) -> DeliveryError:
    """The failure that an exception of vk_api or requests means."""
    name = type(error).__name__
    if isinstance(error, ApiError):
        words = error.error.get("error_msg")
        if isinstance(error.code, int):
            return decide(error.code, words if isinstance(words, str) else "", act)
    if isinstance(error, ApiHttpError):
        wait = retry_after(error.response.headers.get("Retry-After"), now=time.time())
        return decide_status(error.response.status_code, wait, act)
    if isinstance(error, TooManyRedirects):
        return Misconfigured("VK's API sends us elsewhere: is api_url right?", platform_code=name)
    if isinstance(error, InvalidURL):
        return Misconfigured("api_url is no address", platform_code=name)
    if isinstance(error, ConnectTimeout | requests.exceptions.SSLError) or _never_connected(error):
        return Unreachable("no connection to VK's API", platform_code=name)  # nothing was written yet
    if isinstance(error, ReadTimeout):
        return unsettled("VK did not answer in time", act, name)
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return unsettled("the connection broke before the answer", act, name)
    # No JSON, or JSON of another shape: a proxy's page, half a body.
    return unsettled(NOT_VK, act, name)


def _never_connected(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _json(keyboard: Keyboard) -> str:
    if not keyboard.rows:
        taken = VkKeyboard.get_empty_keyboard() if keyboard.sort == "below" else _EMPTY_INLINE
        return str(taken)
    below = keyboard.sort == "below"
    made = VkKeyboard(one_time=below, inline=not below)
    add = made.add_callback_button if keyboard.sort == "callback" else made.add_button
    for number, row in enumerate(keyboard.rows):
        if number:
            made.add_line()
        for button in row:
            add(button.label, VkKeyboardColor.SECONDARY, button.payload)
    return str(made.get_keyboard())
