"""Takes the pictures of docs/rating-page.md: `python -m tests.web.screenshots` writes them into docs/images."""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from ratings.store.migrate import migrate
from tests.api.service import make_parts
from tests.browser import chromium
from tests.conftest import Clock
from tests.web.browsing import context_of, served
from tests.web.site import Site

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PHONE = {"width": 390, "height": 320}


async def take(browser: Browser, home: str, site: Site) -> None:
    """Take each picture in a window of its own."""
    asked = f"{home}/r/{site.token}/4"

    async def picture(name: str, path: str, keys: str = "", **more: object) -> None:
        context = await context_of(browser, **{"device_scale_factor": 2, "viewport": PHONE, **more})
        page = await context.new_page()
        await page.clock.install()
        await page.goto(path)
        for key in keys.split():
            await page.keyboard.press(key)
        await page.screenshot(path=IMAGES / f"rating-page-{name}.png", full_page=True)
        await context.close()

    await picture("phone", asked)
    await picture("dark", asked, color_scheme="dark")
    await picture("ru", f"{asked}?lang=ru")
    await picture("focus", asked, "Tab ArrowLeft", viewport={"width": 760, "height": 320})
    await site.post(value=4)
    await picture("thanks", f"{home}/r/{site.token}")


async def main() -> None:
    """Start a service with one customer, and take the pictures."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/tapfive.db"
        migrate(url)
        async with served(make_parts(url, clock), clock) as (site, home), chromium() as browser:
            site.ask()
            await take(browser, home, site)


if __name__ == "__main__":
    asyncio.run(main())
