"""Which mails belong together: those that name one another, or the same elder, in References and In-Reply-To."""

from collections.abc import Iterable

from .state import Mail


def threads(mails: Iterable[Mail]) -> list[list[Mail]]:
    """Threads by their newest mail, newest first; within a thread oldest first."""
    root: dict[str, str] = {}

    def top(name: str) -> str:
        while (above := root.setdefault(name, name)) != name:
            name = above
        return name

    ordered = sorted(mails, key=lambda mail: (mail.received_at, mail.mail_id))
    for mail in ordered:
        own = top(_name(mail))
        for relative in mail.content.relatives:
            root[top(relative)] = own
    together: dict[str, list[Mail]] = {}
    for mail in ordered:
        together.setdefault(top(_name(mail)), []).append(mail)
    return sorted(together.values(), key=lambda thread: (thread[-1].received_at, thread[-1].mail_id), reverse=True)


def _name(mail: Mail) -> str:
    return mail.content.message_id or f"<{mail.mail_id}@unnamed>"
