"""Logs: one stream of JSON or readable lines for our own and every library's records, with secrets and people taken out.

The redaction is the last net, not the rule: nothing secret and nothing a customer wrote should be handed to a log.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

Format = Literal["auto", "json", "pretty"]
REDACTED = "[redacted]"

# Libraries that write URLs (tokens stand in Telegram's paths) or SQL parameters below WARNING.
_QUIET = ("aiogram", "aiohttp", "httpx", "httpcore", "mail.log", "sqlalchemy", "urllib3", "vk_api")
_ACCESS = "uvicorn.access"  # off: the paths of rating pages hold tokens

_HIDDEN_WORDS = frozenset(
    "token secret authorization password passwd cookie apikey address comment text phone email".split()  # noqa: SIM905 - a list of words reads best as words
)
_HIDDEN_KEYS = frozenset({"api_key", "chat_id", "user_id"})
_KEY_PARTS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\d{5,}(?::|%3[Aa])[A-Za-z0-9_-]{30,}"), REDACTED),  # a Telegram bot token
    (re.compile(r"\bvk1\.[A-Za-z0-9._-]{20,}"), REDACTED),  # a VK community's key
    (re.compile(r"\b[0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{16}\b"), REDACTED),  # a Viber bot's token
    (re.compile(r"\btf_[A-Za-z0-9_-]{8,}"), REDACTED),  # an API key of ours
    (re.compile(r"\b(bearer|basic)\s+[^\s,;\"']+", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"(://[^\s:/@]*):[^\s\"'<>]*@"), rf"\1:{REDACTED}@"),  # a URL's password, up to the last @
    (re.compile(r"/([ru])/[A-Za-z0-9_-]{12,}"), rf"/\1/{REDACTED}"),  # a rating or opt-out link
    (re.compile(r"\[parameters: .*"), f"[parameters: {REDACTED}]"),  # SQLAlchemy's errors quote the row
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), REDACTED),  # a mail address
    (re.compile(r"(?<!\w)\+\d{10,15}\b"), REDACTED),  # a phone number as E.164 writes it
)


def redact_text(text: str) -> str:
    """`text` without what looks like a token, a key, a password, a mail address or a phone number."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _is_hidden(key: str) -> bool:
    words = (part.lower() for part in _KEY_PARTS.findall(key))
    return key.lower() in _HIDDEN_KEYS or any(
        word in _HIDDEN_WORDS or word.removesuffix("s") in _HIDDEN_WORDS or word == "addresses" for word in words
    )


def _clean(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        return {str(key): REDACTED if _is_hidden(str(key)) else _clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(part) for part in value]
    return redact_text(repr(value))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: hides values by the name of their key, and secrets inside any text.

    It stands right before the renderer, when exceptions are text already.
    """
    return {key: REDACTED if _is_hidden(key) else _clean(value) for key, value in event.items()}


def configure_logging(level: str, format: Format, *, stream: TextIO | None = None) -> None:  # noqa: A002 - the setting's name
    """Send every record to `stream` (default stderr: stdout belongs to what commands answer).

    `level` is debug, info, warning or error. `auto` is pretty on a terminal and JSON elsewhere. Can be called again.
    """
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    pretty = format == "pretty" or (format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if pretty
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                # A plain traceback in both forms: the pretty one of structlog shows local variables.
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers made at import follow a later call
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in ("uvicorn", "uvicorn.error", _ACCESS):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger(_ACCESS).disabled = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
