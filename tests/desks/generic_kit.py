"""Generic desks for tests, and what they are posted."""

import base64
import json
from typing import Any

from pydantic import SecretStr

from desks.base import Told
from desks.generic.adapter import Generic
from desks.generic.config import GenericConfig
from net.hooks import HookRequest
from tests.desks.kinds import NOW

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
TOKEN = "a-token-of-the-desk-0001"


def desk(**keys: Any) -> Generic:
    """A desk; one with a token, where nothing else is said."""
    for name in ("secret", "token", "callback_secret"):
        if isinstance(keys.get(name), str):
            keys[name] = SecretStr(keys[name])
    if not {"secret", "verify", "token"} & set(keys):
        keys["token"] = SecretStr(TOKEN)
    return Generic("generic.main", GenericConfig.model_validate(keys), now=lambda: NOW)


def post(content: Any, **headers: str) -> HookRequest:
    """A request with JSON, or with bytes as they are; header names with _ for -."""
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    return HookRequest("POST", {name.replace("_", "-"): value for name, value in headers.items()}, body)


def read(of: Generic, content: Any, **headers: str) -> Told:
    """The one thing that a request tells."""
    (told,) = of.parse(post(content, **headers), NOW)
    return told
