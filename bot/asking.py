"""Questions about documents: passages to a prompt, and what of the reply they bear out.

No Discord and no database: a channel's documents and the terminal both take this way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.documents.evidence import PARTLY, support
from bot.documents.extracted import shown_name
from bot.documents.passages import Passage
from bot.documents.search import Excerpt, Index
from bot.documents.unmentioned import unmentioned
from bot.documents.whole import Whole, evenly
from bot.errors import PromptTooLong
from bot.generation.engine import SamplingParams
from bot.language import joined, phrase
from bot.prompting import Prompter
from bot.prompts import Prompt
from bot.prompts.closed_context import STOP, Block, closed_context, instruction, read_answer

MAX_SOURCES = 5
"""Sources shown under one reply: a row of Discord's buttons."""

_SOURCE_BEGINS_WITHIN = 32
"""Characters at the head of a line in which a source is recognised: "References: document"."""

QUESTION_TOO_LONG = phrase(
    "Your question is so long that no passage of the documents fits beside it. "
    "Please ask it in fewer words."
)

_CONTINUED_FROM = 1500
"""Characters of a reply that is continued which the model gets to see: the passages that it
comes from need the room."""


class Choice(StrEnum):
    """How the passages in a prompt were chosen."""

    FOUND = "found"
    """By the words of the question; or they are all there are."""
    WHOLE = "whole"
    """The question is about the whole, which does not fit: it was read part by part."""
    BEGINNINGS = "beginnings"
    """No word of the question stands in the documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """A question with what was found for it, ready to be asked."""

    question: str
    prompt: Prompt
    prompt_tokens: int
    excerpts: tuple[Excerpt, ...]
    """What the answer is to be drawn from."""
    blocks: tuple[Block, ...]
    """One for each of ``excerpts``, as the model knows it."""
    searched: int
    """Passages among which they were found."""
    choice: Choice
    unmentioned: tuple[str, ...] = ()
    """Names and numbers of the question that stand nowhere in what was searched: an answer is about
    something else, then, whatever it says."""
    whole: Whole | None = None
    """Where the prompt holds notes on the excerpts instead of their text."""

    @property
    def passages(self) -> list[Passage]:
        return [passage for excerpt in self.excerpts for passage in excerpt.passages]


def consult(
    prompter: Prompter,
    system: str,
    question: str,
    passages: Sequence[Passage],
    *,
    reply_so_far: str = "",
) -> Consultation:
    """Find what ``question`` is about, as much as the context window takes, and put the prompt
    together. Takes up to a second for a million words and is meant for a thread.

    ``passages``: those of a document stand together, in their order. ``reply_so_far``: the
    beginning of the reply, where it is being continued.

    Raises:
        PromptTooLong: the question leaves no room for a passage.
        PromptFailed: a document is made to break out of its block.
    """
    asked = instruction(question)
    begun = end_of(reply_so_far)

    def render(excerpts: Sequence[Excerpt]) -> Prompt:
        return rendered(prompter, system, asked, list(map(block_of, excerpts)), begun)

    def cost(excerpts: Sequence[Excerpt]) -> int:
        return prompter.count(render(excerpts))

    choice = Choice.FOUND
    index = Index(passages)
    excerpts = index.search(question, prompter.budget, cost)
    if not excerpts:
        choice = Choice.BEGINNINGS
        excerpts = _beginnings(passages, prompter.budget, cost)
    if not excerpts:
        raise PromptTooLong(QUESTION_TOO_LONG)
    prompt = render(excerpts)
    return Consultation(
        question=question,
        prompt=prompt,
        prompt_tokens=prompter.count(prompt),
        excerpts=tuple(excerpts),
        blocks=tuple(map(block_of, excerpts)),
        searched=len(passages),
        choice=choice,
        unmentioned=unmentioned(question, index),
    )


def rendered(
    prompter: Prompter, system: str, asked: str, blocks: Sequence[Block], reply_so_far: str = ""
) -> Prompt:
    """The prompt for an instruction about blocks.

    Raises:
        PromptFailed: a document is made to break out of its block.
    """
    turn = closed_context(asked, blocks)
    return prompter.template.render(system, [], turn, reply_so_far=reply_so_far)


def sampling(prompter: Prompter) -> SamplingParams:
    """How replies about documents are sampled: as others, but they end where a block begins."""
    params = prompter.params
    return replace(params, stop=(*params.stop, *STOP))


def block_of(excerpt: Excerpt) -> Block:
    """An excerpt as it stands in the prompt, with what the model cites it by."""
    source = [("file", excerpt.document)]
    if excerpt.page is not None:
        source.append(("page", _pages(excerpt.page, excerpt.last_page)))
    if excerpt.section:
        source.append(("section", excerpt.section))
    return Block(tuple(source), excerpt.text)


def _beginnings(
    passages: Sequence[Passage], budget: int, cost: Callable[[Sequence[Excerpt]], int]
) -> list[Excerpt]:
    """The first passages of each document in turn, as long as they fit."""
    order = sorted(passages, key=lambda passage: passage.index)
    taken: list[Passage] = []
    for passage in order[:12]:
        tried = sorted([*taken, passage], key=passages.index)
        if cost([Excerpt((one,), 0.0) for one in tried]) > budget:
            break
        taken = tried
    return [Excerpt((passage,), 0.0) for passage in taken]


def end_of(reply: str) -> str:
    """As much of a reply that is being continued as the model gets to see."""
    if len(reply) <= _CONTINUED_FROM:
        return reply
    return reply[-_CONTINUED_FROM:].split(" ", 1)[-1]


class Answering:
    """A reply while it is written, as far as it can be shown without its list of sources."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks

    def text_of(self, reply: str) -> str:
        """What is certain to be no source. The last line is held back while it is so short that
        a source may become of it."""
        text = read_answer(reply, self._blocks).text
        start = text.rfind("\n") + 1
        return text if len(text) - start > _SOURCE_BEGINS_WITHIN else text[:start].rstrip()


