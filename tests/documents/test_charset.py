import codecs

import pytest

from bot.documents.charset import decode, decode_as
from bot.documents.cleaning import clean, one_line

RUSSIAN = (
    "\u0411\u0440\u0430\u0442 \u0438\u0434\u0451\u0442 \u0434\u043e\u043c\u043e\u0439 "
    "\u0432\u0435\u0447\u0435\u0440\u043e\u043c. "
) * 9
GERMAN = "Die gr\u00f6\u00dfte \u00dcberraschung war die T\u00fcr, sagte der M\u00fcller. " * 9
JAPANESE = (
    "\u53e4\u3044\u706f\u53f0\u306e\u5149\u306f\u6d77\u3092\u7167\u3089\u3057\u307e\u3059\u3002" * 9
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        ("hi", "utf-16-le"),
        ("hi", "utf-16-be"),
        (GERMAN, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
    ],
)
def test_text_is_read_in_the_encoding_it_was_written_in(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_few_broken_bytes_do_not_change_the_encoding() -> None:
    data = RUSSIAN.encode() + b"\xff\xfe" + RUSSIAN.encode() + RUSSIAN.encode()[:1]
    text = decode(data)
    assert text.count("\u0411\u0440\u0430\u0442") == 18
    assert "\ufffd" in text


@pytest.mark.parametrize("named", ["no-such", "idna", "rot13", "hex", "", None, "utf-16", "a\x00b"])
def test_a_wrong_or_odd_charset_in_a_mail_does_no_harm(named: str | None) -> None:
    assert decode_as(GERMAN.encode(), named) == GERMAN or named == "utf-16"


def test_a_charset_that_is_named_is_believed() -> None:
    assert decode_as(RUSSIAN.encode("koi8-r"), "KOI8-R") == RUSSIAN
    assert codecs.lookup("koi8-r").name == "koi8-r"


OLD = "Don\u2019t pay more than \u20ac100; pages 10\u201320."


@pytest.mark.parametrize(
    ("text", "label", "encoding"),
    [
        (OLD, "ISO-8859-1", "cp1252"),
        (OLD, "latin1", "cp1252"),
        (OLD, "us-ascii", "cp1252"),
        (f"{OLD} \u015f\u0131", "iso-8859-9", "cp1254"),
        ("\u6731\u9555\u57fa\u8bf4", "gb2312", "gb18030"),
        ("\u2460\u9ad9\u6a4b", "Shift_JIS", "cp932"),
        ("\ub611 \ud16c", "euc-kr", "cp949"),
        ("\u2026 \u0e01", "tis-620", "cp874"),
        ("\u6e2f \u55ba", "big5", "big5hkscs"),
        (RUSSIAN, "x-cp1251", "cp1251"),
    ],
)
def test_a_label_means_what_browsers_take_it_for(text: str, label: str, encoding: str) -> None:
    assert decode_as(text.encode(encoding), label) == text


def test_a_label_that_every_file_gets_hides_no_utf_8() -> None:
    for label in ("us-ascii", "iso-8859-1", "windows-1252"):
        assert decode_as(f"{OLD} {RUSSIAN}".encode(), label) == f"{OLD} {RUSSIAN}"
    assert decode_as(RUSSIAN.encode("utf-8-sig"), "windows-1251") == RUSSIAN


@pytest.mark.parametrize(
    ("label", "text"), [("utf-8", RUSSIAN), ("shift_jis", JAPANESE), ("gb2312", JAPANESE)]
)
def test_a_text_that_was_cut_off_is_still_in_its_encoding(label: str, text: str) -> None:
    text = text.rstrip(". ")
    assert decode_as(text.encode(label)[:-1], label).startswith(text[:-1])


def test_japanese_in_seven_bits_is_no_ascii() -> None:
    for text in (JAPANESE, "\u30c6\u30b9\u30c8", f"Re: {JAPANESE} (1)"):
        assert decode(text.encode("iso2022_jp")) == text
        assert decode_as(text.encode("iso2022_jp"), "us-ascii") == text
    # A sign of Windows's own, as many mails have: a circled one.
    mail = JAPANESE.encode("iso2022_jp") + b"\x1b$B-!\x1b(B"
    assert decode(mail).startswith(JAPANESE)
    coloured = "\x1b[31mred\x1b[0m \x1b(B$ \x1b$"
    assert decode(coloured.encode()) == coloured


def test_text_is_cleaned_of_what_cannot_be_seen() -> None:
    assert clean("a\x00\u202eb\u200b\ufeffc\u00ad\r\nd\x85e\u2028f") == "abc\nd\ne\nf"
    assert clean("10\x9620 \x80, don\x92t\x81") == "10\u201320 \u20ac, don\u2019t"
    assert clean("line\x02\nbreak, word\ufffe\njoin") == "linebreak, wordjoin"
    assert clean("a   \n\n\n\n  b" + " " * 50 + "c\n") == "a\n\n  b    c"
    assert (
        clean("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert one_line("a\nb\u202e   c" * 99, 20) == "a b ca b ca b ca b c"[:19].rstrip() + "\u2026"
