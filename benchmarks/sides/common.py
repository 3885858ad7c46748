"""What every side does: read its arguments, say a JSON line, serve an ASGI application as the service does."""

import asyncio
import json
import signal
import socket
import sys
from typing import Any

import uvicorn


def arguments() -> dict[str, Any]:
    """Return what the run passed."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def say(said: object) -> None:
    """Print a line to the run."""
    print(json.dumps(said), flush=True)


async def told() -> Any:
    """Return the next line that the run says."""
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return json.loads(line)


def listening() -> socket.socket:
    """Return a listening socket on a free port."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", 0))
    found.listen(1024)
    return found


async def stop_asked() -> None:
    """Return when the run wants the process to end."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()


async def serve_asgi(application: Any) -> None:
    """Serve with the settings of bot/assembly.py, and say the port."""
    server = uvicorn.Server(
        uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, server_header=False)
    )
    listener = listening()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    say({"port": listener.getsockname()[1]})
    await serving
