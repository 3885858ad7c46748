"""How much is measured. Quick is for trying a change; only the full sizes are worth quoting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds of each side, and what one round holds."""

    rounds: int
    taps: int
    usual_taps: int
    latency_seconds: float
    closing_batches: int
    prompts: int
    usual_prompts: int
    posts: int
    starts: int
    jobs: int
    exported: int
    ratings: int
    pages: int  # 0: the databases of the reports are filled, and nothing is read


FULL = Plan(
    rounds=5,
    taps=10_000,
    usual_taps=1_000,
    latency_seconds=4.0,
    closing_batches=6,
    prompts=2_500,
    usual_prompts=800,
    posts=10_000,
    starts=5,
    jobs=5_000,
    exported=600_000,
    ratings=1_000_000,
    pages=20,
)
QUICK = Plan(
    rounds=2,
    taps=1_500,
    usual_taps=150,
    latency_seconds=1.0,
    closing_batches=2,
    prompts=400,
    usual_prompts=100,
    posts=1_500,
    starts=2,
    jobs=1_000,
    exported=30_000,
    ratings=20_000,
    pages=5,
)

CONNECTIONS = 64
"""Keep-alive connections of the load generator, and sends in flight: of every side."""

WARM_UP = 0.2
"""Share of a round that every side does first, uncounted: connections, statement caches, imports."""
