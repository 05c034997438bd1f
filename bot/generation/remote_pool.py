"""Several servers with the same model: which are well, and which has the least to do.

A server that cannot be reached is left out until it answers again, which is asked of it now and
then. One that comes back with another model stays out: its token ids would mean something else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from bot.errors import EngineFailed, EngineUnavailable
from bot.generation.completions import CompletionsClient, Json, Timeouts
from bot.generation.remote_server import Description, RemoteServer
from bot.language import phrase

log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class Place:
    """One server as the pool sees it."""

    server: RemoteServer
    order: int
    busy: int = 0
    """Replies of ours that it writes, or has waiting."""
    is_up: bool = False
    description: Description | None = None
    """Of the model that was accepted of it; ``None`` where none was, or it runs another now."""
    client: CompletionsClient | None = None


class RemotePool:
    """All methods but :meth:`call` are called on the event loop."""

    def __init__(
        self,
        servers: Sequence[RemoteServer],
        *,
        model: str,
        timeouts: Timeouts,
        probe_every_s: float,
        accepts: Callable[[Description], bool],
    ) -> None:
        """
        Args:
            model: the model's name; empty takes what each server runs.
            probe_every_s: how often those that are down are asked whether they are back.
            accepts: whether a server that runs this can take the engine's prompts.
        """
        self._places = [Place(server=one, order=order) for order, one in enumerate(servers)]
        self._model = model
        self._timeouts = timeouts
        self._probe_every_s = probe_every_s
        self._accepts = accepts
        self._watch: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def descriptions(self) -> list[Description]:
        """Of the servers that are up."""
        return [p.description for p in self._places if p.is_up and p.description is not None]

    @property
    def any_up(self) -> bool:
        return any(place.is_up for place in self._places)

    def watch(self) -> None:
        """Ask the servers that are down, from now on, whether they are back."""
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep_asking(), name="remote servers")

    async def close(self) -> None:
        """Close all connections; replies under way end with :class:`EngineFailed`."""
        self._is_closed = True
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        for place in self._places:
            place.is_up = False
            if place.client is not None:
                await place.client.close()

    async def probe(self) -> EngineUnavailable | None:
        """Ask all servers how they are.

        Returns:
            What somebody has to correct at a server that answers but cannot be used.
        """
        found = await asyncio.gather(*(self._probe(place) for place in self._places))
        return next((error for error in found if error is not None), None)

    def least_busy(self, avoid: Collection[Place] = ()) -> Place | None:
        """The server with the fewest replies of ours, among those that are up."""
        up = [p for p in self._places if p.is_up and p.client is not None and p not in avoid]
        return min(up, key=lambda place: (place.busy, place.order), default=None)

    def doubt(self, place: Place) -> None:
        """Leave a server out until it says that it is well."""
        if place.is_up and not self._is_closed:
            log.warning("the server %s is left out until it answers again", place.server.name)
            place.is_up = False

    @staticmethod
    @contextlib.contextmanager
    def counted(place: Place) -> Iterator[None]:
        """While a reply is asked of ``place``."""
        place.busy += 1
        try:
            yield
        finally:
            place.busy -= 1

    def call(self, path: str, body: Json = None, *, limit_s: float = 30.0) -> Json:
        """One request outside of generation, of any server that is well, else of one that was.
        Blocks; safe on any thread.

        Raises:
            EngineFailed: none gave an answer.
        """
        error = EngineFailed(
            phrase(
                "The server of the language model does not answer. Please try again in a minute."
            )
        )
        # Another model's token ids would be taken for this one's, and kept.
        accepted = [place for place in self._places if place.description is not None]
        for place in sorted(accepted, key=lambda place: (not place.is_up, place.busy)):
            try:
                return place.server.call(path, body, limit_s=limit_s)
            except EngineFailed as failed:
                error = failed
        raise error

    async def _probe(self, place: Place) -> EngineUnavailable | None:
        is_healthy = await asyncio.to_thread(place.server.is_healthy)
        if not is_healthy:
            self.doubt(place)
        if place.is_up or not is_healthy:
            return None
        try:
            # It may have been started with another model.
            description = await asyncio.to_thread(place.server.describe, self._model)
            if not self._is_closed:
                self._welcome(place, description)
        except EngineFailed:
            return None  # it went away again
        except EngineUnavailable as error:
            place.description = None
            log.warning("the server %s cannot be used: %s", place.server.name, error)
            return error
        return None

    def _welcome(self, place: Place, description: Description) -> None:
        if not self._accepts(description):
            raise EngineUnavailable(
                f"The server {place.server.name} runs another model than the others, or one with "
                "a shorter context window. Please have all of REMOTE_URLS run the same."
            )
        if place.client is None:
            place.client = CompletionsClient(
                place.server.url,
                model=description.model,
                api_key=place.server.key or None,
                timeouts=self._timeouts,
            )
        place.description, place.is_up = description, True
        log.info("the server %s is up: %s", place.server.name, description.dialect)

    async def _keep_asking(self) -> None:
        while True:
            await asyncio.sleep(self._probe_every_s)
            down = [place for place in self._places if not place.is_up]
            await asyncio.gather(*(self._probe(place) for place in down))
