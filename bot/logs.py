"""The log: one line an event, which says to which request it belongs.

A request begins where a person does something: writes a message, gives a command, presses a
button. Everything that is done for it carries its id, from there to the last edit of the reply,
and where something goes wrong the person is told the same id.
"""

from __future__ import annotations

import json
import logging
import secrets
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

_REQUEST: ContextVar[str] = ContextVar("request", default="")

Style = Literal["text", "json"]


def begin_request() -> str:
    """What this task and those that it starts do from here on belongs to a new request; its id."""
    request = secrets.token_hex(4)
    _REQUEST.set(request)
    return request


def request_id() -> str:
    """Of the request that this task works for; one of its own where it works for none."""
    return _REQUEST.get() or secrets.token_hex(4)


class _Lines(logging.Formatter):
    """For people to read."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s:%(request)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        request = _REQUEST.get()
        record.request = f" [{request}]" if request else ""
        return super().format(record)


class _JsonLines(logging.Formatter):
    """For programs: an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := _REQUEST.get():
            fields["request"] = request
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def set_up_logging(level: str, style: Style) -> None:
    """Log to the standard error. Call it once."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines() if style == "json" else _Lines())
    logging.basicConfig(level=level, handlers=[handler])
    # It reports each look at the schema; what was migrated is logged by the storage.
    logging.getLogger("alembic").setLevel(logging.WARNING)
