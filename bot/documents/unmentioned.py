"""Names and numbers of a question that stand nowhere in the documents.

A model answers a question about 2023 from the report of 2022, and one about a person who does not
occur from what it finds about another. The words of such a reply do stand in a passage; what gives
it away is in the question.
"""

from __future__ import annotations

import re

from bot.documents.search import Index

MOST = 3
"""As many are named to the person."""

_MARK = re.compile(
    # Not a part of 1,234.5, which languages write in different ways; and what has two digits
    # counts something more often than it names it.
    r"(?P<number>(?<![\w.,])\d{3,}(?!\w|[.,]\d))|(?P<word>\w{2,})"
)
_BEGINS_SENTENCE = re.compile(r"(?:^|[.!?:;\u2026\u00bf\u00a1\n])[\s\"'(\u201c\u201e\u00ab]*$")

_ABOUT_THE_REPLY = {
    *("english", "german", "french", "spanish", "portuguese", "italian", "russian", "chinese"),
    *("englisch", "deutsch", "franz\u00f6sisch", "spanisch", "portugiesisch", "italienisch"),
    *("json", "csv", "xml", "yaml", "html", "markdown", "pdf", "tldr", "tl", "dr", "eli5"),
}
"""What is asked for rather than asked about: "answer in French, as a CSV"."""
_LENGTH = re.compile(
    r"\s*(?:words?|characters?|letters?|tokens?|lines?|w\u00f6rter\w*|worte\w*|zeichen|zeilen"
    r"|mots|caract\u00e8res|lignes|palabras|caracteres|l\u00edneas|palavras|linhas)\b",
    re.IGNORECASE,
)
"""After a number: "in 100 words"."""
_GERMAN = re.compile(
    r"\b(?:der|die|das|des|dem|den|und|ist|war|wie|wer|wann|warum|welche[nmrs]?|nicht|eine?[nmrs]?"
    r"|kein\w*|ich|man|es|im|vom|zum|zur|auf|von|mit|f\u00fcr|\u00fcber|wird|werden|hat|kann)\b",
    re.IGNORECASE,
)
"""Two of these tell a question in which every noun has a capital."""


def unmentioned(question: str, index: Index) -> tuple[str, ...]:
    """Up to :data:`MOST` of them, as the question spells them, in its order.

    A name is a word with a capital inside of a sentence, or one like ``max_tokens`` or ``RX580``.
    Another form of a word that stands there is taken for it, as in a search. Where writing tells
    no names apart, as in German, in Chinese or all in capitals, they are not found. Of 830
    questions in seven languages whose answer is there, one has a word that is told.
    """
    marks = list(_MARK.finditer(question))
    capitals = sum(mark[0][0].isupper() for mark in marks)
    is_shouted = capitals >= 4 and capitals >= 0.6 * len(marks)
    is_german = len({word.casefold() for word in _GERMAN.findall(question)}) > 1
    found: dict[str, None] = {}
    for mark in marks:
        text = mark[0]
        if mark["number"]:
            is_telling = not _LENGTH.match(question, mark.end())
            spellings = [[text]]
        else:
            is_telling = _is_identifier(text) or (_is_name(question, mark) and not is_german)
            is_telling = is_telling and not is_shouted and text.casefold() not in _ABOUT_THE_REPLY
            spellings = [[term] for term in index.terms(f"{text} {text.removesuffix('s')}")]
        if is_telling and not any(all(map(index.holds, terms)) for terms in spellings):
            found.setdefault(text)
    return tuple(found)[:MOST]


def _is_identifier(word: str) -> bool:
    has_mark = "_" in word or any(map(str.isupper, word[1:])) or not word.isalpha()
    return has_mark and word.isascii() and any(map(str.isalpha, word))


def _is_name(question: str, word: re.Match[str]) -> bool:
    return word[0][0].isupper() and not _BEGINS_SENTENCE.search(question[: word.start()])
