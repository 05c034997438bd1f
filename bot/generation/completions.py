"""A client for ``/v1/completions``: what llama.cpp, TabbyAPI and vLLM all speak.

The prompt goes out as token ids, or as text where a server takes nothing else, and the reply
comes back as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
Closing the connection is how these servers are told that nobody wants the rest.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from bot.errors import EngineFailed, PromptTooLong
from bot.language import phrase

log = logging.getLogger(__name__)

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None
Options = Mapping[str, Json]
"""Request fields beside the prompt, in the server's own spelling."""

_MAX_ERROR_BYTES = 65_536

_NOT_NOW = (429, 502, 503)
"""Statuses of a server, or of a proxy before it, that has not begun with the request."""

_TOO_LONG = re.compile(r"context (length|size|window)|max_seq_len", re.IGNORECASE)

_LOST = phrase("The connection to the language model broke during this reply. Please try again.")


class NotNow(EngineFailed):
    """The server did not begin: it cannot be reached, or is too busy. Another may take it."""

    def __init__(self, sentence: str, *, is_unreachable: bool) -> None:
        super().__init__(sentence)
        self.is_unreachable = is_unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits in seconds."""

    connect_s: float = 10.0
    first_token_s: float = 300.0
    """From the request to the first text: waiting for a lane and reading the prompt."""
    between_tokens_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The end of a completion."""

    finish_reason: str
    """``stop`` or ``length``, as the server says it."""
    prompt_tokens: int | None
    """``None`` where the server does not count; so the next two."""
    cached_tokens: int | None
    new_tokens: int | None
    prefill_s: float
    """Seconds from the request to the first text, or to the end where there was none."""
    generation_s: float
    """Seconds from the first text to the last."""


