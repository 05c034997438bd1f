"""Bytes to characters: a byte order mark, UTF-16 by its zero bytes, UTF-8, a guess, cp1252."""

from __future__ import annotations

import codecs
import encodings
import pkgutil

import chardet

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16's, which it begins with.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 64 * 1024

# Codecs that turn bytes into something other than text, or that look elsewhere.
_NO_CHARSETS = ("idna", "punycode", "mbcs", "oem", "undefined", "charmap")


def load(data: bytes) -> None:
    """Import every codec, and the models that guess one where ``data`` may need it (0.1 s):
    afterwards decoding opens no file."""
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in ("mbcs", "oem", "aliases"):
            codecs.lookup(module.name)
    if not data.startswith(b"%PDF-") and not _is_utf8(data):
        chardet.detect(b"caf\xe9 \xcf\xf0\xe8\xe2\xe5\xf2")


def decode(data: bytes) -> str:
    """``data`` as text, with U+FFFD for what is no character. Never fails."""
    return data.decode(encoding_of(data), errors="replace")


def decode_as(data: bytes, charset: str | None) -> str:
    """``data`` in the encoding that its file names, where that is one; else as it looks."""
    if charset:
        try:
            if codecs.lookup(charset).name not in _NO_CHARSETS:
                return data.decode(charset)
        except (LookupError, UnicodeError, ValueError):
            pass
    return decode(data)


def encoding_of(data: bytes) -> str:
    """The name of the codec that ``data`` is most likely written in."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > 0.2 * len(sample) / 2 and min(even, odd) < 0.1 * max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    if _is_utf8(data):
        return "utf-8"
    try:
        guess = chardet.detect(sample)["encoding"]
        return codecs.lookup(guess).name if guess else "cp1252"
    except (LookupError, OSError):
        # Its models were not loaded while they could be: a mail in ASCII had this attached.
        return "cp1252"


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, but for a few damaged places at most."""
    try:
        # The data may have been cut in the middle of its last character.
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        sample = data[:_SAMPLE].decode("utf-8", errors="replace")
        damaged = sample.count("\ufffd")
        good = sum(char > "\x7f" for char in sample) - damaged
        return good >= 8 * damaged > 0
    return True
