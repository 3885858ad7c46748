"""Pyrus: forms whose tasks are tickets, over API v4 and the webhooks of a bot."""