class CompletionsClient:
    """Connections to one server. Make it on the event loop; close it there."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        api_key: str | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._url = base_url.rstrip("/") + "/v1/completions"
        self._model = model
        self._timeouts = timeouts or Timeouts()
        self._http = aiohttp.ClientSession(
            # A kept connection holds one of the server's threads while it is idle.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeouts.connect_s),
        )
        self._open: set[aiohttp.ClientResponse] = set()

    async def close(self) -> None:
        """Close all connections. Completions under way raise :class:`EngineFailed`."""
        # aiohttp's session closes the connections but does not wake those who read from them.
        for response in self._open:
            response.close()
        await self._http.close()

    async def stream(
        self, prompt: Sequence[int] | str, options: Options
    ) -> AsyncGenerator[str | Completion, None]:
        """Text after text, then one :class:`Completion`. Closing the generator, or cancelling
        the task that waits for it, closes the connection.

        Raises:
            PromptTooLong: the server says so.
            NotNow: nothing was written, and asking again may help.
            EngineFailed: anything else. The text tells nothing of the prompt.
        """
        body = {
            **options,
            "model": self._model,
            "prompt": prompt if isinstance(prompt, str) else list(prompt),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        tally = _Tally()
        deadline = asyncio.get_running_loop().time() + self._timeouts.first_token_s
        try:
            async with asyncio.timeout_at(deadline):
                # A redirect could take prompt and key to a place that nobody named.
                response = await self._http.post(self._url, json=body, allow_redirects=False)
            self._open.add(response)
            try:
                if response.status != 200:
                    raise await self._refusal(response)
                while (event := await self._next_event(response, tally, deadline)) is not None:
                    if text := tally.take(event):
                        yield text
                        # A reader that takes its time does not make the server late.
                        deadline = (
                            asyncio.get_running_loop().time() + self._timeouts.between_tokens_s
                        )
            finally:
                self._open.discard(response)
                response.close()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            log.warning("the model's server cannot be reached: %s", type(error).__name__)
            raise NotNow(
                phrase(
                    "The server of the language model cannot be reached. Please try again in a "
                    "minute."
                ),
                is_unreachable=True,
            ) from None
        except TimeoutError as error:
            raise EngineFailed(
                phrase("The language model did not answer in time. Please try again.")
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Not chained: aiohttp's errors and json's may quote what was sent or received.
            log.warning("completion failed: %s", type(error).__name__)
            raise EngineFailed(_LOST) from None
        yield tally.completion()

    @staticmethod
    async def _next_event(
        response: aiohttp.ClientResponse, tally: _Tally, deadline: float
    ) -> Mapping[str, Json] | None:
        """The next event's data, ``None`` after the last. Comments, which some servers send to
        keep the connection open, do not count as a sign of life."""
        async with asyncio.timeout_at(deadline):
            while line := await response.content.readline():
                field, _, data = line.decode().partition(":")
                data = data.strip()
                if field == "data" and data == "[DONE]":
                    return None
                if field in ("data", "error"):
                    event = json.loads(data)
                    if not isinstance(event, dict):
                        raise ValueError("an event that is no object")
                    if field == "error" or event.get("error"):
                        raise _failure(None, event)
                    return event
        if tally.reason is None:
            raise EngineFailed(_LOST)
        return None  # a server that ends without [DONE], after all that matters

    @staticmethod
    async def _refusal(response: aiohttp.ClientResponse) -> EngineFailed | PromptTooLong:
        async with asyncio.timeout(10):
            raw = await response.content.read(_MAX_ERROR_BYTES)
        try:
            said = json.loads(raw)
        except ValueError:
            said = None
        return _failure(response.status, said)


class _Tally:
    """What is known so far of one completion."""

    def __init__(self) -> None:
        self._started_at = time.monotonic()
        self.first_at: float | None = None
        self._last_at = self._started_at
        self.reason: str | None = None
        self._usage: dict[str, int | None] = {}

    def take(self, event: Mapping[str, Json]) -> str:
        """Note an event and return its text."""
        usage = event.get("usage")
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            self._usage = {
                "prompt": _count(usage.get("prompt_tokens")),
                "cached": _count(details.get("cached_tokens"))
                if isinstance(details, dict)
                else None,
                "new": _count(usage.get("completion_tokens")),
            }
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return ""
        reason, text = choice.get("finish_reason"), choice.get("text")
        if isinstance(reason, str):
            self.reason = reason
        if not isinstance(text, str) or not text:
            return ""
        self._last_at = time.monotonic()
        if self.first_at is None:
            self.first_at = self._last_at
        return text

    def completion(self) -> Completion:
        if self.reason is None:
            raise EngineFailed(_LOST)
        first = time.monotonic() if self.first_at is None else self.first_at
        return Completion(
            finish_reason=self.reason,
            prompt_tokens=self._usage.get("prompt"),
            cached_tokens=self._usage.get("cached"),
            new_tokens=self._usage.get("new"),
            prefill_s=first - self._started_at,
            generation_s=max(0.0, self._last_at - first),
        )


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) else None


def _failure(status: int | None, said: Json) -> EngineFailed | PromptTooLong:
    """What a server's refusal means. Its message is not passed on: it may quote the prompt."""
    error = said.get("error") if isinstance(said, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    # llama.cpp names this kind of error; of vLLM's and TabbyAPI's only the message tells.
    too_long = status == 400 and isinstance(message, str) and _TOO_LONG.search(message)
    if kind == "exceed_context_size_error" or too_long:
        return PromptTooLong(
            phrase(
                "This is longer than the model can read at once. Please shorten it, or begin a new "
                "conversation with `/reset`."
            )
        )
    if status in _NOT_NOW:
        log.warning("the model's server takes no completion now: status %s", status)
        return NotNow(
            phrase("The server of the language model is busy. Please try again in a minute."),
            is_unreachable=False,
        )
    if status in (401, 403):
        return EngineFailed(phrase("The server of the language model refused the bot's API key."))
    named = kind if isinstance(kind, str) and re.fullmatch(r"\w{1,40}", kind) else "not named"
    log.warning("the model's server refused a completion: status %s, type %s", status, named)
    return EngineFailed(phrase("The language model could not write this reply. Please try again."))
