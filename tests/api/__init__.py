"""Tests of bot/web/api, through the whole application."""
