"""The browser of tests of pages: one Chromium and one driver in a test process, a window of its own for each test.

The fixtures are in `tests/conftest.py`: a test that wants `browser` runs, with its fixtures, in the browser's loop.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect


def chromium_path() -> str:
    """The path of a Chromium. Skips the test where there is none; in CI that is a failure."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    reason = "no Chromium on the PATH: install Debian's `chromium` to run the tests of the pages"
    if os.environ.get("CI"):  # noqa: TID251 - CI tells that it is CI by the environment alone
        pytest.fail(reason)
    pytest.skip(reason)


expect.set_options(timeout=60_000)  # milliseconds: what comes late on a busy machine is not missing


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@asynccontextmanager
async def faultless_page(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A tab that has opened this address, in a window of its own; at the end, nothing may have gone wrong in it."""
    problems: list[str] = []
    async with await browser.new_context(locale="en-US") as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        await page.goto(url)
        yield page
    assert problems == []
