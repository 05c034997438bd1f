"""What of a conversation fits the context window, and stays put between turns.

A prompt is the system prompt, the exchanges from an anchor on, and the newest question. The
engine keeps what it computed for a prompt's beginning, so the anchor stays where it is while the
prompt fits, and jumps far enough ahead, when it does not, to stay there for a while.

What has to go goes in this order: exchanges, oldest first; the beginning of a reply that is
being continued; the middle of the newest question. The system prompt is never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.errors import PromptTooLong
from bot.language import phrase
from bot.prompts.prompt import Prompt
from bot.prompts.template import Exchange, Template

CUT = "[…]"
"""Stands where something was cut out of a text."""

MIN_QUESTION = 40
"""Characters of the newest question that must fit, or it is not worth answering."""

MIN_REPLY_SO_FAR = 200
"""Characters at the end of a reply that it takes to continue it."""

# How far a cut may move, in characters, to fall between two words.
_WORD = 30


@dataclass(frozen=True, slots=True)
class Window:
    """A prompt that fits."""

    prompt: Prompt
    anchor: int
    """Index of the first exchange in ``prompt``; the length of the history when none is."""
    prompt_tokens: int
    question_cut: bool
    """The newest question did not fit as a whole, which its author should be told."""


def fit(
    *,
    system: str,
    history: Sequence[Exchange],
    question: str,
    template: Template,
    count: Callable[[Prompt], int],
    budget: int,
    speaker: str | None = None,
    anchor: int = 0,
    reply_so_far: str = "",
) -> Window:
    """The window for the reply to ``question``: never more than ``budget`` tokens.

    ``history`` is oldest first; nothing before ``anchor`` is sent. ``budget`` is the context
    less what is kept free for the reply, in tokens. ``count`` is the length of a prompt by the
    tokenizer that will encode it; it is called once when nothing has to go, and some
    2 log2(len(history)) times when exchanges have to.

    Where the anchor jumps, it jumps to the first exchange from which on half of the budget is
    free, or past them all where there is none. The exception is a question that, with the system
    prompt, leaves less than 40% of the budget by itself: then half of what it leaves is enough.

    Raises:
        PromptTooLong: the system prompt leaves no room for a question.
    """

    def window(first: int, asked: str = question, begun: str = reply_so_far) -> Window:
        prompt = template.render(
            system, history[first:], asked, speaker=speaker, reply_so_far=begun
        )
        return Window(prompt, first, count(prompt), asked is not question)

    end = len(history)
    anchor = min(max(anchor, 0), end)
    whole = window(anchor)
    if whole.prompt_tokens <= budget:
        return whole
    newest = whole if anchor == end else window(end)
    left = budget - newest.prompt_tokens
    if left >= 0:
        free = -(-budget // 2) if left >= 0.4 * budget else left // 2
        # Past them all is the last resort, whatever it leaves.
        best = newest
        too_early = anchor
        while best.anchor - too_early > 1:
            tried = window((too_early + best.anchor) // 2)
            if tried.prompt_tokens <= budget - free:
                best = tried
            else:
                too_early = tried.anchor
        return best

    def shorter(build: Callable[[int], Window], most: int, least: int) -> Window | None:
        """The window of ``build`` for as many of ``most`` characters as fit the budget,
        ``None`` where ``least`` do not."""
        if most <= least or (best := build(least)).prompt_tokens > budget:
            return None
        too_many = most
        while too_many - least > 1:
            tried = build((least + too_many) // 2)
            if tried.prompt_tokens <= budget:
                best, least = tried, (least + too_many) // 2
            else:
                too_many = (least + too_many) // 2
        return best

    fitted = shorter(
        lambda kept: window(end, begun=_end(reply_so_far, kept)),
        len(reply_so_far),
        MIN_REPLY_SO_FAR,
    ) or shorter(
        lambda kept: window(end, _ends(question, kept), _end(reply_so_far, MIN_REPLY_SO_FAR)),
        len(question),
        MIN_QUESTION,
    )
    if fitted is None:
        raise PromptTooLong(
            phrase(
                "The system prompt leaves no room for a question in the model's context window "
                "of which {budget} tokens are for the prompt. Set a shorter one with "
                "`/persona set`.",
                budget=budget,
            )
        )
    return fitted


def _ends(text: str, kept: int) -> str:
    """``kept`` characters of a longer text, from its beginning and its end alike: what is to be
    done with a long paste stands before it or behind it."""
    tail = kept // 2
    head = kept - tail
    start = text[:head]
    space = max(start.rfind(" "), start.rfind("\n"))
    if space >= head - _WORD:
        start = start[:space]
    return f"{start.rstrip()} {CUT} {_end_of_words(text, tail)}"


def _end(text: str, kept: int) -> str:
    """The last ``kept`` characters of a text, marked where something is missing."""
    return text if kept >= len(text) else f"{CUT} {_end_of_words(text, kept)}"


def _end_of_words(text: str, kept: int) -> str:
    end = text[len(text) - kept :]
    spaces = [at for at in (end.find(" ", 0, _WORD), end.find("\n", 0, _WORD)) if at >= 0]
    return end[min(spaces, default=-1) + 1 :]
