"""`python -m bot` is `tapfive`."""

from bot.cli import main

main()
