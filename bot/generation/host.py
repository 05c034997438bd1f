"""The process that hosts an engine: any engine, made by a function that the bot names.

Messages (:mod:`bot.generation.hosted_wire`) come on the standard input and leave on the standard
output; the log goes to the standard error, a line of JSON a record. It lives until its standard
input is closed, so it cannot outlive the bot, however the bot ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import importlib
import json
import logging
import os
import sys
import threading
from contextlib import aclosing
from typing import BinaryIO

from bot.errors import AirocordError
from bot.generation.child_process import outlive_signals_but_not_the_bot
from bot.generation.engine import Engine, Finish
from bot.generation.hosted_encoding import EncodingServer
from bot.generation.hosted_wire import (
    LONGEST_LOGGED,
    Cancel,
    Fault,
    Generate,
    Loaded,
    Message,
    Progress,
    Recover,
    Recovered,
    Refused,
    Said,
    Start,
    WireError,
    pack,
    receive,
)
from bot.language import phrase

log = logging.getLogger(__name__)

_CLOSE_S = 5.0
"""How long the engine may take to free its model."""

_BROKEN = phrase("The language model stumbled over this reply. Please try again.")
_BROKEN_OFF = phrase("The language model broke off this reply. Please try again.")
_NOT_LOADED = phrase("The language model could not be loaded; the log says why.")


def main() -> None:
    outlive_signals_but_not_the_bot()
    # What libraries print must not come between the messages.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    faulthandler.enable()
    code = 1
    try:
        start = receive(sys.stdin.buffer)
        if isinstance(start, Start):
            _log_to_the_bot(start.log_level)
            asyncio.run(_Host(start, answer).run())
            code = 0
    except Exception:
        log.exception("the engine's process has failed")
    finally:
        # What native libraries do on their way out can take for ever.
        os._exit(code)


class _Host:
    def __init__(self, start: Start, answer: BinaryIO) -> None:
        self._start = start
        self._answer = answer
        self._has_ended = asyncio.Event()
        self._engine: Engine | None = None
        self._replies: dict[int, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._unsent: dict[int, tuple[str, Finish | Fault | None]] = {}

    async def run(self) -> None:
        """Until the bot has gone, or does not want it any more."""
        loop = asyncio.get_running_loop()
        self._own(loop.create_task(self._load()))
        threading.Thread(target=self._listen, args=(loop,), daemon=True).start()
        await self._has_ended.wait()
        tasks = [*self._others, *self._replies.values()]
        for task in tasks:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await asyncio.gather(*tasks, return_exceptions=True)
                if self._engine is not None:
                    await self._engine.close()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread of its own, for not every event loop can read every pipe."""
        with contextlib.suppress(OSError, WireError):
            while (message := receive(sys.stdin.buffer)) is not None:
                loop.call_soon_threadsafe(self._take, message)
        # If the loop stands still, or is closed already, the time is over anyway.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._has_ended.set)
        threading.Event().wait(_CLOSE_S + 1)
        os._exit(1)

    def _take(self, message: Message) -> None:
        if self._engine is None:
            return
        if isinstance(message, Generate):
            task = asyncio.create_task(self._reply(self._engine, message))
            self._replies[message.number] = task
            task.add_done_callback(lambda _: self._replies.pop(message.number))
        elif isinstance(message, Cancel):
            if reply := self._replies.get(message.number):
                reply.cancel()
        elif isinstance(message, Recover):
            self._own(asyncio.create_task(self._recover(self._engine)))

    def _own(self, task: asyncio.Task[None]) -> None:
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def _load(self) -> None:
        try:
            engine = _make(self._start)
            self._engine = engine
            await engine.load(lambda share: self._send(Progress(share)))
            port = EncodingServer(engine, self._start.key).port
        except Exception as error:  # noqa: BLE001 - the bot gets it, whatever it is
            self._send(Refused(_fault(error, "ModelError", _NOT_LOADED)))
        else:
            self._send(Loaded(engine.model, engine.lanes, port))

    async def _recover(self, engine: Engine) -> None:
        try:
            await engine.recover()
        except Exception as error:  # noqa: BLE001 - the bot gets it, whatever it is
            self._send(Refused(_fault(error, "EngineFailed", _BROKEN)))
        else:
            self._send(Recovered(engine.lanes))

    async def _reply(self, engine: Engine, asked: Generate) -> None:
        end: Finish | Fault = Fault("EngineFailed", _BROKEN_OFF)
        try:
            async with aclosing(engine.generate(asked.prompt_ids, asked.params)) as events:
                async for event in events:
                    if isinstance(event, Finish):
                        end = event
                        break
                    self._say(asked.number, event.text)
        except Exception as error:  # noqa: BLE001 - the bot gets it, whatever it is
            end = _fault(error, "EngineFailed", _BROKEN)
        self._say(asked.number, "", end)

    def _say(self, number: int, text: str, end: Finish | Fault | None = None) -> None:
        """All that is said in one turn of the loop, by whichever reply, is one message."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._send_what_is_said)
        before, _ = self._unsent.get(number, ("", None))
        self._unsent[number] = (before + text, end)

    def _send_what_is_said(self) -> None:
        unsent, self._unsent = self._unsent, {}
        self._send(Said(tuple((number, *said) for number, said in unsent.items())))

    def _send(self, message: Message) -> None:
        """Waits while the bot does not listen; what the engine writes meanwhile, it joins."""
        # The bot has gone: the end of the standard input tells that too.
        with contextlib.suppress(OSError):
            self._answer.write(pack(message))
            self._answer.flush()


class _ToTheBot(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = super().format(record)
        if len(said) > LONGEST_LOGGED:
            # What was done stands at the beginning of a traceback, and what went wrong at its end.
            half = LONGEST_LOGGED // 2
            said = f"{said[:half]}\n[…]\n{said[-half:]}"
        return json.dumps([record.levelno, record.name, said])


def _log_to_the_bot(level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_ToTheBot())
    logging.basicConfig(level=level, handlers=[handler])


def _make(start: Start) -> Engine:
    module, _, function = start.factory.partition(":")
    engine: Engine = getattr(importlib.import_module(module), function)(start.options)
    return engine


def _fault(error: Exception, kind: str, sentence: str) -> Fault:
    """What is not for people is logged here, where its traceback is, and is ``kind`` there."""
    if isinstance(error, AirocordError):
        return Fault(type(error).__name__, str(error))
    log.error("the engine failed", exc_info=error)
    return Fault(kind, sentence)
