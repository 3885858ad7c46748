"""Responses of the rating page: every one with the headers that keep tokens and pages where they belong."""

from collections.abc import Mapping

from starlette.responses import Response

from bot.web.problems import CONTENT_TYPE, problem_bytes

HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    # The token stands in the address: no other site may read it there, and no search engine may keep it.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}


def page(html: str, language: str, status: int = 200, more: Mapping[str, str] | None = None) -> Response:
    """Return a page."""
    headers = {**HEADERS, "content-language": language, **(more or {})}
    return Response(html, status, headers, "text/html; charset=utf-8")


def problem(status: int, detail: str, more: Mapping[str, str] | None = None) -> Response:
    """Return an error to a program: the page's script, or one that uses a method that pages do not take."""
    return Response(problem_bytes(status, detail), status, {**HEADERS, **(more or {})}, CONTENT_TYPE)


def without_body(response: Response) -> Response:
    """Return the answer to a HEAD: the headers of the GET, its length among them, and nothing else."""
    response.body = b""
    return response
