"""What a file is, by its content; the name decides only between kinds of plain text."""

from __future__ import annotations

import io
import re
import zipfile
from enum import StrEnum

from bot.documents.archive import DAMAGE
from bot.documents.charset import decode
from bot.documents.extracted import quoted
from bot.documents.formats.delimited import delimiter_of
from bot.documents.formats.jsondata import is_json
from bot.documents.reading import Refused
from bot.language import phrase


class Kind(StrEnum):
    """The value is what a person calls it, in English."""

    PDF = "PDF"
    DOCX = phrase("Word document")
    PPTX = phrase("PowerPoint show")
    XLSX = phrase("Excel workbook")
    ODF = phrase("OpenDocument file")
    EPUB = phrase("e-book")
    ZIP = phrase("zip archive")
    RTF = phrase("RTF document")
    HTML = phrase("web page")
    MAIL = phrase("mail")
    JSON = "JSON"
    TABLE = phrase("table")
    MARKDOWN = "Markdown"
    RST = "reStructuredText"
    CODE = phrase("source code")
    TEXT = phrase("text")


_CODE_NAMES = (
    "ada asm bash bat c cc clj cmake cpp cs css cxx dart diff dockerfile el erl ex exs f90 fs "
    "go gradle groovy h hpp hs ini java jl js jsx kt lisp lua m makefile ml nim patch php pl "
    "pm properties proto ps1 py pyi r rb rs scala sh sql svelte swift tcl tex toml ts tsx v "
    "vb vhd vim vue xml yaml yml zig zsh "
)
_CODE = frozenset(_CODE_NAMES.split())
_MARKDOWN = frozenset({"md", "markdown", "mdown", "mkd"})
_RST = frozenset({"rst"})
_TABLES = frozenset({"csv", "tsv", "tab", "psv"})
_JSON = frozenset({"json", "jsonl", "ndjson", "geojson", "ipynb"})

_BY_EXTENSION = (
    (_TABLES, Kind.TABLE),
    (_MARKDOWN, Kind.MARKDOWN),
    (_RST, Kind.RST),
    (_CODE, Kind.CODE),
)

# A file, an empty archive, and a part of a divided one: "PK" alone also begins words.
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x01\x00",
)
_ARCHIVES = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\x00asm")
_SOUNDS = (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_HTML_TAG = re.compile(
    r"<(?:html|body|head|title|h1|div|table|p)\b[^<>]*>.*</\w+\s*>", re.IGNORECASE | re.DOTALL
)
_HEADER = re.compile(r"(?:[A-Z][A-Za-z0-9-]{1,40}:[^\n]*\n(?:[ \t][^\n]*\n)*){3,}\n?")
_MAIL_HEADER = re.compile(
    r"^(from|to|subject|date|received|message-id|mime-version):", re.IGNORECASE | re.MULTILINE
)
_SAMPLE = 64 * 1024


def kind_of(name: str, data: bytes) -> Kind:
    """Raises :class:`~bot.documents.reading.Refused` for what holds no text to read."""
    shown = quoted(name)
    if not data.strip():
        raise Refused(phrase("{name} is empty.", name=shown))
    # Before PDF, whose own mark stands near the beginning of a zip that stores a PDF as it is.
    if data.startswith(_ZIPS):
        return _zip_kind(data)
    if b"%PDF-" in data[:1024]:
        return Kind.PDF
    if data.startswith(_OLE):
        raise _ole_refusal(shown, data)
    if data.lstrip()[:6].lower().startswith(b"{\\rtf"):
        return Kind.RTF
    _refuse_binary(shown, data)
    text = decode(data[:_SAMPLE])
    if _is_binary(text):
        # An archive with something before it, as self-extracting ones have.
        if zipfile.is_zipfile(io.BytesIO(data)):
            return _zip_kind(data)
        raise Refused(
            phrase("{name} is of a kind that cannot be read: it is not text.", name=shown)
        )
    return _text_kind(name, data, text)


def _zip_kind(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.NameToInfo
            mimetype = b""
            if "mimetype" in names and names["mimetype"].file_size < 200:
                mimetype = archive.read("mimetype")
    except DAMAGE:
        # Its reader says what is wrong with it.
        return Kind.ZIP
    if b"epub" in mimetype or "META-INF/container.xml" in names:
        return Kind.EPUB
    if mimetype.startswith(b"application/vnd.oasis.opendocument") and "content.xml" in names:
        return Kind.ODF
    if "[Content_Types].xml" in names:
        for folder, kind in (("word/", Kind.DOCX), ("ppt/", Kind.PPTX), ("xl/", Kind.XLSX)):
            if any(member.startswith(folder) and member.endswith(".xml") for member in names):
                return kind
    return Kind.ZIP


def _ole_refusal(shown: str, data: bytes) -> Refused:
    """The container of Office before 2007, and of Office documents under a password."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Refused(
            phrase("{name} needs a password. Save a copy without one and send that.", name=shown)
        )
    return Refused(
        phrase(
            "{name} is in a format of Office before 2007. Save it as .docx, .pptx, "
            ".xlsx or PDF and send that.",
            name=shown,
        )
    )


def _refuse_binary(shown: str, data: bytes) -> None:
    is_riff_picture = data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    is_heif = data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"avif")
    # "BM" and "MZ" also begin words: where they do, no zero byte is near.
    is_raw = 0 in data[:64]
    if is_riff_picture or is_heif or (data.startswith(_PICTURES) and is_raw):
        raise Refused(
            phrase(
                "{name} is a picture; the text in it cannot be read. Run it through a "
                "program for text recognition (OCR) and send the result.",
                name=shown,
            )
        )
    if data.startswith(_ARCHIVES):
        raise Refused(
            phrase(
                "{name} is an archive that cannot be opened here. Send a zip instead.", name=shown
            )
        )
    if data.startswith(_PROGRAMS) and is_raw:
        raise Refused(phrase("{name} is a program, not a document.", name=shown))
    if data.startswith((*_SOUNDS, b"RIFF")) or data[4:8] == b"ftyp":
        raise Refused(phrase("{name} is a recording; only text can be read.", name=shown))


def _is_binary(text: str) -> bool:
    """Whether more than one in fifty characters is none that a text has."""
    strange = sum(
        (char < " " and char not in "\t\n\r\f\x1b\x08") or char == "\ufffd" for char in text
    )
    return strange > 0.02 * len(text)


def _text_kind(name: str, data: bytes, text: str) -> Kind:
    extension = name.rpartition(".")[2].lower() if "." in name else name.lower()
    if _HTML.match(text) or (
        extension in ("html", "htm", "xhtml") and _HTML_TAG.search(text) is not None
    ):
        return Kind.HTML
    head = text.lstrip("\ufeff")
    if (match := _HEADER.match(head.replace("\r\n", "\n"))) and len(
        {found.lower() for found in _MAIL_HEADER.findall(match[0])}
    ) >= 3:
        return Kind.MAIL
    begins = head.lstrip()[:1]
    if begins in ("{", "[") and (extension in _JSON or is_json(decode(data[: 8 << 20]))):
        return Kind.JSON
    for extensions, kind in _BY_EXTENSION:
        if extension in extensions:
            return kind
    # A table under another name: several columns in every line, and no prose between them.
    if extension not in ("txt", "text", "log") and (delimiter := delimiter_of(text)):
        first = text.lstrip().partition("\n")[0]
        if first.count(delimiter) >= 2:
            return Kind.TABLE
    return Kind.TEXT
