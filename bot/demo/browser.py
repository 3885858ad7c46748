"""A browser without JavaScript, as far as the rating page needs one: opens a page, sends its form, follows the redirect."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

from net.errors import Rejected
from net.http import HttpAnswer, HttpClient, raise_for_status

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
"""Who a person's browser says that it is."""

SEE_OTHER = 303


@dataclass(slots=True)
class Form:
    """A form as the page brings it: what it would send, were its button pressed at once."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Browser:
    """One window. Raises DeliveryError for what is no page, or has no such form."""

    def __init__(self) -> None:
        self._client = HttpClient(connections=1)
        self._url = ""
        self._forms: dict[str, Form] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def open(self, url: str) -> None:
        """Show a page."""
        self._show(url, await self._request("GET", url))

    async def submit(self, form_id: str) -> None:
        """Press the form's button, as its fields stand."""
        form = self._forms.get(form_id)
        if form is None:
            raise Rejected("the page does not have the form that was expected")
        url = urljoin(self._url, form.action)
        answer = await self._request("POST", url, form.fields)
        if answer.status == SEE_OTHER:
            await self.open(urljoin(url, answer.headers["Location"]))
        else:
            self._show(url, answer)

    async def _request(self, method: str, url: str, fields: dict[str, str] | None = None) -> HttpAnswer:
        return await self._client.request(method, url, data=fields, headers={"User-Agent": AGENT})

    def _show(self, url: str, answer: HttpAnswer) -> None:
        raise_for_status(answer)
        self._url, self._forms = url, forms_of(answer.body.decode())


def forms_of(page: str) -> dict[str, Form]:
    """Return the forms that have an id. Pure."""
    reader = _Forms()
    reader.feed(page)
    reader.close()
    return reader.found


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, Form] = {}
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""))
            if "id" in given:
                self.found[given["id"]] = self._form
        elif tag == "textarea" and self._form is not None:
            self._form.fields[given["name"]] = ""
        elif tag == "input" and self._form is not None and (given.get("type") != "radio" or "checked" in given):
            self._form.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
