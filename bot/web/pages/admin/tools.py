"""What the admin's pages need beside the store, and the question before what cannot be taken back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from bot.account_checks import Finding
from bot.event_delivery import EventSender
from bot.settings import Settings
from bot.web.pages.visit import Visit
from net.guard import Guard


@dataclass(frozen=True, slots=True)
class AdminTools:
    """`check` lets an account or a desk look at itself, by its name."""

    settings: Settings
    sender: EventSender
    guard: Guard
    check: Callable[[str], Awaitable[Sequence[Finding]]]


def ask_first(
    visit: Visit,
    *,
    title: str,
    texts: Sequence[str],
    action: str,
    label: str,
    back: str,
    fields: Mapping[str, str] | None = None,
    danger: bool = True,
) -> Response:
    """Return the page that asks before something is done; everything in it is said already. Without scripts it is the only question."""
    return visit.render(
        "admin/confirm.html",
        title=title,
        texts=texts,
        action=action,
        label=label,
        back=back,
        fields=fields or {},
        danger=danger,
    )
