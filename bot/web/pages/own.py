"""What agents see at `/`: what was said of them, once it was let out."""

from starlette.responses import Response

from bot.web.pages.visit import Visit
from ratings.reports.own import Bar, own_ratings


async def show_own(visit: Visit) -> Response:
    """Show somebody what was said of them."""
    own = await visit.shell.store.read(own_ratings, visit.viewer, visit.now)
    return visit.render("own.html", own=own, tone=tone)


def tone(bar: Bar) -> int:
    """Return the colour of a choice: 1 (worst) to 5 (best)."""
    return 1 + round(4 * bar.place / max(bar.of - 1, 1))
