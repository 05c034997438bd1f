"""Bytes to characters: the encoding that a file names; or a byte order mark, UTF-16 by its zero
bytes, ISO-2022-JP by its escapes, UTF-8, a guess, cp1252."""

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

# Labels that name another encoding than Python's codec of that name, or none that Python knows:
# https://encoding.spec.whatwg.org/#names-and-labels. What is labelled Latin-1 was hardly ever
# written in more than its first half without the quotes, dashes and the euro of cp1252.
_LABELS = {
    "cp1252": "ansi_x3.4-1968 ascii cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 "
    "iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 latin-1 us-ascii x-cp1252 x-user-defined",
    "cp1254": "csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 "
    "l5 latin5 x-cp1254",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk "
    "cp936",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022_jp_ext": "csiso2022jp iso-2022-jp",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 "
    "ksc5601 ksc_5601 windows-949",
    "koi8_u": "koi8-ru",
    "koi8_r": "cskoi8r koi koi8",
    "mac_roman": "csmacintosh mac x-mac-roman",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "iso8859_6": "csiso88596e csiso88596i iso-8859-6-e iso-8859-6-i",
    "iso8859_8": "csiso88598e csiso88598i iso-8859-8-e iso-8859-8-i logical visual",
    "cp1250": "x-cp1250",
    "cp1251": "x-cp1251",
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}

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


def decode_as(data: bytes, label: str | None) -> str:
    """``data`` in the encoding that its file names, where that is one; else as it looks."""
    if not label or data.startswith(tuple(mark for mark, _ in _MARKS)):
        return decode(data)
    label = label.strip().lower()
    try:
        codec = codecs.lookup(_CODECS.get(label, label)).name
        if codec in _NO_CHARSETS or (codec == "cp1252" and _is_whole_utf8(data)):
            # Some programs label everything Latin-1, and what was written in it is no UTF-8.
            return decode(data)
        text = data.decode(codec, errors="replace")
    except (LookupError, UnicodeError, ValueError):
        return decode(data)
    # What is damaged in places or was cut off is in its encoding all the same.
    return text if text.count("\ufffd") <= 1 + len(text) // 100 else decode(data)


def encoding_of(data: bytes) -> str:
    """The name of the codec that ``data`` is most likely written in."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > 0.2 * len(sample) / 2 and min(even, odd) < 0.1 * max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    if (b"\x1b$" in sample or b"\x1b(" in sample) and _is_iso_2022_jp(data):
        return "iso2022_jp_ext"
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
    if _is_whole_utf8(data):
        return True
    sample = data[:_SAMPLE].decode("utf-8", errors="replace")
    damaged = sample.count("\ufffd")
    good = sum(char > "\x7f" for char in sample) - damaged
    return good >= 8 * damaged > 0


def _is_whole_utf8(data: bytes) -> bool:
    try:
        # The data may have been cut in the middle of its last character.
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _is_iso_2022_jp(data: bytes) -> bool:
    """Whether it is Japanese in seven bits, which is ASCII to whoever knows no escapes. Some
    characters that only Windows adds to it count as damage, of which there may be a little."""
    text = data[:_SAMPLE].decode("iso2022_jp_ext", errors="replace")
    damaged = text.count("\ufffd")
    return sum(char > "\x7f" for char in text) - damaged >= max(8 * damaged, 1)
