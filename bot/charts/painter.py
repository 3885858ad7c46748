"""The process that draws: started when there is something to draw, kept while more comes, ended when none has come for a while.

Starting it costs ten times what a picture does, and it holds 200 MB: so it is kept for a page of pictures, and not for a night.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

_PROGRAM = Path(__file__).with_name("render_process.py")


class CannotDraw(Exception):
    """No picture came: drawing took too long, or failed. The text says why, in one line of the drawing process."""


class Painter:
    """One drawing process, which draws one picture after another. `seconds`: of one picture; `linger`: how long it waits for a next one."""

    def __init__(self, seconds: float, linger: float) -> None:
        self._seconds = seconds
        self._linger = linger
        self._turn = asyncio.Lock()
        self.process: Process | None = None
        """None while there is nothing to draw."""
        self._rest: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[int]] = set()

    async def draw(self, request: bytes) -> bytes:
        """Send a request (one line) and return what comes back. Raises CannotDraw."""
        async with self._turn:
            self._keep()
            if self.process is not None and self.process.returncode is not None:
                self.process = None  # somebody ended it between two pictures
            process = self.process or await self._start()
            try:
                async with asyncio.timeout(self._seconds):
                    word, made = await _ask(process, request)
            except TimeoutError:
                await self._kill(process)
                raise CannotDraw(f"it took more than {self._seconds:g} s") from None
            except (OSError, EOFError, ValueError):
                raise CannotDraw(await self._last_words(process)) from None
            except asyncio.CancelledError:
                await self._kill(process)  # whatever it answers is nobody's
                raise
            self._rest = asyncio.get_running_loop().call_later(self._linger, self._let_go)
            if word != b"drawn":
                raise CannotDraw(made.decode(errors="replace")[:300])
            return made

    async def close(self) -> None:
        """End the process, and wait until it has ended."""
        async with self._turn:
            self._keep()
            self._let_go()
        await asyncio.gather(*self._leaving)

    async def _start(self) -> Process:
        # -I: neither the working folder nor the environment decides what is imported.
        try:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_PROGRAM), stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
        except OSError as error:  # no memory or no process left for it, for now
            raise CannotDraw(f"the drawing process cannot be started: {error.strerror}") from None
        return self.process

    def _keep(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _let_go(self) -> None:
        """Let the process end by itself: it does when there is nothing more to read."""
        process, self.process, self._rest = self.process, None, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        ending = asyncio.create_task(process.wait())
        self._leaving.add(ending)
        ending.add_done_callback(self._leaving.discard)

    async def _kill(self, process: Process) -> None:
        self._let_go()
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def _last_words(self, process: Process) -> str:
        """Return the last line of a process that ended by itself."""
        await self._kill(process)
        said = b"" if process.stderr is None else await process.stderr.read()
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else f"it ended with {process.returncode}"


async def _ask(process: Process, request: bytes) -> tuple[bytes, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request + b"\n")
    await process.stdin.drain()
    word, many = (await process.stdout.readline()).split()
    return word, await process.stdout.readexactly(int(many))
