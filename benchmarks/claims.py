"""The queue alone: jobs claimed and finished through the store, with nobody to send to."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from rich.progress import Progress

from benchmarks.databases import Databases
from benchmarks.plan import CONNECTIONS, Plan
from benchmarks.report import Row
from benchmarks.rounds import interleave
from benchmarks.seed import now, seed
from benchmarks.service import ACCOUNT
from ratings.store.claims import Claim
from ratings.store.results import Done, Finish
from ratings.store.store import Store
from ratings.times import MINUTE


def run(databases: Databases, _folder: Path, plan: Plan, progress: Progress) -> Iterator[Row]:
    """Measure on one engine, in this process: claim as many as the outbox does, then finish them together."""
    template = databases.create("claims_template")
    seed(template, plan.jobs, asked=False)
    databases.settle(template)

    def claimed() -> float:
        return asyncio.run(_work(databases.copy(template, "claims"), plan.jobs))

    found = interleave({"Tapfive": claimed}, plan.rounds, progress, f"jobs, {databases.engine}")
    yield Row(f"jobs claimed and finished, {CONNECTIONS} at a time", databases.engine, "jobs/s", found["Tapfive"])


async def _work(url: str, expected: int) -> float:
    store = Store(url, now).start()
    claim = Claim(
        account=ACCOUNT,
        most=CONNECTIONS,
        per_second=1e6,
        per_recipient=1e3,
        lease=MINUTE,
        idempotent=False,
        acknowledge_within=None,
    )
    done = 0
    started = time.perf_counter()
    while done < expected:
        claims = await store.writer.do(claim)
        ends = [Finish(job.job_id, job.attempt_id, Done("17"), now(), idempotent=False) for job in claims.jobs]
        await asyncio.gather(*map(store.writer.do, ends))
        if not ends and claims.again_at is None:
            raise RuntimeError(f"only {done} of {expected} jobs were to be had")
        done += len(ends)
    seconds = time.perf_counter() - started
    await asyncio.to_thread(store.stop)
    return expected / seconds
