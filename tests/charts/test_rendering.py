"""Pictures come from a process of their own, in time or not at all; the same is drawn once; the service never holds what draws."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.charts.chart import Chart, steps
from bot.charts.distribution import distribution
from bot.charts.painter import CannotDraw
from bot.charts.rendering import Drawing, Kept, digest, picture_request
from bot.charts.theme import DARK, LIGHT
from ratings.scale import DEFAULT_SCALE
from tests.bot.kit import until
from tests.charts.kit import charts, counts, look
from tests.charts.test_specs import PERIOD, VALUES


@asynccontextmanager
async def drawing_with(**settings: Any) -> AsyncIterator[Drawing]:
    drawing = Drawing(**settings)
    try:
        yield drawing
    finally:
        await drawing.close()


def chart_of(*by_value: int) -> Chart:
    return distribution(counts(*by_value), VALUES, PERIOD, look())


def svg_of(*by_value: int) -> dict[str, Any]:
    return picture_request(chart_of(*by_value), LIGHT, "en", "svg")


async def test_a_png_and_an_svg_come_with_russian_words() -> None:
    chart = distribution(counts(1, 2, 3, 4, 5), steps(DEFAULT_SCALE, {}, "ru"), PERIOD, look("ru", symbols=False))
    async with drawing_with() as drawing:
        png = await drawing.picture(picture_request(chart, LIGHT, "ru", "png"))
        svg = (await drawing.picture(picture_request(chart, LIGHT, "ru", "svg"))).decode()
    assert png.startswith(b"\x89PNG")
    assert "1 Очень плохо" in svg


async def test_what_cannot_be_drawn_or_takes_too_long_is_said_and_the_next_is_drawn() -> None:
    chart = charts(3, look())[0]
    async with drawing_with(seconds=0.01) as hasty:
        with pytest.raises(CannotDraw, match=r"0\.01 s"):
            await hasty.picture(picture_request(chart, LIGHT, "en", "png"))
        assert hasty.painter.process is None
    wrong = picture_request(chart, LIGHT, "en", "svg")
    wrong["spec"]["layer"] = "nonsense"
    async with drawing_with() as drawing:
        for _ in range(2):
            with pytest.raises(CannotDraw, match="layer"):
                await drawing.picture(wrong)
        assert (await drawing.picture(svg_of(1))).startswith(b"<svg")


async def test_nothing_is_fetched_and_no_file_is_read(tmp_path: Path) -> None:
    request = svg_of(1, 2, 3, 4, 5)
    (tmp_path / "data.csv").write_text("value,many\nSECRET,5\n")
    async with drawing_with() as drawing:
        request["spec"]["data"] = {"url": f"file://{tmp_path}/data.csv"}
        assert b"SECRET" not in await drawing.picture(request)
        request["spec"]["data"] = {"url": "http://127.0.0.1:9/data.csv"}
        with pytest.raises(CannotDraw, match="not allowed"):
            await drawing.picture(request)


async def test_the_same_is_drawn_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    async with drawing_with() as drawing:
        drawn: list[bytes] = []
        real = drawing.painter.draw

        async def counting(request: bytes) -> bytes:
            drawn.append(request)
            return await real(request)

        monkeypatch.setattr(drawing.painter, "draw", counting)
        gone = asyncio.create_task(drawing.picture(svg_of(1)))
        others = [asyncio.create_task(drawing.picture(svg_of(1))) for _ in range(9)]
        await asyncio.sleep(0)
        gone.cancel()  # whoever goes away takes it from nobody
        first, *rest = await asyncio.gather(*others)
        assert all(each is first for each in rest)
        assert await drawing.picture(svg_of(1)) is first
        assert len(drawn) == 1
        for other in (
            svg_of(2),
            picture_request(chart_of(1), DARK, "en", "svg"),
            picture_request(chart_of(1), LIGHT, "ru", "svg"),
            picture_request(chart_of(1), LIGHT, "en", "png"),
            picture_request(chart_of(1), LIGHT, "en", "svg", "phone"),
        ):
            assert digest(other) != digest(svg_of(1))
            await drawing.picture(other)
        assert len(drawn) == 6


def test_pictures_that_nobody_asked_for_longest_make_room() -> None:
    kept = Kept(10)
    kept.put("a", b"aaaa")
    kept.put("b", b"bbbb")
    assert kept.get("a") == b"aaaa"
    kept.put("c", b"cccc")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (b"aaaa", None, b"cccc")
    kept.put("c", b"c")
    assert kept.size == 5
    kept.put("d", b"d" * 11)
    assert kept.get("d") is None
    assert kept.size <= 10


async def test_the_process_is_kept_for_the_next_picture_and_ends_when_none_comes() -> None:
    async with drawing_with(linger=600) as drawing:
        await drawing.picture(svg_of(1))
        first = process_of(drawing)
        await drawing.picture(svg_of(2))
        assert process_of(drawing) == first
        os.kill(first, signal.SIGKILL)  # a machine that runs out of memory does
        await until(lambda: gone(drawing))
        assert (await drawing.picture(svg_of(3))).startswith(b"<svg")
        last = process_of(drawing)
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


async def test_the_process_ends_by_itself_when_nothing_more_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    real = asyncio.create_subprocess_exec

    async def noting(*program: str, **more: Any) -> asyncio.subprocess.Process:
        started.append(await real(*program, **more))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    async with drawing_with(linger=0) as drawing:
        await drawing.picture(svg_of(1))
        await started[0].wait()
        assert started[0].returncode == 0
        assert drawing.painter.process is None
        await drawing.picture(svg_of(2))
        assert len(started) == 2


def process_of(drawing: Drawing) -> int:
    process = drawing.painter.process
    assert process is not None
    return process.pid


async def gone(drawing: Drawing) -> bool:
    return drawing.painter.process is None or drawing.painter.process.returncode is not None


async def test_browsers_get_one_script_made_once() -> None:
    async with drawing_with() as drawing:
        script = await drawing.bundle()
        assert b"vegaEmbed" in gzip.decompress(script)
        assert len(script) < 400_000
        assert await drawing.bundle() is script
        assert len(drawing.bundle_digest) == 16


async def test_a_process_that_cannot_be_started_is_started_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drawing_with() as drawing:
        with monkeypatch.context() as nothing:
            nothing.setattr(sys, "executable", str(tmp_path / "nothing"))
            with pytest.raises(CannotDraw, match="cannot be started"):
                await drawing.picture(svg_of(1))
            with pytest.raises(CannotDraw):
                await drawing.bundle()
        assert (await drawing.picture(svg_of(1))).startswith(b"<svg")
        assert len(await drawing.bundle()) > 100_000


def test_the_service_does_not_load_what_draws() -> None:
    code = "import bot.assembly, bot.charts.rendering, sys; assert not [n for n in sys.modules if 'vl_convert' in n]"
    subprocess.run([sys.executable, "-c", code], check=True)
