"""Conversations to prompts: vicuna 1.1, and a model's own chat template.

Callers hand in raw text. Every word of it, the system prompt's too (it comes from a server's
admin), is cleaned here and goes into the prompt as text; control tokens come from the template
alone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from bot.errors import ModelError
from bot.prompts.jinja import ChatJinja, refusal
from bot.prompts.prompt import BOS, EOS, Control, Part, Prompt
from bot.prompts.untrusted import clean_speech, clean_text


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One completed question and its reply, as they were said."""

    question: str
    reply: str
    """Without the space that a reply's first token brings."""
    speaker: str | None = None
    """Display name that stands at the head of the question, where several people talk."""


class Template(Protocol):
    """How a model was trained to see a conversation. Pure and safe to share."""

    @property
    def stop(self) -> tuple[str, ...]:
        """Strings that end a reply, besides the end-of-sequence token."""

    def render(
        self,
        system: str,
        history: Sequence[Exchange],
        question: str,
        *,
        speaker: str | None = None,
        reply_so_far: str = "",
    ) -> Prompt:
        """The prompt whose continuation is the reply to ``question``.

        ``history`` is oldest first. ``reply_so_far`` is the beginning of the reply, already
        written and without its leading space; what is generated follows on its last character.

        Raises:
            ModelError: the model's chat template cannot be used for this conversation.
        """


@dataclass(frozen=True, slots=True)
class VicunaTemplate:
    """Vicuna 1.1, after FastChat's ``vicuna_v1.1``: turns are set apart by one space, and a
    reply ends in the end-of-sequence token.

    The prompt ends in ``ASSISTANT:``. The space behind it belongs to the reply's first token: on
    its own at the end of a prompt it would be a token that training never showed there.
    """

    # A model of vicuna's age goes on talking for the person.
    stop: tuple[str, ...] = ("USER:", " USER:")

    def render(
        self,
        system: str,
        history: Sequence[Exchange],
        question: str,
        *,
        speaker: str | None = None,
        reply_so_far: str = "",
    ) -> Prompt:
        parts: list[Part] = [BOS]
        if head := clean_text(system).strip():
            parts.append(f"{head} ")
        for past in history:
            asked = clean_speech(past.question, past.speaker)
            reply = clean_text(past.reply).strip()
            parts += (f"USER: {asked} ASSISTANT:", f" {reply}" if reply else "", EOS)
        begun = clean_text(reply_so_far).lstrip()
        parts += (f"USER: {clean_speech(question, speaker)} ASSISTANT:", begun and f" {begun}")
        return Prompt(parts)


_SYSTEM = "system"


class ModelTemplate:
    """The Jinja chat template that a model file carries, rendered as Hugging Face renders it.

    The template never sees what people say. It is given an unguessable mark for each message,
    and in what it writes the marks are exchanged for the texts, as text. So no message is taken
    for Jinja, and only the template's own words are searched for the spellings of control
    tokens. A template that does not write each mark once, whole and in order is refused. One
    that refuses a system prompt, or drops it, finds it at the head of the first question.
    """

    stop: tuple[str, ...] = ()

    def __init__(
        self, chat_template: str, control_tokens: frozenset[str], bos: str, eos: str
    ) -> None:
        """``control_tokens``, ``bos`` and ``eos`` are spellings; the last two may be empty.

        Raises:
            ModelError: the template cannot be used.
        """
        self._jinja = ChatJinja(chat_template, bos=bos, eos=eos)
        spellings = sorted((control_tokens | {bos, eos}) - {""}, key=len, reverse=True)
        # The group makes re.split() keep what it splits at.
        self._controls = re.compile(f"({'|'.join(map(re.escape, spellings)) or '(?!)'})")
        talk = [Role.USER, Role.ASSISTANT, Role.USER]
        self._takes_system = True
        try:
            frame = self._frame([_SYSTEM, *talk])
        except ModelError:
            self._takes_system = False
            frame = self._frame(talk)
        # What the model writes between the words that ask for a reply and the reply itself: a
        # space, where the template's words end in none.
        reply = str(len(frame) // 2 - 2)
        asked, before_reply = frame[-1], frame[2 * frame[1::2].index(reply)]
        gap = before_reply[len(asked) :] if before_reply.startswith(asked) else ""
        self._gap = gap if gap.isspace() else ""

    def render(
        self,
        system: str,
        history: Sequence[Exchange],
        question: str,
        *,
        speaker: str | None = None,
        reply_so_far: str = "",
    ) -> Prompt:
        # Many templates trim each message, so texts go in trimmed.
        turns: list[tuple[str, str]] = []
        for past in history:
            turns.append((Role.USER, clean_speech(past.question, past.speaker)))
            turns.append((Role.ASSISTANT, clean_text(past.reply).strip()))
        turns.append((Role.USER, clean_speech(question, speaker)))
        if head := clean_text(system).strip():
            if self._takes_system:
                turns.insert(0, (_SYSTEM, head))
            else:
                turns[0] = (Role.USER, f"{head}\n\n{turns[0][1]}")
        frame = self._frame([role for role, _ in turns])
        parts: list[Part] = []
        for at, piece in enumerate(frame):
            parts += (turns[int(piece)][1],) if at % 2 else self._split(piece)
        begun = clean_text(reply_so_far).lstrip()
        return Prompt([*parts, begun and self._gap + begun])

    def _frame(self, roles: Sequence[str]) -> list[str]:
        """What the template writes round messages of these roles: its words at the even places,
        at the odd ones the number of the message that stands there."""
        nonce = secrets.token_hex(16)
        # Small and capital letters, so that no change of case goes unnoticed.
        messages = [
            {"role": str(role), "content": f"qZ{nonce}n{number}Zq"}
            for number, role in enumerate(roles)
        ]
        frame = re.split(rf"qZ{nonce}n(\d{{1,6}})Zq", self._jinja.write(messages))
        order = [int(number) for number in frame[1::2]]
        # The system prompt may stand further down; the rest is a conversation.
        talk = [number for number in order if roles[number] != _SYSTEM]
        if (
            sorted(order) != list(range(len(roles)))
            or talk != sorted(talk)
            or order[-1] != len(roles) - 1
        ):
            raise refusal("it leaves out, repeats, reorders or changes messages")
        words = "".join(frame[::2]).lower()
        if nonce[:8] in words or nonce[-8:] in words:
            raise refusal("it writes pieces of messages")
        return frame

    def _split(self, words: str) -> Iterator[Part]:
        for at, piece in enumerate(self._controls.split(words)):
            yield Control(piece) if at % 2 else piece


def template_for(
    kind: Literal["vicuna", "model"],
    *,
    chat_template: str | None = None,
    control_tokens: frozenset[str] = frozenset(),
    bos: str = "",
    eos: str = "",
) -> Template:
    """The template that ``PROMPT_TEMPLATE`` names; the rest is what the model's file says.

    Raises:
        ModelError: the model has no chat template of its own, or one that cannot be used.
    """
    if kind == "vicuna":
        return VicunaTemplate()
    if chat_template is None:
        raise ModelError(
            "The model carries no chat template of its own. Set PROMPT_TEMPLATE=vicuna."
        )
    return ModelTemplate(chat_template, control_tokens, bos, eos)
