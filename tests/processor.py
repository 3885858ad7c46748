"""How much of the processor some work takes: for tests that hold a bound which only another order of growth would break."""

import gc
import time
from collections.abc import Callable


def processor_seconds(work: Callable[[], object], *, times: int = 3) -> float:
    """Return the seconds of processor time of this thread that some work takes: the least of several times.

    Threads of other tests' servers do not count, the collector of garbage rests, and who else is at work on the machine
    makes it longer by a little only.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return min(_once(work) for _ in range(times))
    finally:
        if collecting:
            gc.enable()


def _once(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
