"""The running service: settings, wiring, command line, use cases, workers and web."""

from importlib.metadata import version

__version__ = version("tapfive")
