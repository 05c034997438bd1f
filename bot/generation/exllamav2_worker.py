"""The thread that owns the model: it loads, writes and frees, and nobody else touches it.

Requests come in by a bounded queue, replies leave by an :class:`Outbox`. The library's synchronous
generator writes: its asynchronous one computes on the event loop, and ends for good at the first
exception.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from typing import TYPE_CHECKING

from bot.errors import EngineFailed
from bot.generation.exllamav2_run import WriteRequest
from bot.generation.exllamav2_stream import Outbox
from bot.language import phrase

if TYPE_CHECKING:
    from bot.generation.exllamav2_loading import LoadedModel
    from bot.generation.exllamav2_options import LoadOptions
    from bot.generation.exllamav2_writer import Writer

log = logging.getLogger(__name__)

_INBOX = 256
"""Many times the lanes, and there is no more than a request for each."""

_END_S = 60.0
"""How long the thread may take to end: one step of a model takes seconds at most."""

_BUSY = phrase("The language model has too much to do at once. Please try again.")
_CLOSED = phrase("The language model is not running. Please try again in a minute.")


class _Command(Enum):
    END = 0


_Message = WriteRequest | Future[None] | _Command
"""A reply to write, a renewal with where its outcome goes, or the end."""


class Worker:
    """Made on the event loop and used there."""

    def __init__(self, options: LoadOptions, on_progress: Callable[[float], None]) -> None:
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._on_progress = on_progress
        self._outbox = Outbox(self._loop)
        self._inbox: queue.Queue[_Message] = queue.Queue(_INBOX)
        self._loaded: Future[LoadedModel] = Future()
        self._ending = False
        # A daemon, so that a program which dies does not wait for a card that hangs.
        self._thread = threading.Thread(target=self._main, name="exllamav2", daemon=True)

    async def start(self) -> LoadedModel:
        """Load the model. If the wait for it is cancelled, so is the load.

        Raises:
            ModelError, EngineUnavailable: as :class:`LoadedModel` raises them.
        """
        # So that the thread can answer even when nobody waits any more.
        self._loaded.set_running_or_notify_cancel()
        self._thread.start()
        try:
            return await asyncio.wrap_future(self._loaded)
        except BaseException:
            await self.close()
            raise

    def write(self, request: WriteRequest) -> None:
        """Begin a reply, which :attr:`WriteRequest.stream` brings.

        Raises:
            EngineFailed: the thread has ended, or is far behind.
        """
        self._send(request)

    async def renew(self) -> None:
        """Trust nothing that was computed before.

        Raises:
            EngineFailed: the thread has ended, or is far behind.
            Exception: whatever the library raises: it still cannot write.
        """
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()
        self._send(done)
        await asyncio.wrap_future(done)

    async def close(self) -> None:
        """End the thread and free the model; what it was writing ends with
        :class:`EngineFailed`."""
        self._ending = True
        if self._thread.is_alive():
            await asyncio.to_thread(self._end)

    def _send(self, message: _Message) -> None:
        if self._ending or not self._thread.is_alive():
            raise EngineFailed(_CLOSED)
        try:
            self._inbox.put_nowait(message)
        except queue.Full:
            raise EngineFailed(_BUSY) from None

    def _end(self) -> None:
        try:
            self._inbox.put(_Command.END, timeout=_END_S)
            self._thread.join(_END_S)
        except queue.Full:
            log.debug("the thread takes no messages")
        if self._thread.is_alive():
            log.error("ExLlamaV2 does not end; its memory is free when the bot has ended")

    # -- in the thread ------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            # Here, for torch and the library take seconds to import.
            from bot.generation.exllamav2_loading import LoadedModel  # noqa: PLC0415

            model = LoadedModel(self._options, self._report)
            from bot.generation.exllamav2_writer import Writer  # noqa: PLC0415 - as above

            writer = Writer(model, self._outbox)
        except BaseException as error:  # noqa: BLE001 - start() waits for it, whatever it is
            self._loaded.set_exception(error)
            return
        try:
            self._warm_up(writer, model)
            while self._serve(writer):
                pass
        except Exception:
            log.exception("the thread of ExLlamaV2 has failed")
        finally:
            writer.fail_all(EngineFailed(_CLOSED))
            writer.close()
            self._refuse_the_rest()

    def _report(self, share: float) -> None:
        if self._ending:
            raise asyncio.CancelledError
        self._loop.call_soon_threadsafe(self._on_progress, share)

    def _warm_up(self, writer: Writer, model: LoadedModel) -> None:
        try:
            writer.renew()
        except Exception as error:  # noqa: BLE001 - start() waits for it, whatever it is
            self._loaded.set_exception(model.fault_of(error))
            self._ending = True
        else:
            self._loaded.set_result(model)

    def _serve(self, writer: Writer) -> bool:
        """Take what has come in, then go one step on. False: the end."""
        while not self._ending:
            try:
                # Waits without a limit only while there is nothing to write.
                message = self._inbox.get(block=not writer.is_busy)
            except queue.Empty:
                writer.step()
                return True
            if isinstance(message, WriteRequest):
                writer.begin(message)
            elif isinstance(message, Future):
                _answer(message, writer)
        return False

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return
            if isinstance(message, WriteRequest):
                self._outbox.put(message.stream, "", EngineFailed(_CLOSED))
            elif isinstance(message, Future):
                message.set_exception(EngineFailed(_CLOSED))


def _answer(renewal: Future[None], writer: Writer) -> None:
    writer.fail_all(EngineFailed(_CLOSED))
    try:
        writer.renew()
    except Exception as error:  # noqa: BLE001 - the one who asked for it decides
        renewal.set_exception(error)
    else:
        renewal.set_result(None)
