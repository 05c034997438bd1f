"""The reader of each kind of file, archives and mails inside each other included.

Runs in the sandbox's process only. Everything that any reader needs is imported here, before
the process is closed off.
"""

from __future__ import annotations

from contextlib import suppress

from bot.documents.archive import Archive
from bot.documents.detect import Kind, kind_of
from bot.documents.formats import (
    delimited,
    docx,
    epub,
    html,
    jsondata,
    mail,
    odf,
    pdf,
    plain,
    pptx,
    rtf,
    xlsx,
    zipped,
)
from bot.documents.reading import Enough, Reading, Refused
from bot.language import figure, phrase

_BYTES = {
    Kind.PDF: pdf.read,
    Kind.RTF: rtf.read,
    Kind.HTML: html.read,
    Kind.JSON: jsondata.read,
    Kind.TABLE: delimited.read,
    Kind.MARKDOWN: plain.read_markdown,
    Kind.RST: plain.read_rst,
    Kind.CODE: plain.read_code,
    Kind.TEXT: plain.read,
}
_OFFICE = {
    Kind.DOCX: docx.read,
    Kind.PPTX: pptx.read,
    Kind.XLSX: xlsx.read,
    Kind.ODF: odf.read,
    Kind.EPUB: epub.read,
}


def read(name: str, data: bytes, reading: Reading) -> Kind:
    """Read one file into ``reading`` and say what it was.

    Raises:
        Refused: there is nothing in it that can be read; the text says why.
    """
    kind = kind_of(name, data)
    with suppress(Enough):
        _read(kind, data, reading)
    reading.close()
    if reading.is_empty and reading.warnings:
        raise Refused(reading.warnings[0])
    if reading.is_empty:
        raise Refused(phrase("{name} holds no text.", name=reading.shown))
    return kind


def _read(kind: Kind, data: bytes, reading: Reading) -> None:
    if kind in _BYTES:
        _BYTES[kind](data, reading)
    elif kind in _OFFICE:
        _OFFICE[kind](Archive(data, reading), reading)
    elif reading.depth >= reading.limits.nesting:
        raise Refused(
            phrase(
                "{name} is an archive inside of archives; it was not opened.", name=reading.shown
            )
        )
    elif kind is Kind.MAIL:
        mail.read(data, reading, lambda name, inner: _read_inner(name, inner, reading))
    else:
        archive = Archive(data, reading)
        zipped.read(archive, reading, lambda name, inner: _read_inner(name, inner, reading))


def _read_inner(name: str, data: bytes, reading: Reading) -> None:
    reading.members += 1
    if reading.members > reading.limits.members:
        raise reading.stop(
            phrase(
                "{name} holds very many files; only the first {count} were read.",
                name=reading.shown,
                count=figure(reading.limits.members),
            )
        )
    with reading.inside(name):
        try:
            _read(kind_of(name, data), data, reading)
        except Refused as refused:
            reading.leave_out(str(refused))
