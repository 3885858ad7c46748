"""Makes HTML of views. Everything that is put into a template is escaped."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.web.rate.requests import MAX_COMMENT, ONE_CLICK
from bot.web.rate.view import Say, Screen, Speech, View

_TEMPLATES = {
    Screen.ASK: "ask.html",
    Screen.THANKS: "thanks.html",
    Screen.STANDS: "closed.html",
    Screen.EXPIRED: "closed.html",
}


class Pages:
    """Renders pages. `base` is the path below which the service is reached ("" or "/tapfive"), `css` and `js` are addresses."""

    def __init__(self, base: str, css: str, js: str) -> None:
        self._base = base
        self._environment = Environment(
            loader=PackageLoader("bot.web.rate", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(css=css, js=js, max_comment=MAX_COMMENT, one_click=ONE_CLICK)

    def address(self, token: str) -> str:
        """Return the path of a token's page."""
        return f"{self._base}/r/{token}"

    def rate(self, view: View) -> str:
        """Return the page of a view."""
        return self._view(_TEMPLATES[view.screen], view)

    def stop(self, view: View) -> str:
        """Return the page of the one-click opt-out."""
        return self._view("stop.html", view)

    def notice(
        self, speech: Speech, say: Say, title: str, hint: str = "", again: Sequence[tuple[str, str]] = ()
    ) -> str:
        """Return a page with a title and a hint (keys of texts), and a button that posts `again` where there is something."""
        template = self._environment.get_template("notice.html")
        return template.render(speech=speech, say=say, title=title, hint=hint, again=again)

    def _view(self, name: str, view: View) -> str:
        template = self._environment.get_template(name)
        return template.render(view=view, speech=view.speech, say=view.say, action=self.address(view.token))
