"""Every kind of file, read in the real sandbox."""

from __future__ import annotations

import asyncio

import pytest

from bot.documents.extract import extract
from bot.documents.extracted import Extracted, Part
from tests.support import files

HEAD = '<text:h text:outline-level="1">Harbour</text:h>'
SHEET = (
    '<table:table table:name="Boats"><table:table-row>'
    "<table:table-cell><text:p>Name</text:p></table:table-cell>"
    "<table:table-cell><text:p>Tons</text:p></table:table-cell></table:table-row>"
    "<table:table-row><table:table-cell><text:p>Gull</text:p></table:table-cell>"
    "<table:table-cell><text:p>40</text:p></table:table-cell>"
    '<table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table>'
)
MAIL = (
    b"From: Ada <ada@example.org>\r\nTo: bo@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe lamp is lit.\r\n"
    b'--b\r\nContent-Type: text/csv; name="log.csv"\r\n'
    b'Content-Disposition: attachment; filename="log.csv"\r\n\r\n'
    b"day,herring\r\nMonday,12\r\n--b--\r\n"
)


def words(parts: list[Part]) -> list[tuple[str, int | None, str | None]]:
    return [(part.text, part.page, part.section) for part in parts]


CASES: dict[str, tuple[str, bytes, str, list[tuple[str, int | None, str | None]]]] = {
    "pdf": (
        "a.pdf",
        files.pdf(["One (1).\nTwo", "Three"], bookmarks=[(1, "Begin"), (2, "End")]),
        "PDF",
        [("One (1).\nTwo", 1, "Begin"), ("Three", 2, "End")],
    ),
    "docx": (
        "a.docx",
        files.docx(
            files.paragraph("Intro", heading=1)
            + files.paragraph("Body")
            + files.paragraph("Crew", heading=2)
            + files.table([["Name", "Age"], ["Ada", "36"]])
            + files.paragraph("Behind", page_break=True),
            footnotes=files.paragraph("A note."),
        ),
        "Word document",
        [
            ("Intro\n\nBody", 1, "Intro"),
            ("Crew", 1, "Intro \u203a Crew"),
            ("Name: Ada; Age: 36", 1, "Intro \u203a Crew"),
            ("Behind", 2, "Intro \u203a Crew"),
            ("A note.", None, None),
        ],
    ),
    "pptx": (
        "a.pptx",
        files.pptx([("Plan", ["Buy a lamp", "Light it"]), ("Costs", ["12"])]),
        "PowerPoint show",
        [("Plan\n\nBuy a lamp\nLight it", 1, "Plan"), ("Costs\n\n12", 2, "Costs")],
    ),
    "xlsx": (
        "a.xlsx",
        files.xlsx(
            {"Crew": [["Name", "Since", "Pay"], ["Ada", 45000, 0.30000000000000004]], "B": [["x"]]},
            dates_in="B",
        ),
        "Excel workbook",
        [("Name: Ada; Since: 2023-03-15; Pay: 0.3", None, "Crew"), ("x", None, "B")],
    ),
    "odt": (
        "a.odt",
        files.odf("text", f"{HEAD}<text:p>Two<text:s/>boats<text:tab/>left</text:p>"),
        "OpenDocument file",
        [("Harbour\n\nTwo boats\tleft", None, "Harbour")],
    ),
    "ods": (
        "a.ods",
        files.odf("spreadsheet", SHEET),
        "OpenDocument file",
        [("Name: Gull; Tons: 40", None, "Boats")],
    ),
    "odp": (
        "a.odp",
        files.odf(
            "presentation",
            '<draw:page><draw:frame presentation:class="title"><text:p>Plan</text:p></draw:frame>'
            "<draw:frame><text:p>Lamp</text:p></draw:frame></draw:page>",
        ),
        "OpenDocument file",
        [("Plan\n\nLamp", 1, "Plan")],
    ),
    "epub": (
        "a.epub",
        files.epub(
            {
                "1.xhtml": "<html><body><h1>One</h1><p>first</p></body></html>",
                "2.xhtml": "<html><body><h1>Two</h1><p>second</p></body></html>",
            }
        ),
        "e-book",
        [("One\n\nfirst", None, "One"), ("Two\n\nsecond", None, "Two")],
    ),
    "rtf": (
        "a.rtf",
        (
            rb"{\rtf1\ansi\ansicpg1251{\fonttbl\f0 Arial;}{\*\generator x}"
            rb"\f0 \'cf\'f0\'e8 \u8364? {\b b}\par \{ok\}\par}"
        ),
        "RTF document",
        [("\u041f\u0440\u0438 \u20ac b\n\n{ok}", None, None)],
    ),
    "html": (
        "a.html",
        (
            b"<!doctype html><title>T</title><script>x()</script><h1>H</h1><p>a &amp; <b>b</b></p>"
            b"<table><tr><th>K<th>V<tr><td>x<td>1</table><ul><li>i<li>j</ul>"
        ),
        "web page",
        [
            ("T", None, None),
            ("H\n\na & b", None, "H"),
            ("K: x; V: 1", None, "H"),
            ("- i\n- j", None, "H"),
        ],
    ),
    "markdown": (
        "a.md",
        b"intro\n\n# One #\n\ntext\n\n```\n# not a heading\n```\n\nTwo\n---\nmore",
        "Markdown",
        [
            ("intro", None, None),
            ("One\n\ntext\n\n```\n# not a heading\n```", None, "One"),
            ("Two\n\nmore", None, "One \u203a Two"),
        ],
    ),
    "text": ("a.txt", b"one\n\ftwo", "text", [("one", 1, None), ("two", 2, None)]),
    "csv": (
        "a.csv",
        "Name;Ort\nAda;\u00c5bo\n".encode("cp1252"),
        "table",
        [("Name: Ada; Ort: \u00c5bo", None, None)],
    ),
    "tsv": ("a.tsv", b"k\tv\na\t1\n", "table", [("k: a; v: 1", None, None)]),
    "json": (
        "a.json",
        b'{"who": "Ada", "boats": [{"n": "Gull", "t": 40}], "days": [1, 2]}',
        "JSON",
        [("who: Ada\nboats[1] \u2013 n: Gull; t: 40\ndays: 1, 2", None, None)],
    ),
    "json lines": (
        "log",
        b'{"a": 1}\n{"a": null}\n',
        "JSON",
        [("a: 1\na: null", None, None)],
    ),
    "mail": (
        "a.eml",
        MAIL,
        "mail",
        [
            (
                (
                    "Subject: Gr\u00fc\u00dfe\nFrom: Ada <ada@example.org>\nTo: bo@example.org\n"
                    "Date: Mon, 01 Jan 2024 10:00:00 +0000"
                ),
                None,
                "Gr\u00fc\u00dfe",
            ),
            ("The lamp is lit.", None, "Gr\u00fc\u00dfe"),
            ("day: Monday; herring: 12", None, "log.csv"),
        ],
    ),
    "code": (
        "a.py",
        b"def f(x):\n    return x  # <html>\n",
        "source code",
        [("def f(x):\n    return x  # <html>", None, None)],
    ),
    "zip": (
        "a.zip",
        files.zipped({"d/a.txt": "hello", "__MACOSX/x": "no", "b.pdf": files.pdf(["in it"])}),
        "zip archive",
        [("hello", None, "d/a.txt"), ("in it", 1, "b.pdf")],
    ),
}


@pytest.fixture(scope="module")
def read() -> dict[str, Extracted]:
    """Every case, a few at once: most of the time is the start of a process."""

    async def one(limit: asyncio.Semaphore, name: str, data: bytes) -> Extracted:
        async with limit:
            return await extract(name, data)

    async def every() -> list[Extracted]:
        limit = asyncio.Semaphore(3)
        return await asyncio.gather(*(one(limit, case[0], case[1]) for case in CASES.values()))

    return dict(zip(CASES, asyncio.run(every()), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_text_comes_out_in_order_with_its_page_and_section(
    case: str, read: dict[str, Extracted]
) -> None:
    _, _, kind, expected = CASES[case]
    assert words(read[case].parts) == expected
    assert read[case].kind == kind
    assert read[case].warnings == []


@pytest.mark.parametrize("case", ["pdf", "docx", "xlsx", "odt", "epub", "rtf", "html", "zip"])
async def test_the_content_says_what_a_file_is_and_not_its_name(
    case: str, read: dict[str, Extracted]
) -> None:
    again = await extract("holiday.txt", CASES[case][1])
    assert again.kind == read[case].kind
    assert again.parts == read[case].parts
