"""Draws one picture and ends: a program of its own, for what draws takes 150 MB that a service should not keep.

Reads a request as JSON from its standard input, writes the picture to its standard output. Nothing is loaded from anywhere:
no address is allowed, and specifications carry their data.
"""

import json
import sys
from typing import Any

import vl_convert


def main() -> None:
    """Read, draw, write. What goes wrong ends the program with one line on its standard error."""
    try:
        made = _draw(json.load(sys.stdin))
    except ValueError as error:
        sys.exit(" ".join(str(error).split()))
    sys.stdout.buffer.write(made)


def _draw(request: dict[str, Any]) -> bytes:
    kind = request["kind"]
    if kind == "bundle":
        return vl_convert.javascript_bundle(request["snippet"]).encode()
    options = {
        "allowed_base_urls": [],
        "format_locale": request["format_locale"],
        "time_format_locale": request["time_format_locale"],
    }
    if kind == "png":
        return vl_convert.vegalite_to_png(request["spec"], scale=request["scale"], **options)
    return vl_convert.vegalite_to_svg(request["spec"], **options).encode()


if __name__ == "__main__":
    main()
