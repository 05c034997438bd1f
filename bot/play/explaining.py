"""A line on why an answer is right, written by the model while the question is open."""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass, replace

from bot.errors import AirocordError
from bot.games.questions import Question
from bot.generation.queue import GenerationQueue
from bot.generation.ticket import Priority, Request, Ticket, TicketState
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.storage import ChannelRef

log = logging.getLogger(__name__)

_TOKENS = 70
_TEMPERATURE = 0.3
_LONGEST = 240
"""Characters; a longer one is no line."""

_DENIAL = re.compile(r"\b(?:not|never|actually|incorrect|wrong|false)\b|n't\b", re.IGNORECASE)

_SYSTEM = "You are a quiz host who explains answers in one short, plain sentence."


@dataclass(slots=True)
class Explanation:
    """One that is being written."""

    question: Question
    ticket: Ticket

    @property
    def ready(self) -> str | None:
        """The line; ``None`` while it is not there, or where it cannot be trusted."""
        if self.ticket.state is not TicketState.DONE:
            return None
        return checked(self.ticket.text, self.question)

    def drop(self) -> None:
        """Nobody wants it any more."""
        self.ticket.cancel()


@dataclass(frozen=True, slots=True)
class Explainer:
    """Asks the model in the background: a person never waits for it."""

    queue: GenerationQueue
    prompter: Prompter

    def begin(self, question: Question, channel: ChannelRef) -> Explanation | None:
        """Let a line be written; ``None`` where the model cannot be asked now."""

        async def prompt() -> Prompt:
            window = await self.prompter.window(_SYSTEM, [], instruction(question))
            return window.prompt

        try:
            # First: before the model is loaded there are no params to be had.
            self.queue.ensure_open()
            params = replace(self.prompter.params, max_new_tokens=_TOKENS, temperature=_TEMPERATURE)
            ticket = self.queue.submit(
                Request(
                    prompt=prompt,
                    params=params,
                    # Nobody in particular waits for it, and nobody's share is used up.
                    person=-channel.id,
                    guild=channel.guild_id,
                    priority=Priority.BACKGROUND,
                )
            )
        except AirocordError as error:
            log.debug("no explanation: %s", error)
            return None
        return Explanation(question, ticket)


def instruction(question: Question) -> str:
    """What the model is asked; it is told the answer, so it need not know it."""
    known = f"\nWhat is known: {question.explanation}" if question.explanation else ""
    return (
        f"Trivia question: {question.text}\nThe right answer: {question.answer}{known}\n"
        "In one short sentence, say something about the right answer. Name it."
    )


def checked(reply: str, question: Question) -> str | None:
    """The reply's first line, unless it could mislead.

    It must name the answer, no distractor, and no figure that is not in the question or in what
    is known; it must be one sentence and end.
    """
    line = reply.strip().splitlines()[0].strip() if reply.strip() else ""
    line = line.strip('"*_ ')
    if not line or len(line) > _LONGEST or line[-1] not in ".!":
        return None
    if not _names(line, question.answer):
        return None
    if any(_names(line, wrong) for wrong in question.distractors):
        return None
    known = f"{question.text} {question.answer} {question.explanation}"
    figures = set(re.findall(r"\d+", line)) - set(re.findall(r"\d+", known))
    return None if figures or _DENIAL.search(line) else line


def _names(line: str, answer: str) -> bool:
    """Whether the words of ``answer`` stand in ``line``, whatever their accents and capitals."""
    words = _words(answer)
    return bool(words) and f" {words} " in f" {_words(line)} "


def _words(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(re.findall(r"\w+", "".join(c for c in folded if not unicodedata.combining(c))))
