"""One short thing from the model, outside any conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.generation.constraint import Constraint, OneOf
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, Request
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.prompts.wordgames import choices, multiple_choice, read_choice, rotations


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom the model is asked, and how urgent it is."""

    person: int
    guild: int | None = None
    priority: Priority = Priority.INTERACTIVE


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model chose of four options in each of their rotations."""

    votes: tuple[int, ...]
    """For each option, in how many rotations it was chosen."""
    asked: int
    """How many rotations there were."""

    @property
    def best(self) -> int:
        """The place of the option that was chosen most often."""
        return max(range(len(self.votes)), key=self.votes.__getitem__)

    @property
    def is_unanimous(self) -> bool:
        return max(self.votes) == self.asked


@dataclass(frozen=True, slots=True)
class ShortAnswers:
    queue: GenerationQueue
    prompter: Prompter
    system: str
    """The house's system prompt: the model was trained with it."""

    async def ask(
        self,
        instruction: str,
        asker: Asker,
        *,
        tokens: int,
        temperature: float = 0.0,
        constraint: Constraint | None = None,
    ) -> str:
        """The model's reply to one instruction.

        Raises:
            GenerationError: it was refused, or it failed.
        """

        async def prompt() -> Prompt:
            return (await self.prompter.window(self.system, [], instruction)).prompt

        # First: before the model is loaded there are no params to be had.
        self.queue.ensure_open()
        params = replace(
            self.prompter.params,
            max_new_tokens=tokens,
            temperature=temperature,
            repetition_penalty=1.0,
            constraint=constraint,
        )
        ticket = self.queue.submit(
            Request(
                prompt=prompt,
                params=params,
                person=asker.person,
                guild=asker.guild,
                priority=asker.priority,
            )
        )
        return (await ticket.whole()).strip()

    async def choose(self, question: str, options: Sequence[str], asker: Asker) -> Opinion:
        """Ask a question in the card's format under every rotation of its options, one after
        the other: a guess moves with its letter, knowledge stays with its text.

        Raises:
            GenerationError: a reply was refused, or failed.
        """
        votes = [0] * len(options)
        for turned in rotations(options):
            reply = await self.ask(
                multiple_choice(question, turned),
                asker,
                tokens=60,
                constraint=OneOf(choices(turned)),
            )
            place = read_choice(reply, turned)
            if place is not None:
                votes[options.index(turned[place])] += 1
        return Opinion(tuple(votes), len(options))
