"""People's text, made harmless without making it unreadable.

Control tokens cannot be typed (see :mod:`bot.prompts.prompt`), but a turn of the vicuna template
begins with plain letters: ``USER:`` and ``ASSISTANT:``. Where a text shows them, however it is
spelled, one middle dot is put before the colon, ``USER\u00b7:``: a pasted chat log stays readable,
and the letters that the model was trained to take for a turn are not there any more. Everything
else is left as it is, byte for byte, but for control characters and the usual spellings of control
tokens.

Matching is done on the :mod:`~bot.prompts.skeleton` and takes time in proportion to the text.
Cleaning a clean text changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from bot.prompts.skeleton import Folded, fold, fold_char, one_of, spelled

MAX_NAME_LENGTH = 32
"""Characters of a display name that reach the model; Discord allows as many."""

NAMELESS = "Someone"
"""Stands for a display name of which nothing can be seen."""

_DOT = "\u00b7"
_ZWJ = "\u200d"

_NEWLINE = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# C0, DEL and C1 but for tab and newline; lone surrogates, which no tokenizer can encode; and the
# two code points that are no characters.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Tag characters are an invisible copy of ASCII, which a model may read; only the flags of
# England, Scotland and Wales need them.
_TAGS = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f)|[\U000e0000-\U000e007f]+",
)

# Every run below is possessive or bounded, so that no text is scanned over and over.
_SPACED = r"[\s\-]++"
_TURN = re.compile(
    # Nearly every place of a text ends here, three times as fast as without.
    r"(?=[UASH#])(?P<role>"
    # Vicuna's own two are found at the end of a longer word too: stop strings are.
    rf"{one_of(['USER', 'ASSISTANT'])}"
    rf"|(?<![^\W_])(?:{one_of(['SYSTEM', 'HUMAN'])}"
    rf"|{spelled('USER', _SPACED)}|{spelled('ASSISTANT', _SPACED)})"
    rf"|(?P<heading>(?<!\#)\#{{2,}}+\s*+){one_of(['INSTRUCTION', 'RESPONSE', 'INPUT'])}"
    # Looked at and not consumed: what leads to the colon may begin the line of another turn.
    r")(?=[\s*_`~]*+(?P<colon>:))",
    re.IGNORECASE,
)

# ChatML and its kin, LLaMA's and Gemma's, so that they are not even read as such. The bracket is
# what changes. That no spelling of any vocabulary becomes a control token is the encoders' part.
_TOKEN = re.compile(
    r"<(?=/?s>|/?(?:unk|pad|bos|eos)>|\|[^\s<>|]{1,40}\|>|(?:start|end)_of_turn>|</?SYS>>)"
    r"|\[(?=/?INST\])",
    re.IGNORECASE,
)


class _Edit(NamedTuple):
    start: int
    end: int
    replacement: str


def clean_text(text: str) -> str:
    """A message's body, or a reply that goes back into a prompt, fit to stand in a turn.

    Role words that read as a turn get a dot: in capitals anywhere, capitalised (``User:``) where
    a line begins. All in small letters they are left alone: ``user: root`` is a line of
    somebody's configuration far more often than a turn, and no template writes turns like that.
    """
    text = _CONTROL.sub("", _NEWLINE.sub("\n", text))
    text = _TAGS.sub(r"\1", text)
    folded = fold(text)
    offsets = folded.offsets
    edits = [
        _Edit(offsets[match.start("colon")], offsets[match.start("colon")], _DOT)
        for match in _TURN.finditer(folded.skeleton)
        if _reads_as_turn(match)
    ]
    for match in _TOKEN.finditer(folded.skeleton):
        at = offsets[match.start()]
        edits.append(_Edit(at, at + 1, "\u2039" if match[0] == "<" else f"[{_DOT}"))
    return _edited(text, edits)


def clean_name(name: str) -> str:
    """A display name as the head of its owner's text: one line of at most
    :data:`MAX_NAME_LENGTH` characters without a colon or anything invisible, never empty."""
    seen = ""
    for char in clean_text(name[: 8 * MAX_NAME_LENGTH]):
        if char.isspace() or fold_char(char) == ":":
            seen += " "
        elif unicodedata.category(char) != "Cf" or (char == _ZWJ and _joins(seen)):
            seen += char
    seen = " ".join(clean_text(seen).split())[:MAX_NAME_LENGTH].rstrip(f" {_ZWJ}")
    return seen if fold(seen).skeleton.strip() else NAMELESS


def clean_speech(text: str, speaker: str | None) -> str:
    """What one person said, headed by their display name where there is one.

    Name and text are cleaned as one, or somebody called "USER" would open a turn.
    """
    if speaker is not None:
        text = f"{clean_name(speaker)}: {clean_text(text).strip()}"
    return clean_text(text).strip()


def break_delimiters(text: str, words: Iterable[str]) -> str:
    """Put a dot behind the first letter of every one of ``words`` that ``text`` shows, in any
    case and however its letters are spelled or set apart by spaces, hyphens or line breaks."""
    folded = fold(text)
    after = [folded.offsets[match.start()] + 1 for match in _delimiters(folded, words)]
    return _edited(text, [_Edit(at, at, _DOT) for at in after])


def count_delimiters(text: str, words: Iterable[str]) -> int:
    """How often ``text`` shows one of ``words``, by the measure of :func:`break_delimiters`."""
    return len(_delimiters(fold(text), words))


def _delimiters(folded: Folded, words: Iterable[str]) -> list[re.Match[str]]:
    pattern = re.compile(one_of(words, r"[\s\-]*+"), re.IGNORECASE)
    return list(pattern.finditer(folded.skeleton))


def _reads_as_turn(match: re.Match[str]) -> bool:
    role = match["role"]
    if match["heading"] is not None:
        return True
    if role.islower():
        return False
    return not role.istitle() or _begins_line(match.string, match.start())


def _begins_line(text: str, at: int) -> bool:
    """Whether nothing but quote marks, bullets or emphasis stands before ``at`` in its line."""
    while at > 0 and text[at - 1] != "\n":
        if text[at - 1].isalnum():
            return False
        at -= 1
    return True


def _joins(text: str) -> bool:
    """Whether a joiner at the end of ``text`` would join an emoji."""
    return text != "" and (text[-1] == "\ufe0f" or unicodedata.category(text[-1]) in ("So", "Sk"))


def _edited(text: str, edits: list[_Edit]) -> str:
    done = 0
    parts: list[str] = []
    for edit in sorted(edits):
        parts += (text[done : edit.start], edit.replacement)
        done = edit.end
    return "".join([*parts, text[done:]])
