"""Browsers in which somebody signed in before: their wrong passwords are counted by themselves.

Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies". A stranger who guesses somebody's password makes all
strangers wait, and not the one who is guessed at.
"""

import secrets

from starlette.requests import Request
from starlette.responses import Response

from bot.web.pages.shell import Shell
from ratings.times import DAY, SECOND

_COOKIE = "tapfive_browser"
_LIFE = 365 * DAY // SECOND
_PURPOSE = "browser"


def known_browser(shell: Shell, request: Request, name: str) -> str:
    """Return what a browser is known by, if this person signed in with it before; else ""."""
    key, _, signature = request.cookies.get(shell.cookie_named(_COOKIE), "").partition(".")
    return key if key and shell.is_signed(_PURPOSE, f"{key} {name}", signature) else ""


def remember_browser(shell: Shell, response: Response, name: str) -> None:
    """Let a browser be known as one of this person's."""
    key = secrets.token_hex(16)
    response.set_cookie(
        shell.cookie_named(_COOKIE),
        f"{key}.{shell.sign(_PURPOSE, f'{key} {name}')}",
        max_age=_LIFE,
        path=f"{shell.base}/",
        secure=shell.secure,
        httponly=True,
        samesite="lax",
    )
