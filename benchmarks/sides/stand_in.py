"""The Telegram stand-in in a process of its own, counting prompts; told how many to expect, it says how long they took."""

import asyncio
import json
import time
from pathlib import Path

import uvloop
from aiohttp import web

from benchmarks.service import TOKEN
from benchmarks.sides.common import arguments, say, told
from sandbox.telegram import TelegramSandbox


class Counting(TelegramSandbox):
    """Counts messages as they are accepted."""

    expected = 0
    first = last = 0.0
    count = 0
    complete: asyncio.Event

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        started = time.perf_counter()
        answer = await super().handle(request)
        if request.raw_path.endswith("/sendMessage"):
            if answer.status != 200:
                raise RuntimeError(f"a prompt was refused with {answer.status}")
            self.count += 1
            self.last = time.perf_counter()
            if self.count == 1:
                self.first = started
            if self.count >= self.expected:
                self.complete.set()
        return answer


async def main(addresses: list[str]) -> None:
    sandbox = Counting(limits=None, keep_log=0)
    sandbox.complete = asyncio.Event()
    sandbox.add_bot(TOKEN)
    for address in addresses:
        sandbox.add_customer(int(address), "Анна")
    await sandbox.start()
    say({"url": sandbox.url})
    while True:
        sandbox.expected, sandbox.count = await told(), 0
        sandbox.complete.clear()
        say("ready")
        await sandbox.complete.wait()
        say({"messages": sandbox.count, "seconds": sandbox.last - sandbox.first})


if __name__ == "__main__":
    uvloop.run(main(json.loads(Path(arguments()["addresses"]).read_text())))
