"""Having the model write what nobody reads, for somebody who waits for what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, Request, Ticket
from bot.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Background:
    """The queue's background, for one person."""

    queue: GenerationQueue
    person: int
    guild: int | None
    tell: Callable[[str], None]
    """Lets the person know what is being done."""
    part_of: Ticket | None = None
    """The person's question, where it waits in the queue for what is written."""

    async def write(self, prompt: Prompt, params: SamplingParams) -> str:
        """One reply. To cancel the task takes it out of the queue.

        Raises:
            GenerationError: it was refused, or it failed.
        """
        ticket = self.queue.submit(
            Request(
                prompt=prompt,
                params=params,
                person=self.person,
                guild=self.guild,
                priority=Priority.BACKGROUND,
                part_of=self.part_of,
            )
        )
        return await ticket.whole()

    async def write_all(
        self, prompts: Sequence[Prompt], params: SamplingParams, *, titles: Sequence[str]
    ) -> list[str]:
        """A reply to each of ``prompts``, as many at once as the engine writes. The person is
        told the title of the one that was begun last.

        Raises:
            GenerationError: one was refused or failed; the others are cancelled.
        """
        replies = [""] * len(prompts)
        left = iter(range(len(prompts)))

        async def write_some() -> None:
            for number in left:
                self.tell(titles[number])
                replies[number] = await self.write(prompts[number], params)

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(len(prompts), self.queue.engine.lanes)):
                    tasks.create_task(write_some())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return replies
