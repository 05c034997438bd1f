"""Text as files hold it to text as a reader sees it."""

from __future__ import annotations

import re

_NEWLINE = re.compile("\r\n?|[\x0b\x85\u2028\u2029]")
# pdfium writes U+0002 and U+FFFE where a line ends in the middle of a word.
_BROKEN_WORD = re.compile("[\x02\ufffe]\n?")
# Control characters; soft hyphens, zero-width spaces and byte order marks; directions, which can
# make a text read other than it is; the private ends of planes; lone surrogates; tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\ufeff\ufff0-\ufffb\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
# Bytes of cp1252 that somebody took for Latin-1: its quotes, dashes and euro.
_MISREAD = re.compile("[\x80-\x84\x86-\x9f]")
_SPACES = re.compile(r"[^\S\n]{4,}")
_TRAILING = re.compile(r"[^\S\n]+$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """``text`` without what cannot be seen, with ``\\n`` for every kind of line break, at most one
    empty line at a time and no space at the end of lines. Indentation stays, up to a width."""
    text = _NEWLINE.sub("\n", text)
    text = _UNSEEN.sub("", _BROKEN_WORD.sub("", _MISREAD.sub(_reread, text)))
    text = _TRAILING.sub("", _SPACES.sub("    ", text))
    return _EMPTY_LINES.sub("\n\n", text).strip("\n")


def _reread(match: re.Match[str]) -> str:
    return match[0].encode("latin-1").decode("cp1252", errors="ignore")


def one_line(text: str, most: int = 200) -> str:
    """``text`` as one line of at most ``most`` characters."""
    line = " ".join(clean(text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}\u2026"
