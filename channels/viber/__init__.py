"""Viber, by its REST Bot API over net/http.py."""
