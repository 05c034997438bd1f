"""Which passages of a channel's documents a question is about, and as many as fit the prompt."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.documents.extracted import shared_section
from bot.documents.passages import Passage, goes_on
from bot.documents.terms import Terms, forms

_K1, _B = 1.2, 0.75
_NEIGHBOUR = 0.4
"""What the passages before and behind lend a passage: an answer often stands beside the words
of its question."""

_RARE = 0.01
"""Share of the passages: a word that stands in no more of them is searched for in its other forms,
too."""

_WORTH_A_PLACE = 0.5
"""Of the best passage's score: a document whose own best passage reaches it gets a place before
another document gets a second one."""

_MAX_PLACES = 5
_MAX_MISSES = 12

_ABOUT_THE_DOCUMENT = re.compile(
    r"\b(titled?|authors?|wr[io]te|written|writer|published|publisher|publication|abstract|dated?"
    r"|titel|autor\w*|verfass\w*|datum|ver\u00f6ffentlicht"
    r"|titre|auteur\w*|\u00e9crit|publi\u00e9\w*|t\u00edtulo|autor\w*|escri\w+|fecha|publicad\w+"
    r"|titolo|scritt\w+|pubblicat\w+|data"
    r"|\u0430\u0432\u0442\u043e\u0440\w*|\u043d\u0430\u0437\u0432\u0430\u043d\w*"
    r"|\u043d\u0430\u043f\u0438\u0441\u0430\w*|\u0434\u0430\u0442\w*)\b"
    r"|\u4f5c\u8005|\u6807\u9898|\u6a19\u984c|\u984c\u540d|\u65e5\u671f|\u8457\u8005",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One passage, or several that follow on each other: what becomes one block of the prompt."""

    passages: tuple[Passage, ...]
    score: float
    """Of the best of them; comparable within one search only."""

    @property
    def document(self) -> str:
        return self.passages[0].document

    @property
    def text(self) -> str:
        """As it stands in the document, but for blank lines between passages."""
        texts = (p.text if p.text.endswith(" ") else f"{p.text}\n" for p in self.passages)
        return "".join(texts)[:-1]

    @property
    def page(self) -> int | None:
        return self.passages[0].page

    @property
    def last_page(self) -> int | None:
        return self.passages[-1].last_page

    @property
    def member(self) -> str | None:
        return self.passages[0].member

    @property
    def section(self) -> str | None:
        """Of the first passage, where they all stand in it; else what their sections share."""
        return shared_section(passage.section for passage in self.passages)


Cost = Callable[[Sequence[Excerpt]], int]
"""The tokens that these take in the prompt, markers and all; called some tens of times a search,
so it may be exact: the length of the whole prompt, encoded."""