class Standing(StrEnum):
    """What the documents say to a reply."""

    SUPPORTED = "supported"
    NOT_ANSWERED = "not answered"
    """The reply itself says that the answer is not in what it was given."""
    NOT_FOUND = "not found"
    """Nothing that the model was given bears the reply out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A reply, held against the passages that it was written from."""

    text: str
    """What it says, without the lines in which it names its sources."""
    standing: Standing
    sources: tuple[Excerpt, ...]
    """Up to :data:`MAX_SOURCES`, in their order; none unless it is supported."""


def judge(reply: str, consultation: Consultation) -> Verdict:
    """Hold a reply against its passages. Some milliseconds; meant for a thread.

    A source is what the words of the reply stand in. Where they stand in none well enough: the
    blocks that the reply names itself, if some bear it out by half; and for an answer that was
    written from notes, the parts whose notes bear it out.
    """
    answer = read_answer(reply, consultation.blocks)
    text = answer.text or reply.strip()
    passages = consultation.passages
    found = support(text, consultation.question, passages)
    named = [consultation.excerpts[number] for number in answer.named]
    sources: list[Excerpt] = []
    if found.is_found:
        borne = [passages[number] for number in found.passages]
        # Where a fact stands in more places than can be shown, the reply's own choice first.
        preferred = {passage for excerpt in named for passage in excerpt.passages}
        first = [passage for passage in borne if passage in preferred]
        rest = [passage for passage in borne if passage not in preferred]
        chosen = evenly(first, MAX_SOURCES)
        if len(chosen) < MAX_SOURCES:
            chosen += evenly(rest, MAX_SOURCES - len(chosen))
        sources = [Excerpt((passage,), 0.0) for passage in chosen]
    elif not found.is_denial:
        if found.share >= PARTLY:
            sources = named[:MAX_SOURCES]
        if not sources and consultation.whole is not None:
            sources = _noted(text, consultation.question, consultation.whole)
    if sources:
        standing = Standing.SUPPORTED
    elif found.is_denial:
        standing = Standing.NOT_ANSWERED
    else:
        standing = Standing.NOT_FOUND
    order = {passage: number for number, passage in enumerate(passages)}
    return Verdict(
        text=text,
        standing=standing,
        sources=tuple(sorted(sources, key=lambda source: order[source.passages[0]])),
    )


def _noted(text: str, question: str, whole: Whole) -> list[Excerpt]:
    """The parts of the documents whose notes bear a reply out."""
    notes = [
        Passage("", number, note.text, None, None, None, 0)
        for number, note in enumerate(whole.notes)
    ]
    found = support(text, question, notes)
    if not found.is_found:
        return []
    parts = [part for number in found.passages for part in whole.notes[number].parts]
    return evenly(list(dict.fromkeys(parts)), MAX_SOURCES)


def place_of(stretch: Passage | Excerpt) -> str:
    """Where in its document something stands: "page 3", "Setup", "notes.pdf, page 3" of a file
    inside of an archive, or nothing."""
    if stretch.page is None:
        return stretch.section or ""
    shown = _pages(stretch.page, stretch.last_page)
    page = (
        phrase("pages {pages}", pages=shown) if "-" in shown else phrase("page {page}", page=shown)
    )
    return joined([stretch.member, page], ", ") if stretch.member else page


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of documents, those that are the same set apart by a number."""
    seen: set[str] = set()
    apart: list[str] = []
    for name in names:
        shown = shown_name(name)
        number, tried = 2, shown
        while tried in seen:
            tried, number = f"{shown} ({number})", number + 1
        seen.add(tried)
        apart.append(tried)
    return apart


def _pages(first: int, last: int | None) -> str:
    return str(first) if last is None or last <= first else f"{first}-{last}"
