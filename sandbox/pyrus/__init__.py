"""A stand-in of Pyrus: accounts, forms, tasks and their register over API v4, bots with webhooks, and the people's side."""

from .delivery import Attempt
from .server import PyrusSandbox, Request
from .state import Bot, Field, Form, Person, Task

__all__ = ["Attempt", "Bot", "Field", "Form", "Person", "PyrusSandbox", "Request", "Task"]
