"""What Discord says when it refuses.

Codes and texts: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

from sandbox.types import Json

_TEXTS = {
    0: "401: Unauthorized",
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10007: "Unknown Member",
    10008: "Unknown Message",
    10013: "Unknown User",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    10063: "Unknown application command",
    20012: "You are not authorized to perform this action on this application",
    30046: "Maximum number of edits to messages older than 1 hour reached. Try again later.",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    50001: "Missing Access",
    50003: "Cannot execute action on a DM channel",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50013: "Missing Permissions",
    50024: "Cannot execute action on this channel type",
    50027: "Invalid Webhook Token",
    50034: "You can only bulk delete messages that are under 14 days old.",
    50035: "Invalid Form Body",
    50109: "The request body contains invalid JSON.",
    160002: "Cannot reply without permission to read message history",
    160004: "A thread has already been created for this message",
}

_STATUS = {
    0: 401,
    10003: 404,
    10004: 404,
    10007: 404,
    10008: 404,
    10013: 404,
    10015: 404,
    10062: 404,
    10063: 404,
    20012: 403,
    30046: 429,
    40005: 413,
    50001: 403,
    50005: 403,
    50013: 403,
    50027: 401,
}


class ApiError(Exception):
    """A refusal, as the bot gets it."""

    def __init__(
        self,
        code: int,
        *,
        status: int | None = None,
        errors: Json | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(_TEXTS.get(code, f"code {code}"))
        self.code = code
        self.status = status or _STATUS.get(code, 400)
        self.errors = errors
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> Json:
        body: Json = {"message": str(self), "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        if self.retry_after_s is not None:
            body |= {"retry_after": self.retry_after_s, "global": False}
        return body


class Refused(Exception):
    """A refusal, as a person reads it in Discord's own client."""


def invalid(path: str, reason: str, code: str = "BASE_TYPE_BAD_LENGTH") -> ApiError:
    """Error 50035 for the field at ``path``, such as ``embeds.0.title``."""
    tree: Json = {"_errors": [{"code": code, "message": reason}]}
    for part in reversed(path.split(".")):
        tree = {part: tree}
    return ApiError(50035, errors=tree)
