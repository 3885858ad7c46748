"""Mail that no person wrote: never an answer, and never to be answered (RFC 3834). Pure."""

from channels.email.headers import Headers

_ROBOTS = ("mailer-daemon", "postmaster")
_BULK = {"bulk", "junk", "list", "auto_reply"}


def is_automatic(headers: Headers, content_type: str, envelope_sender: str | None) -> bool:
    """True for absence notices, bounces, lists and reports. `envelope_sender` is None where it is not known."""
    return_path = headers.first("return-path").strip()
    said = headers.word("auto-submitted")
    local = headers.sender.partition("@")[0].lower()
    return (
        envelope_sender == ""
        or return_path == "<>"
        or said not in {"", "no"}
        or headers.word("precedence") in _BULK
        or headers.word("x-autoreply") not in {"", "no"}
        or headers.word("x-autorespond") not in {"", "no"}
        or bool(headers.first("list-id").strip())
        or content_type == "multipart/report"
        or local.startswith(_ROBOTS)
    )
