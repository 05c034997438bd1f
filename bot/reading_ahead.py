"""Having the model read, while nobody waits, what the next question in a channel will need.

Most prompts begin as the last one of their channel, which the engine still holds. Where the
window has to move they do not, and all that stays in it is read again: by whoever asks next, or
before they ask.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from bot.answering import Talk
from bot.errors import Cancelled, GenerationError
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, Request
from bot.prompts import Prompt
from bot.replies_under_way import Reply
from bot.storage import Conversations

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadingAhead:
    queue: GenerationQueue
    talk: Talk
    history: Conversations

    async def after(self, reply: Reply) -> None:
        """A reply of the conversation has ended: move the window if the next question will need
        it, and have what stays read. Whoever wants the lane gets it at once."""
        try:
            await self._after(reply)
        except GenerationError as refused:
            log.debug("nothing is read ahead: %s", refused)
        except Exception:
            # The reply is written, and its reader has nothing to do with this.
            log.exception("what comes after reply %d could not be read ahead", reply.id)

    async def _after(self, reply: Reply) -> None:
        self.queue.ensure_open()
        if self.queue.status.waiting or not await self._is_last(reply):
            return
        ahead = await self.talk.ahead(reply.channel)
        if ahead is None:
            return

        async def prompt() -> Prompt:
            if not await self._is_last(reply):
                # It would take the place of what was read since.
                raise Cancelled("the conversation has gone on")
            return ahead

        request = Request(
            prompt=prompt,
            params=replace(self.talk.params, max_new_tokens=1),
            person=reply.person,
            guild=reply.channel.guild_id,
            priority=Priority.BACKGROUND,
            is_ahead=True,
        )
        self.queue.submit(request)

    async def _is_last(self, reply: Reply) -> bool:
        last = await self.history.last_reply(reply.channel.id)
        return last is not None and last.id == reply.id
