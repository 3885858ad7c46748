"""Scanners that "protect" a mailbox: they open the links of each mail as it arrives, as gateways and crawlers do.

Who does what: field reports on Defender Safe Links, Proofpoint, Mimecast, Barracuda (every link, within seconds, some
in a real browser that runs scripts), on browsers that prefetch, and on crawlers that click what they can see.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import aiohttp

from .state import Mail

if TYPE_CHECKING:
    from .server import MailSandbox

Behaviour = Literal["all_links_in_order", "head_storm", "prefetch", "trap", "browser", "clicking_browser"]
"""`all_links_in_order`: GET of every link, hidden ones too. `head_storm`: three HEADs of every link, all at once.
`prefetch`: GET of every link with `Sec-Purpose: prefetch`. `trap`: a sampler: the hidden links, and the first
visible one. `browser`: a browser opens every link and runs its scripts. `clicking_browser`: and clicks its button."""

PATIENCE = aiohttp.ClientTimeout(total=30)
PERSON = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-User": "?1",
}
_GATEWAY = {"User-Agent": PERSON["User-Agent"].replace("141.0.0.0", "79.0.3945.88"), "Accept": "*/*"}
_PREFETCH = {name: value for name, value in PERSON.items() if name != "Sec-Fetch-User"} | {
    "Sec-Purpose": "prefetch;prerender",
    "Purpose": "prefetch",
}
_BUTTONS = "button[type=submit], input[type=submit], button:not([type]), button[type=button], [role=button]"


@dataclass(frozen=True, slots=True)
class Opened:
    """One request that was made. `status` is None where nobody answered; `text` is the page, where it was read."""

    url: str
    method: str
    status: int | None
    at: float
    text: str = ""


class Scanner:
    """Watches one mailbox, from `start` until `stop`. `log` is everything that it opened, in order.

    `browser` is a running Chromium of Playwright's, needed by the two behaviours that use one; `linger(page)` is
    awaited on each page once its network is idle, so that a caller can decide how long the scanner looks at it.
    """

    def __init__(
        self,
        sandbox: "MailSandbox",
        address: str,
        behaviours: Iterable[Behaviour],
        *,
        browser: Any = None,
        linger: Callable[[Any], Awaitable[None]] | None = None,
    ) -> None:
        self.behaviours = tuple(behaviours)
        unknown = set(self.behaviours) - set(get_args(Behaviour))
        if unknown:
            raise ValueError("no such behaviour of scanners")
        if browser is None and {"browser", "clicking_browser"} & set(self.behaviours):
            raise ValueError("this behaviour needs a browser")
        self.log: list[Opened] = []
        self._mailbox = sandbox.world.mailbox(address)
        self._clock = sandbox.world.clock
        self._browser = browser
        self._linger = linger
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the links of every mail that comes from now on."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=PATIENCE)
            self._mailbox.listeners.append(self._arrived)

    async def stop(self) -> None:
        """Watch no more, and give up what is under way."""
        if self._session is not None:
            self._mailbox.listeners.remove(self._arrived)
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def idle(self) -> None:
        """Return when every mail that came so far is scanned. What went wrong in a browser is raised here."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def scan(self, mail: Mail) -> None:
        """Open the links of one mail, by each behaviour in turn."""
        links = [link for link in mail.content.links if link.url.startswith(("http://", "https://"))]
        urls = list(dict.fromkeys(link.url for link in links))
        hidden = list(dict.fromkeys(link.url for link in links if link.hidden))
        for behaviour in self.behaviours:
            match behaviour:
                case "all_links_in_order":
                    await self._one_by_one(urls, _GATEWAY)
                case "prefetch":
                    await self._one_by_one(urls, _PREFETCH)
                case "trap":
                    seen = [link.url for link in links if not link.hidden][:1]
                    await self._one_by_one([*hidden, *seen], _GATEWAY)
                case "head_storm":
                    await asyncio.gather(*(self._open("HEAD", url, _GATEWAY) for url in urls * 3))
                case "browser" | "clicking_browser":
                    for url in urls:
                        await self._browse(url, clicking=behaviour == "clicking_browser")

    def _arrived(self, mail: Mail) -> None:
        task = asyncio.create_task(self.scan(mail))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one_by_one(self, urls: Iterable[str], headers: Mapping[str, str]) -> None:
        for url in urls:
            await self._open("GET", url, headers)

    async def _open(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        assert self._session is not None, "the scanner is not started"
        self.log.append(await open_url(self._session, method, url, headers, self._clock))

    async def _browse(self, url: str, *, clicking: bool) -> None:
        context = await self._browser.new_context()
        try:
            page = await context.new_page()
            page.on("response", self._seen)
            await page.goto(url, wait_until="networkidle")
            if self._linger is not None:
                await self._linger(page)
            if clicking:
                await self._click(page)
            await page.wait_for_load_state("networkidle")
        finally:
            await context.close()

    async def _click(self, page: Any) -> None:
        """Click the visible buttons one after another, until one leads away. Types nothing."""
        start, buttons = page.url, page.locator(_BUTTONS)
        for at in range(await buttons.count()):
            button = buttons.nth(at)
            if await button.is_visible() and await button.is_enabled():
                await button.click()
                await page.wait_for_load_state("networkidle")
                if page.url != start or await buttons.count() <= at + 1:
                    return

    def _seen(self, response: Any) -> None:
        self.log.append(Opened(response.url, response.request.method, response.status, self._clock()))


async def open_url(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    clock: Callable[[], float] = time.time,
    *,
    data: Mapping[str, str] | None = None,
    follow: bool = True,
) -> Opened:
    """Make one request and read its answer to the end. A host that does not answer is a status of None."""
    at = clock()
    try:
        async with session.request(method, url, headers=headers, data=data, allow_redirects=follow) as response:
            return Opened(url, method, response.status, at, await response.text(errors="replace"))
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return Opened(url, method, None, at)
