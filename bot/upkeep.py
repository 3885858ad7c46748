"""What runs beside the outbox.

Invitations lapse or are cancelled, votes settle, events get numbers, staff hears of bad ratings, days are counted, old data goes.
"""

import asyncio
from functools import partial

import structlog

from bot.restarts import keep_running
from ratings.links import Timings
from ratings.store.alerts import SayAlerts
from ratings.store.cleaning import Clean
from ratings.store.digests import SendDigests
from ratings.store.events import NumberEvents
from ratings.store.lapses import RunLapses
from ratings.store.link_votes import RunSettlements
from ratings.store.pauses import RunPauses
from ratings.store.retention import ApplyRetention
from ratings.store.roll_up_keeping import KeepRollUp
from ratings.store.writer import Operation, StoreClosed, Writer

NUMBER_EVERY = 0.2
LAPSE_EVERY = 5.0
PAUSE_EVERY = 5.0
SETTLE_EVERY = 1.0
ALERT_EVERY = 5.0
COUNT_EVERY = 5.0
DIGEST_EVERY = 30.0
CLEAN_EVERY = 3600.0
_log = structlog.get_logger("tapfive.upkeep")


async def keep_up(writer: Writer, timings: Timings, say_alerts: SayAlerts, timezone: str) -> None:
    """Run until cancelled. Several processes may: what each does is harmless to do twice.

    `timings` are those of votes by link, `timezone` names the zone whose days are counted.
    """
    everything: tuple[tuple[float, Operation[int]], ...] = (
        (NUMBER_EVERY, NumberEvents()),
        (LAPSE_EVERY, RunLapses()),
        (PAUSE_EVERY, RunPauses()),
        (SETTLE_EVERY, RunSettlements(timings)),
        (ALERT_EVERY, say_alerts),
        (COUNT_EVERY, KeepRollUp(timezone)),
        (DIGEST_EVERY, SendDigests(timezone, say_alerts.accounts)),
        (CLEAN_EVERY, Clean()),
        (CLEAN_EVERY, ApplyRetention()),
    )
    async with asyncio.TaskGroup() as group:
        for seconds, operation in everything:
            name = f"upkeep {type(operation).__name__}"
            group.create_task(keep_running(name, partial(_every, seconds, writer, operation)))


async def _every(seconds: float, writer: Writer, operation: Operation[int]) -> None:
    while True:
        try:
            done = await writer.do(operation)
        except StoreClosed:
            return
        except Exception as error:  # noqa: BLE001 - the store may be full or away for a while; upkeep must outlive it
            _log.warning("upkeep was put off", what=type(operation).__name__, error=type(error).__name__)
            done = 0
        if not done:
            await asyncio.sleep(seconds)
