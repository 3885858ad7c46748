"""Pictures come from a process of their own, in time or not at all; the service never holds what draws them."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from bot.charts.chart import steps
from bot.charts.distribution import distribution
from bot.charts.rendering import CannotDraw, Drawing, picture_request
from bot.charts.theme import LIGHT
from ratings.scale import DEFAULT_SCALE
from tests.charts.kit import charts, counts, look
from tests.charts.test_specs import PERIOD, VALUES


async def test_a_png_and_an_svg_come_with_russian_words() -> None:
    drawing = Drawing()
    chart = distribution(counts(1, 2, 3, 4, 5), steps(DEFAULT_SCALE, {}, "ru"), PERIOD, look("ru", symbols=False))
    png = await drawing.picture(chart, LIGHT, "ru", "png")
    svg = (await drawing.picture(chart, LIGHT, "ru", "svg")).decode()
    assert png.startswith(b"\x89PNG")
    assert "1 Очень плохо" in svg


async def test_what_cannot_be_drawn_or_takes_too_long_is_said() -> None:
    chart = charts(3, look())[0]
    with pytest.raises(CannotDraw, match=r"0\.01 s"):
        await Drawing(seconds=0.01).picture(chart, LIGHT, "en", "png")
    assert chart.spec is not None
    chart.spec["layer"] = "nonsense"
    with pytest.raises(CannotDraw):
        await Drawing().picture(chart, LIGHT, "en", "svg")


async def test_nothing_is_fetched_and_no_file_is_read(tmp_path: Path) -> None:
    chart = distribution(counts(1, 2, 3, 4, 5), VALUES, PERIOD, look())
    request = picture_request(chart, LIGHT, "en", "svg")
    (tmp_path / "data.csv").write_text("value,many\nSECRET,5\n")
    request["spec"]["data"] = {"url": f"file://{tmp_path}/data.csv"}
    assert b"SECRET" not in await Drawing()._run(request)
    request["spec"]["data"] = {"url": "http://127.0.0.1:9/data.csv"}
    with pytest.raises(CannotDraw, match="not allowed"):
        await Drawing()._run(request)


async def test_browsers_get_one_script_made_once() -> None:
    drawing = Drawing()
    script = await drawing.bundle()
    assert b"vegaEmbed" in gzip.decompress(script)
    assert len(script) < 400_000
    assert await drawing.bundle() is script
    assert len(drawing.bundle_digest) == 16


def test_the_service_does_not_load_what_draws() -> None:
    code = "import bot.assembly, bot.charts.rendering, sys; assert not [n for n in sys.modules if 'vl_convert' in n]"
    subprocess.run([sys.executable, "-c", code], check=True)
