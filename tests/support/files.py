"""Small writers of the file formats that the bot reads: enough of each to be opened anywhere."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHOW = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def zipped(members: Mapping[str, str | bytes], *, stored: bool = False) -> bytes:
    """A zip archive, its members in the order given."""
    file = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def pdf(
    pages: Sequence[str],
    *,
    bookmarks: Sequence[tuple[int, str]] = (),
    password: bool = False,
    stream: bytes | None = None,
) -> bytes:
    """Each page's lines in Helvetica. ``bookmarks``: page from 1, and title. ``stream`` is the
    content of every page instead. ``password``: locked with one that nobody knows."""
    objects: list[bytes] = [b"", b""]

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    font = add(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
    kids: list[int] = []
    for page in pages:
        lines = "".join(f"({_pdf_text(line)}) Tj T*\n" for line in page.split("\n"))
        content = f"BT /F1 10 Tf 12 TL 40 800 Td\n{lines}ET".encode("cp1252", "replace")
        content = content if stream is None else stream
        body = add(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        kids.append(
            add(
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
                b"/Resources<</Font<</F1 %d 0 R>>>>>>" % (body, font)
            )
        )
    outlines = b""
    if bookmarks:
        root = len(objects) + 1
        numbers = range(root + 1, root + 1 + len(bookmarks))
        add(b"<</First %d 0 R/Last %d 0 R/Count %d>>" % (numbers[0], numbers[-1], len(numbers)))
        for number, (page_number, title) in zip(numbers, bookmarks, strict=True):
            after = b"/Next %d 0 R" % (number + 1) if number != numbers[-1] else b""
            add(
                b"<</Title(%s)/Parent %d 0 R/Dest[%d 0 R/Fit]%s>>"
                % (_pdf_text(title).encode("cp1252"), root, kids[page_number - 1], after)
            )
        outlines = b"/Outlines %d 0 R" % root
    objects[0] = b"<</Type/Catalog/Pages 2 0 R%s>>" % outlines
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    trailer = b"<</Size %d/Root 1 0 R" % (len(objects) + 1)
    if password:
        lock = add(b"<</Filter/Standard/V 1/R 2/P -44/O<%s>/U<%s>>>" % (b"4f" * 32, b"55" * 32))
        trailer += b"/Encrypt %d 0 R/ID[<%s><%s>]" % (lock, b"00" * 16, b"00" * 16)
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body_bytes in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body_bytes)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        written += b"%010d 00000 n \n" % place
    written += b"trailer\n%s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)
    return bytes(written)


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _relations(entries: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, kind, target in entries
    )
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'


def _office(main: str, members: Mapping[str, str | bytes]) -> bytes:
    root = _relations([("r1", "officeDocument", main)])
    return zipped({"[Content_Types].xml": _TYPES, "_rels/.rels": root, **members})


def docx(
    body: str, *, footnotes: str = "", extra: Mapping[str, str | bytes] | None = None
) -> bytes:
    """``body``: WordprocessingML with the prefix ``w``; see :func:`paragraph`, :func:`table`."""
    styles = (
        '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>'
    )
    relations = [("r1", "styles", "styles.xml")]
    members: dict[str, str | bytes] = {
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{styles}</w:styles>',
    }
    if footnotes:
        relations.append(("r2", "footnotes", "footnotes.xml"))
        members["word/footnotes.xml"] = f'<w:footnotes xmlns:w="{_WORD}">{footnotes}</w:footnotes>'
    members["word/_rels/document.xml.rels"] = _relations(relations)
    return _office("word/document.xml", {**members, **(extra or {})})


def paragraph(text: str, *, heading: int = 0, page_break: bool = False) -> str:
    style = f'<w:pPr><w:pStyle w:val="berschrift{heading}"/></w:pPr>' if heading else ""
    broken = "<w:lastRenderedPageBreak/>" if page_break else ""
    return f"<w:p>{style}<w:r>{broken}<w:t>{escape(text)}</w:t></w:r></w:p>"


def table(rows: Sequence[Sequence[str]]) -> str:
    inner = "".join(
        f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in row)}</w:tr>" for row in rows
    )
    return f"<w:tbl>{inner}</w:tbl>"


def pptx(slides: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """Slides of a title and paragraphs, named in the archive against their order."""

    def shape(kind: str, texts: Sequence[str]) -> str:
        inner = "".join(f"<a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p>" for text in texts)
        return (
            f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>'
            f"<p:txBody>{inner}</p:txBody></p:sp>"
        )

    names = [f"slides/slide{len(slides) - number}.xml" for number in range(len(slides))]
    ids = "".join(
        f'<p:sldId id="{256 + number}" r:id="s{number}"/>' for number in range(len(slides))
    )
    members: dict[str, str | bytes] = {
        "ppt/presentation.xml": (
            f'<p:presentation xmlns:p="{_SHOW}" xmlns:r="{_OFFICE}"><p:sldIdLst>{ids}'
            "</p:sldIdLst></p:presentation>"
        ),
        "ppt/_rels/presentation.xml.rels": _relations(
            [(f"s{number}", "slide", name) for number, name in enumerate(names)]
        ),
    }
    for name, (title, texts) in zip(names, slides, strict=True):
        shapes = shape("title", [title]) + shape("body", texts) + shape("sldNum", ["7"])
        members[f"ppt/{name}"] = (
            f'<p:sld xmlns:p="{_SHOW}" xmlns:a="{_DRAWING}"><p:spTree>{shapes}</p:spTree></p:sld>'
        )
    return _office("ppt/presentation.xml", members)


def xlsx(
    sheets: Mapping[str, Sequence[Sequence[str | float]]],
    *,
    dates_in: str = "",
    date_format: str = "yyyy-mm-dd",
) -> bytes:
    """Texts are shared strings. Numbers in the column ``dates_in`` are shown in ``date_format``,
    which may be the number of one that is built in."""
    strings: dict[str, int] = {}
    members: dict[str, str | bytes] = {}
    relations = [("s", "sharedStrings", "sharedStrings.xml"), ("t", "styles", "styles.xml")]
    listed = ""
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        relations.append((f"r{number}", "worksheet", f"worksheets/sheet{number}.xml"))
        listed += f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"/>'
        written = []
        for row_number, row in enumerate(rows, start=1):
            cells = ""
            for column, value in enumerate(row):
                place = f"{chr(65 + column)}{row_number}"
                if isinstance(value, str):
                    index = strings.setdefault(value, len(strings))
                    cells += f'<c r="{place}" t="s"><v>{index}</v></c>'
                else:
                    style = ' s="1"' if chr(65 + column) == dates_in else ""
                    cells += f'<c r="{place}"{style}><v>{value}</v></c>'
            written.append(f"<row>{cells}</row>")
        members[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{_SHEET}"><sheetData>{"".join(written)}</sheetData></worksheet>'
        )
    shared = "".join(f"<si><t>{escape(string)}</t></si>" for string in strings)
    style = date_format if date_format.isdecimal() else "164"
    members |= {
        "xl/workbook.xml": (
            f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(relations),
        "xl/sharedStrings.xml": f'<sst xmlns="{_SHEET}">{shared}</sst>',
        "xl/styles.xml": (
            f'<styleSheet xmlns="{_SHEET}"><numFmts><numFmt numFmtId="164" '
            f'formatCode="{escape(date_format)}"/></numFmts><cellXfs><xf numFmtId="0"/>'
            f'<xf numFmtId="{style}"/></cellXfs></styleSheet>'
        ),
    }
    return _office("xl/workbook.xml", members)


def odf(kind: str, body: str, *, encrypted: bool = False) -> bytes:
    """``kind``: ``text``, ``spreadsheet`` or ``presentation``."""
    spaces = " ".join(f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in ("office", "text", "table"))
    spaces += f' xmlns:draw="{_ODF}:drawing:1.0" xmlns:presentation="{_ODF}:presentation:1.0"'
    lock = "<encryption-data/>" if encrypted else ""
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": f"<manifest>{lock}</manifest>",
            "content.xml": (
                f"<office:document-content {spaces}><office:body><office:{kind}>{body}"
                f"</office:{kind}></office:body></office:document-content>"
            ),
        }
    )


def epub(chapters: Mapping[str, str]) -> bytes:
    """Chapters by file name, in the order of the spine, which is not that of the archive."""
    items = "".join(
        f'<item id="{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="{number}"/>' for number in range(len(chapters)))
    backwards = {f"OEBPS/{name}": chapters[name] for name in reversed(list(chapters))}
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": (
                '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles>'
                "</container>"
            ),
            "OEBPS/book.opf": (
                f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
            ),
            **backwards,
        }
    )
