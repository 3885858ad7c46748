"""Where tests of pages find a browser."""

import os
import shutil

import pytest


def chromium_path() -> str:
    """The path of a Chromium. Skips the test where there is none; in CI that is a failure."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    reason = "no Chromium on the PATH: install Debian's `chromium` to run the tests of the pages"
    if os.environ.get("CI"):  # noqa: TID251 - CI tells that it is CI by the environment alone
        pytest.fail(reason)
    pytest.skip(reason)
