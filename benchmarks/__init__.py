"""Figures as ratios: each path beside its floor and the usual stack, in one run on one machine. See docs/benchmarks.md."""
