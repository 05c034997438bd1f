"""How a question is answered: out of the conversation so far, or in a way of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from bot.background import Background
from bot.generation.engine import SamplingParams
from bot.language import phrase
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.prompts.template import Exchange
from bot.replies.live import Conclusion
from bot.storage import (
    ChannelRef,
    Choices,
    Conversations,
    Preferences,
    StoredExchange,
    StoredTurn,
)

QUESTION_CUT = phrase("Your message was longer than I can read at once; I left out its middle.")


@dataclass(frozen=True, slots=True)
class Composed:
    """What the model is asked."""

    prompt: Prompt
    notice: str = ""
    """What the person has to be told of it, whatever the reply says."""


class Approach(Protocol):
    """How one question is answered. A reply that is regenerated or continued gets a new one."""

    @property
    def params(self) -> SamplingParams:
        """How the reply is sampled. Known once the engine is loaded."""

    @property
    def prepares(self) -> bool:
        """Whether :meth:`prepare` has anything to do. Where not, the question is put in line at
        once."""

    async def begin(self, question_id: int) -> None:
        """Note what a later reply to the question has to know; called once it is stored."""

    async def prepare(
        self, channel: ChannelRef, question: StoredTurn, background: Background
    ) -> None:
        """What has to be done before the question is put in line; cancelled with it.

        Raises:
            GenerationError: it failed; the text is the sentence for the person.
        """

    async def compose(
        self, channel: ChannelRef, question: StoredTurn, reply_so_far: str
    ) -> Composed:
        """The prompt, now that the question's turn has come.

        Raises:
            GenerationError: there is none; the text is the sentence for the person.
        """

    async def conclude(self, reply_id: int, text: str) -> Conclusion:
        """What is made of the whole reply when it has ended, however it did."""


class Talk:
    """Goes on with the conversation of the channel."""

    def __init__(
        self,
        prompter: Prompter,
        history: Conversations,
        preferences: Preferences,
        system_prompt: str,
    ) -> None:
        self._prompter = prompter
        self._history = history
        self._preferences = preferences
        self._system_prompt = system_prompt

    @property
    def params(self) -> SamplingParams:
        return self._prompter.params

    @property
    def prepares(self) -> bool:
        return False

    async def begin(self, question_id: int) -> None:
        """Nothing: the conversation is stored anyway."""

    async def prepare(
        self, channel: ChannelRef, question: StoredTurn, background: Background
    ) -> None:
        """Nothing: the prompt is all there is."""

    async def compose(
        self, channel: ChannelRef, question: StoredTurn, reply_so_far: str
    ) -> Composed:
        past = await self._history.window(channel.id, before=question.id)
        window = await self._prompter.window(
            await self._system(channel),
            [_exchange(channel, exchange) for exchange in past],
            question.content,
            speaker=_speaker_in(channel, question),
            reply_so_far=reply_so_far,
        )
        if window.anchor:
            first = past[window.anchor].question.id if window.anchor < len(past) else question.id
            await self._history.move_anchor(channel.id, first)
        return Composed(window.prompt, QUESTION_CUT if window.question_cut else "")

    async def conclude(self, reply_id: int, text: str) -> Conclusion:
        return Conclusion(text)

    async def ahead(self, channel: ChannelRef) -> Prompt | None:
        """What is worth reading before the next question comes: see :meth:`Prompter.ahead`. The
        window is moved for it already."""
        past = await self._history.window(channel.id)
        if not past:
            return None
        window = await self._prompter.ahead(
            await self._system(channel), [_exchange(channel, exchange) for exchange in past]
        )
        if window is None:
            return None
        await self._history.move_anchor(channel.id, past[window.anchor].question.id)
        return window.prompt

    async def _system(self, channel: ChannelRef) -> str:
        return (await self._preferences.get(channel)).persona or self._system_prompt


def within(params: SamplingParams, choices: Choices, *, is_talk: bool) -> SamplingParams:
    """``params`` as a server's admins want them: replies no longer than they chose, and in
    conversation the temperature that they chose. An answer from documents keeps its own."""
    if choices.reply_tokens is not None:
        shorter = min(params.max_new_tokens, choices.reply_tokens)
        params = replace(params, max_new_tokens=shorter)
    if choices.temperature is not None and is_talk:
        params = replace(params, temperature=choices.temperature)
    return params


def _exchange(channel: ChannelRef, exchange: StoredExchange) -> Exchange:
    return Exchange(
        exchange.question.content,
        exchange.reply.content,
        speaker=_speaker_in(channel, exchange.question),
    )


def _speaker_in(channel: ChannelRef, turn: StoredTurn) -> str | None:
    """A direct message has one person, who needs no name."""
    return None if channel.guild_id is None else turn.author_name
