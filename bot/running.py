"""What every way of running the service needs before the loop turns: a socket of its own, and the loop."""

import asyncio
import errno
import gc
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

BACKLOG = 2048
"""Connections that may wait while the service starts or is busy."""


GARBAGE_THRESHOLDS = (50_000, 20, 50)
"""Allocations before a collection of the young, and collections of one generation before one of the next."""


class CannotListen(Exception):
    """The address and port cannot be used. The text says why."""


def listen(host: str, port: int) -> socket.socket:
    """Take a port and listen; port 0 takes a free one. Raises CannotListen.

    Connections wait from now on, and are answered once the service runs: it is never half there.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        raise CannotListen(f"[server] host: there is no address {host!r} to listen on") from None
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_why(error, host, port)) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Return http://HOST:PORT of a socket that listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on uvloop, or on asyncio's own loop where there is none (PyPy, Windows)."""
    factory: Callable[[], asyncio.AbstractEventLoop]
    try:
        from uvloop import new_event_loop as factory  # noqa: PLC0415 - it does not build everywhere
    except ImportError:
        factory = asyncio.new_event_loop
    # What was imported lives as long as the process: the collector need not look at it again. A batch of a thousand rows
    # makes tens of thousands of short-lived objects; at the default of 700 it would be searched for cycles all the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program; end it, or choose another [server] port"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user; choose a [server] port from 1024 on"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
