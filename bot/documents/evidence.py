"""Whether what a reply says stands in the passages it was given, as far as words can tell.

A reply that follows its text takes its rarer words and its numbers from it. So each sentence of
the reply is weighed against each passage: the share of the weight of its words, rare ones
weighing more, that the passage holds too. What the question already said proves nothing and is
left out where anything else remains.

It is a test of words: it finds replies that come from elsewhere, and not those that twist what
the text says. ``python -m bench evidence`` prints how often it is right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.documents.numbers import numbers, values
from bot.documents.passages import Passage
from bot.documents.search import Index

SUPPORTED = 0.6
"""Share of a sentence's weight that a passage has to hold. Measured with Debian's FAQ in seven
languages and generated reports: all of 555 replies in the words of the text are found, 77% of those
with a quarter of other words, 11% of 862 that answer another question from the same document, and
none of 87 with another figure. At 0.5 it is 85% and 15%."""

PARTLY = 0.35
"""Below this, nothing that was sent bears the reply out at all."""

_WRONG_NUMBERS = 0.7
"""What a sentence loses of its share where none of its numbers is right: the words around them
alone do not reach :data:`PARTLY`, so that to name the source does not help."""

_SENTENCE = re.compile(
    r"(?<=[.!?\u061f\u0964])[\"'\u201d\u2019)]?\s+|(?<=[\u3002\uff01\uff1f])|\n+"
)
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)]\s+", re.MULTILINE)
_LABEL = re.compile(
    r"^\s*(?:(?:the |final )?answer|antwort|r\u00e9ponse|respuesta|risposta"
    r"|\u043e\u0442\u0432\u0435\u0442|a)\s*[:\uff1a]\s*",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^\s*(?:yes|yeah|correct|true|ja|oui|s[i\u00ed\u00ec]|sim|tak|\u0434\u0430|\u662f\u7684?|\u306f\u3044"
    r"|\u0646\u0639\u0645)[,:;\u3001\uff0c\u060c]\s*(?=\S)",
    re.IGNORECASE,
)
_ALIKE = 0.85
"""Of :class:`difflib.SequenceMatcher`: "color" is "colour", and "bluberries" "blueberries"."""

_LEAD = 6
"""Words of the shortest."""

_DENIAL = re.compile(
    r"\b(do(es)? ?n[o']t (know|contain|mention|say|state|provide|specify|include|appear)"
    r"|not? (mentioned|specified|stated|provided|given|found|included|information|answer)"
    r"|cannot (answer|find|determine|be (answered|found|determined))|can'?t (answer|find|tell)"
    r"|unable to (answer|find|determine)|no (relevant )?(information|mention|answer)"
    r"|(wei\u00df|weiss) (ich )?nicht|nicht (erw\u00e4hnt|enthalten|angegeben|bekannt)"
    r"|keine (angabe\w*|information\w*|antwort)|ne (sais|contient|mentionne|pr\u00e9cise) pas"
    r"|aucune (information|mention|r\u00e9ponse)|no (s\u00e9|se menciona|contiene|aparece)"
    r"|ninguna (informaci\u00f3n|respuesta)|\u043d\u0435 (\u0437\u043d\u0430\u044e"
    r"|\u0443\u043a\u0430\u0437\u0430\u043d\w*|\u0443\u043f\u043e\u043c\u0438\u043d\w*"
    r"|\u0441\u043e\u0434\u0435\u0440\u0436\w*)|\u043d\u0435\u0442 \u0438\u043d\u0444\w*)\b"
    r"|\u4e0d\u77e5\u9053|\u6ca1\u6709\u63d0|\u672a\u63d0|\u308f\u304b\u308a\u307e\u305b\u3093"
    r"|\u8a18\u8f09\u304c\u3042\u308a\u307e\u305b\u3093",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Support:
    """What of a reply its passages bear out."""

    share: float
    """0 to 1: the best share of each sentence, weighed by the sentences' lengths."""
    passages: tuple[int, ...]
    """Indices of the passages that bear out a sentence, in their order."""
    is_denial: bool
    """The reply says that the answer is not there."""

    @property
    def is_found(self) -> bool:
        """Whether the reply may be shown as coming from the documents."""
        return bool(self.passages) and self.share >= PARTLY