class Index:
    """The passages of some documents, ready to be searched. Building it takes about a second
    for a million words, searching it some milliseconds: both are meant for a thread."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """``passages``: those of a document stand together, in their order."""
        self.passages = passages
        self._terms = Terms()
        self._postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._lengths: list[int] = []
        for number, passage in enumerate(passages):
            terms = self._terms.of(passage.text)
            # A question may name the file, or the chapter.
            terms += self._terms.of(f"{passage.document} {passage.section or ''}")
            self._lengths.append(len(terms))
            for term, times in Counter(terms).items():
                self._postings[term].append((number, times))
        self._mean = sum(self._lengths) / max(len(self._lengths), 1) or 1.0

    def scores(self, question: str) -> list[float]:
        """How well each passage goes with ``question``: BM25, smoothed over neighbours."""
        plain = self._bm25(question)
        smooth = plain.copy()
        for here in range(1, len(plain)):
            if self.passages[here].document == self.passages[here - 1].document:
                smooth[here] += _NEIGHBOUR * plain[here - 1]
                smooth[here - 1] += _NEIGHBOUR * plain[here]
        return smooth

    def terms(self, text: str) -> list[str]:
        """Every term of a text, as often as it stands there."""
        return self._terms.of(text)

    def words(self, text: str) -> list[list[str]]:
        """The terms of each word of a text."""
        return self._terms.words(text)

    def holds(self, term: str) -> bool:
        """Whether it stands in some passage, or in the name of its document or section."""
        return term in self._postings

    def weight(self, term: str) -> float:
        """How much a term tells: the rarer the more."""
        return self._weight(len(self._postings.get(term, ())))

    def _weight(self, found: int) -> float:
        return math.log1p((len(self.passages) - found + 0.5) / (found + 0.5))

    def _bm25(self, question: str) -> list[float]:
        scores = [0.0] * len(self.passages)
        for term in set(self._terms.of(question)):
            held = dict(self._postings.get(term, ()))
            others = self._other_forms(term) if len(held) <= _RARE * len(scores) else {}
            found = {**others, **held}
            weight = self._weight(len(found))
            for number, times in found.items():
                long = _K1 * (1 - _B + _B * self._lengths[number] / self._mean)
                scores[number] += weight * times * (_K1 + 1) / (times + long)
        return scores

    def _other_forms(self, term: str) -> Counter[int]:
        """The passages that hold a word in another form, and how often."""
        found: Counter[int] = Counter()
        for form in forms(term):
            found.update(dict(self._postings.get(form, ())))
        return found

    def search(self, question: str, budget: int, cost: Cost) -> list[Excerpt]:
        """The passages for ``question`` whose ``cost`` is at most ``budget`` tokens, in the order
        of their documents. All of them if they fit; none if nothing does.

        Passages that share no word with the question are only taken when all fit.
        """
        if sum(passage.tokens for passage in self.passages) <= 1.2 * budget:
            whole = everything(self.passages)
            if cost(whole) <= budget:
                return whole
        scores = self.scores(question)
        chosen: set[int] = set()
        misses = 0
        for number in self._ranked(question, scores):
            if misses >= _MAX_MISSES:
                break
            if number in chosen:
                continue
            room = budget - sum(self.passages[other].tokens for other in chosen)
            if (
                self.passages[number].tokens <= 1.2 * room
                and cost(self._excerpts(sorted({*chosen, number}), scores)) <= budget
            ):
                chosen.add(number)
            else:
                misses += 1
        return self._excerpts(sorted(chosen), scores)

    def _ranked(self, question: str, scores: list[float]) -> list[int]:
        """Passages in the order in which they are given a place."""
        best: dict[str, int] = {}
        first: dict[str, int] = {}
        for number, passage in enumerate(self.passages):
            first.setdefault(passage.document, number)
            held = best.get(passage.document)
            if held is None or scores[number] > scores[held]:
                best[passage.document] = number
        order = sorted(best.values(), key=lambda number: -scores[number])
        if not order or scores[order[0]] <= 0:
            return []
        worth = _WORTH_A_PLACE * scores[order[0]]
        places = [number for number in order if scores[number] >= worth][:_MAX_PLACES]
        if _ABOUT_THE_DOCUMENT.search(question):
            places += [first[self.passages[number].document] for number in places[:2]]
        rest = [number for number, score in enumerate(scores) if score > 0]
        # As many as any budget could take, and those that are passed over for their size.
        return places + heapq.nlargest(400, rest, key=lambda number: scores[number])

    def _excerpts(self, numbers: Sequence[int], scores: list[float]) -> list[Excerpt]:
        return _joined(self.passages, numbers, scores)


def everything(passages: Sequence[Passage]) -> list[Excerpt]:
    """Each document as one excerpt, or one for each of its sheets and of the files inside it.

    ``passages``: those of a document stand together."""
    return _joined(passages, range(len(passages)), [0.0] * len(passages))


def _joined(
    passages: Sequence[Passage], numbers: Sequence[int], scores: Sequence[float]
) -> list[Excerpt]:
    """These passages, neighbours of one document put together, as far as one can be told where
    all of it stands."""
    groups: list[list[int]] = []
    for number in numbers:
        passage = passages[number]
        if groups and groups[-1][-1] == number - 1:
            before = passages[number - 1]
            same_file = (before.document, before.member) == (passage.document, passage.member)
            if same_file and goes_on(before, passage):
                groups[-1].append(number)
                continue
        groups.append([number])
    return [
        Excerpt(
            tuple(passages[number] for number in group),
            max(scores[number] for number in group),
        )
        for group in groups
    ]


def search(question: str, passages: Sequence[Passage], budget: int, cost: Cost) -> list[Excerpt]:
    """:meth:`Index.search` on passages that are searched only once."""
    return Index(passages).search(question, budget, cost)