def support(reply: str, question: str, passages: Sequence[Passage]) -> Support:
    """Which of ``passages``, the ones that were in the prompt, bear out ``reply``.

    ``reply`` without the lines in which it names its sources. Some milliseconds for a prompt of
    2,000 tokens.
    """
    denial = is_denial(reply)
    if not passages:
        return Support(0.0, (), denial)
    scale = _Scale(passages, question)
    total = weighed = 0.0
    found: set[int] = set()
    for number, sentence in enumerate(_sentences(reply)):
        if number == 0:
            sentence = scale.without_lead(sentence)  # noqa: PLW2901
        shares, weight = scale.shares(_YES.sub("", sentence, count=1))
        if not shares:
            continue
        best = max(shares)
        total += weight
        weighed += weight * best
        if best >= SUPPORTED:
            # Those that bear out as much as the best does, so that a fact that stands twice
            # has both its sources.
            found |= {number for number, share in enumerate(shares) if share >= best - 0.05}
    share = weighed / total if total else 0.0
    return Support(share, tuple(sorted(found)), denial)


def is_denial(reply: str) -> bool:
    """Whether a reply's first sentence says that it has no answer."""
    sentences = _sentences(reply)
    return bool(sentences) and _DENIAL.search(sentences[0]) is not None


def _sentences(reply: str) -> list[str]:
    plain = _LIST_NUMBER.sub("", _LABEL.sub("", reply))
    return [sentence for sentence in _SENTENCE.split(plain) if sentence and sentence.strip()]


class _Scale:
    """Weighs sentences against the passages of one prompt."""

    def __init__(self, passages: Sequence[Passage], question: str) -> None:
        self._index = Index(passages)
        self._held = [set(self._index.terms(_text(passage))) for passage in passages]
        self._numbers = [values(_text(passage)) for passage in passages]
        # A word that stands nowhere is no more telling than one that stands in one place.
        self._rarest = math.log1p((len(passages) - 0.5) / 1.5)
        self._asked = set(self._index.terms(question))
        self._asked_words = [word[0] for word in self._index.words(question) if word]
        self._asked_numbers = values(question)

    def shares(self, sentence: str) -> tuple[list[float], float]:
        """For each passage the share of the sentence's weight that it holds, and the weight;
        nothing for a sentence that says nothing."""
        words = self._index.words(sentence)
        fresh = [word for word in words if not self._is_asked(word)]
        words = fresh if sum(map(self._weight, fresh)) > self._rarest / 2 else words
        told = {number for number in numbers(sentence) if not number.stands_in(self._asked_numbers)}
        weight = sum(map(self._weight, words))
        if not weight:
            return [], 0.0
        shares = []
        for held, known in zip(self._held, self._numbers, strict=True):
            share = sum(self._weight(word) for word in words if held.intersection(word)) / weight
            # A number is right or wrong: the nearest page with another number is no source.
            wrong = sum(not number.stands_in(known) for number in told)
            shares.append(share * (1 - _WRONG_NUMBERS * wrong / max(len(told), 1)))
        return shares, weight

    def without_lead(self, sentence: str) -> str:
        """A reply's first sentence without what leads up to it, as "I can tell you this:" does,
        where that stands nowhere. What is short may name what is told, and a number is told."""
        lead, _, rest = sentence.partition(": ")
        if not rest.strip() or len(lead.split()) < _LEAD or any(map(str.isdigit, lead)):
            return sentence
        shares, _ = self.shares(lead)
        return sentence if max(shares, default=1.0) >= PARTLY else rest

    def _is_asked(self, word: Sequence[str]) -> bool:
        """Whether the question has the word, in this spelling or another."""
        if self._asked.intersection(word):
            return True
        if not word or len(word[0]) <= 3:
            return False
        return any(
            abs(len(word[0]) - len(asked)) <= 2
            and SequenceMatcher(None, word[0], asked, autojunk=False).ratio() >= _ALIKE
            for asked in self._asked_words
        )

    def _weight(self, word: Sequence[str]) -> float:
        """A word that every passage holds tells little; a short one less."""
        if not word:
            return 0.0
        told = min(self._index.weight(word[0]), self._rarest)
        return told * min(len(word[0]) / 5, 1.0) if word[0].isascii() else told


def _text(passage: Passage) -> str:
    return f"{passage.section or ''}\n{passage.text}"
