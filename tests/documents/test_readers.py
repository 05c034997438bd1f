"""What the readers make of files as other programs write them."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.documents.extracted import Limits, Part
from tests.support import files
from tests.support.documents import lines_of, read_here


def places(parts: list[Part]) -> list[tuple[str, int | None, str | None]]:
    return [(part.text, part.page, part.section) for part in parts]


def test_a_zip_that_begins_with_a_pdf_is_read_to_its_end() -> None:
    members: dict[str, str | bytes] = {"a.pdf": files.pdf(["in the pdf"]), "b.txt": "in the text"}
    read = read_here("a.zip", files.zipped(members, stored=True))
    assert read.kind == "zip archive"
    assert places(read.parts) == [("in the pdf", 1, "a.pdf"), ("in the text", None, "b.txt")]


def test_a_text_that_begins_with_pk_is_a_text() -> None:
    assert read_here("a.txt", b"PKW means car in German.").kind == "text"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("name", ["a.txt", "mimetype"])
def test_one_damaged_file_of_a_zip_leaves_the_others_readable(method: int, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, " ".join(map(str, range(60))), method)
        archive.writestr("b.txt", "still here")
    data = bytearray(packed.getvalue())
    begins = 30 + len(name) + 9
    data[begins : begins + 8] = b"\xff" * 8
    read = read_here("a.zip", bytes(data))
    assert places(read.parts) == [("still here", None, "b.txt")]
    assert f"`{name}` is damaged" in read.warnings[0]


def html(body: str) -> list[tuple[str, str | None]]:
    read = read_here("a.html", f"<!doctype html><html>{body}</html>".encode())
    return [(part.text, part.section) for part in read.parts]


def test_a_table_of_a_page_that_is_never_closed_hides_nothing_behind_it() -> None:
    rows = "<table><tr><th>Place<th>Price<tr><td>Bridge<td>5</tr>"
    for end in ("<p>All without tax.</p>", "</td><p>All without tax.</p></body>"):
        assert html(f"<body><h1>Prices</h1>{rows}{end}") == [
            ("Prices", "Prices"),
            ("Place: Bridge; Price: 5", "Prices"),
            ("All without tax.", "Prices"),
        ]
    assert html(f"{rows}{rows}</table><h2>After</h2>") == [
        ("Place: Bridge; Price: 5", None),
        ("Place: Bridge; Price: 5", None),
        ("After", "After"),
    ]
    # Of a table inside a cell, too.
    nested = "<table><tr><td>a <table><tr><td>b</td></tr></td><td>c</td></tr></table><h2>d</h2>"
    assert html(nested) == [("a b | c", None), ("d", "d")]


TAGS = ("table", "tr", "td", "th", "caption", "p", "h2", "li", "b", "div", "body", "tbody", "pre")


@given(st.lists(st.tuples(st.sampled_from(TAGS), st.booleans()), max_size=30))
def test_no_word_of_a_page_is_lost_whatever_tags_stand_between(
    tags: list[tuple[str, bool]],
) -> None:
    body = "".join(f"<{'/' * closes}{tag}>w{number} " for number, (tag, closes) in enumerate(tags))
    seen = " ".join(text for text, _ in html(f"{body}.")).replace(":", " ").replace(";", " ")
    assert {f"w{number}" for number in range(len(tags))} <= set(seen.split())


@pytest.mark.parametrize(("begin", "more"), [("<p>one", "<p>more"), ("<table><td>one", "<td>more")])
def test_a_page_that_takes_long_is_read_as_far_as_the_time_goes(begin: str, more: str) -> None:
    page = f"<!doctype html>{begin}{more * 20_000}".encode()
    read = read_here("a.html", page, Limits(cpu_s=1 << 30, wall_s=0))
    seen = " ".join(part.text for part in read.parts)
    assert seen.startswith("one")
    assert seen.count("more") < 15_000
    assert "took long to read" in read.warnings[0]


def test_a_head_without_an_end_hides_nothing() -> None:
    assert html("<head><meta charset=utf-8><style>p{}</style><p>Seen.") == [("Seen.", None)]
    assert html("<body><p>a<svg><title>no</title><text>no</text></svg> b") == [("a b", None)]


def test_a_heading_is_whole_whatever_is_marked_up_in_it() -> None:
    whole = [("The new bridge\n\nIt costs 5.", "The new bridge")]
    for heading in (
        "<h2>The <em>new</em> bridge</h2>",
        "<h2><span>The</span> new <a href=x>bridge</a></h2>",
        "<h2><div>The new bridge</div></h2>",
    ):
        assert html(f"{heading}<p>It costs 5.</p>") == whole
    assert html("<h2></h2>No heading.") == [("No heading.", None)]
    book = files.epub({"1.xhtml": "<html><body><h1><i>One</i> day</h1><p>first</p></body></html>"})
    assert places(read_here("a.epub", book).parts) == [("One day\n\nfirst", None, "One day")]


def test_words_of_a_cell_stay_apart_where_its_paragraphs_do() -> None:
    assert html("<table><tr><td><p>a</p>b<ul><li>c</li>d</ul></td></tr></table>") == [
        ("a b c d", None)
    ]


def test_a_table_inside_a_cell_of_a_text_document_keeps_every_cell_of_the_outer_one() -> None:
    def table(*rows: str) -> str:
        inner = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
        return f"<table:table>{inner}</table:table>"

    def cell(text: str, inner: str = "", after: str = "") -> str:
        tail = f"<text:p>{after}</text:p>" if after else ""
        return f"<table:table-cell><text:p>{text}</text:p>{inner}{tail}</table:table-cell>"

    inner = table(cell("c") + cell("d"), cell("e"))
    outer = table(cell("a") + cell("b", inner, "f") + cell("g"), cell("h"))
    assert lines_of("a.odt", files.odf("text", outer)) == ["a | b c d e f | g", "h"]


def test_a_cell_that_reaches_over_several_keeps_the_others_under_their_names() -> None:
    header = "<tr><th>City<th>Year<th>People</tr>"
    body = "<tr><td rowspan=2>Berlin<td>2020<td>100</tr><tr><td>2021<td>200</tr><tr><td>Rome"
    assert html(f"<table>{header}{body}</table>") == [
        (
            "City: Berlin; Year: 2020; People: 100\nCity: Berlin; Year: 2021; People: 200\nRome",
            None,
        )
    ]
    wide = "<tr><th>Name<th colspan=2>Phone<th>Room</tr><tr><td>Ann<td>1<td>2<td>R7</tr>"
    assert html(f"<table>{wide}</table>") == [("Name: Ann; Phone: 1; 2; Room: R7", None)]


def word_cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{files.paragraph(text)}</w:tc>"


def word_table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def test_so_does_one_of_a_word_document() -> None:
    two, begins = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>'
    table = word_table(
        word_cell("Name") + word_cell("Phone", two) + word_cell("Room"),
        word_cell("Ann", begins) + "".join(map(word_cell, ("1", "2", "R7"))),
        word_cell("", "<w:vMerge/>") + "".join(map(word_cell, ("3", "4", "R8"))),
    )
    assert lines_of("a.docx", files.docx(table)) == [
        "Name: Ann; Phone: 1; 2; Room: R7",
        "Name: Ann; Phone: 3; 4; Room: R8",
    ]


SPANS = st.sampled_from(["", "2", "3", "0", "1000000", "9" * 5000, "-1", "x"])


@given(st.lists(st.lists(st.tuples(SPANS, SPANS), max_size=5), max_size=12))
def test_no_cell_is_lost_or_makes_very_many_whatever_it_reaches_over(
    rows: list[list[tuple[str, str]]],
) -> None:
    cells = (
        (f"c{number}x{column}", spans)
        for number, row in enumerate(rows)
        for column, spans in enumerate(row)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td colspan={columns} rowspan={below}>{name}</td>"
            for name, (columns, below) in [next(cells) for _ in row]
        )
        for row in rows
    )
    # Below a row of numbers, which is no header.
    seen = " ".join(text for text, _ in html(f"<table><tr><td>1<td>2{body}</table>"))
    names = {f"c{number}x{column}" for number, row in enumerate(rows) for column in range(len(row))}
    assert names <= set(seen.split())
    assert len(seen) < 12 * 64 * 20


def test_the_rows_of_a_table_stand_on_the_pages_where_they_are() -> None:
    def row(text: str, *, turns: bool = False) -> str:
        return f"<w:tc>{files.paragraph(text, page_break=turns)}</w:tc>{word_cell('1')}"

    table = word_table(row("Item"), row("Gull"), row("Tern", turns=True), row("Skua", turns=True))
    header = table.replace(">1<", ">Tons<", 1)
    body = files.paragraph("Boats") + header + files.paragraph("The end.")
    assert places(read_here("a.docx", files.docx(body)).parts) == [
        ("Boats", 1, None),
        ("Item: Gull; Tons: 1", 1, None),
        ("Item: Tern; Tons: 1", 2, None),
        ("Item: Skua; Tons: 1", 3, None),
        ("The end.", 3, None),
    ]


def test_tab_stops_are_no_text_and_leave_a_paragraph_on_its_page() -> None:
    stops = '<w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs></w:pPr>'
    turned = (
        f"<w:p>{stops}<w:r><w:tab/><w:lastRenderedPageBreak/><w:t>Two</w:t><w:tab/>"
        "<w:t>boats</w:t></w:r></w:p>"
    )
    parts = read_here("a.docx", files.docx(files.paragraph("One") + turned)).parts
    assert places(parts) == [("One", 1, None), ("\tTwo\tboats", 2, None)]


def test_what_a_word_document_does_not_show_is_not_read() -> None:
    hidden = "<w:r><w:rPr><w:vanish{}/></w:rPr><w:t>{} </w:t></w:r>"
    moved = "<w:{0}><w:r><w:t>{1} </w:t></w:r></w:{0}>"
    before = (
        "<w:r><w:rPr><w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange></w:rPr>"
        "<w:t>grey </w:t></w:r>"
    )
    body = (
        "<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>"
        + moved.format("moveFrom", "from")
        + hidden.format("", "secret")
        + hidden.format(' w:val="0"', "The")
        + before
        + moved.format("moveTo", "gull")
        + "</w:p>"
    )
    assert lines_of("a.docx", files.docx(body)) == ["The grey gull"]


OLD = "Don\u2019t pay \u20ac100; pages 10\u201320."


def test_old_pages_books_and_mails_keep_their_quotes_dashes_and_euros() -> None:
    page = f"<!doctype html><meta charset=iso-8859-1><p>{OLD}".encode("cp1252")
    assert lines_of("a.html", page) == [OLD]
    xhtml = f'<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>{OLD}</p></body></html>'
    assert lines_of("a.xhtml", xhtml.encode("cp1252")) == [OLD]
    mail = (
        b"From: a@b.c\nTo: d@e.f\nSubject: =?iso-8859-1?q?=80_100?=\nDate: Mon, 1 Jan 2024 10:00:00"
        b" +0000\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n"
    )
    read = lines_of("a.eml", mail + OLD.encode("cp1252"))
    assert read[0] == "Subject: \u20ac 100"
    assert read[-1] == OLD


def test_a_page_that_can_be_read_as_ascii_is_not_of_two_bytes_a_character() -> None:
    page = "<!doctype html><meta charset=utf-16><p>Gr\u00fc\u00dfe!".encode()
    assert lines_of("a.html", page) == ["Gr\u00fc\u00dfe!"]


FONTS = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 Calibri;}"
    rb"{\f1\fnil\fcharset204{\*\fname Times;}Times CYR;}{\f2\fcharset128 MS Gothic;}{\f3 X;}}"
)


def test_each_font_of_an_rtf_document_has_its_own_encoding() -> None:
    texts = {
        rb"\f1\'cf\'f0\'e8\f0  caf\'e9\par": "\u041f\u0440\u0438 caf\u00e9",
        rb"caf\'e9 {\f1\'cf\'f0{\b\'e8} }\'e9\par": "caf\u00e9 \u041f\u0440\u0438 \u00e9",
        rb"\f1\'cf\plain\'e9\par": "\u041f\u00e9",
        rb"\f2\'8c\'c3\'83\'5c \f3\'80 \f9\'80\par": "\u53e4\u30bd \u20ac \u20ac",
    }
    for text, seen in texts.items():
        assert lines_of("a.rtf", FONTS + rb"\viewkind4\pard " + text + b"}") == [seen]
    # WordPad writes the document's own language as the default font's.
    russian = FONTS.replace(rb"\deff0", rb"\deff1") + rb"\pard\'cf\'f0\'e8\par}"
    assert lines_of("a.rtf", russian) == ["\u041f\u0440\u0438"]


@pytest.mark.parametrize(
    ("form", "number", "seen"),
    [
        ("[h]:mm", 38.5 / 24, "38:30"),
        ('[hh]:mm" h"', 0.35, "8:24"),
        ("46", 1.25, "30:00"),
        ("[mm]:ss", 90 / 86_400, "0:01:30"),
        ("45", 90 / 86_400, "0:01:30"),
        ("[h]:mm", -0.0625, "-1:30"),
        ("h:mm", 1.25, "06:00"),
        ("[$-409]h:mm AM/PM", 0.5, "12:00"),
        ("h:mm:ss", 0.5001, "12:00:09"),
        ("14", 45000, "2023-03-15"),
        ("22", 45000.75, "2023-03-15 18:00"),
        ("[$-407]mmm yy", 45000, "2023-03-15"),
        ("[Red]0.00", 45000.5, "45000.5"),
        ("General", 45000, "45000"),
        ('0 "days"', 45000, "45000"),
    ],
)
def test_a_number_of_a_workbook_is_shown_as_what_it_is(form: str, number: float, seen: str) -> None:
    book = files.xlsx({"A": [["Who", "What"], ["Ada", number]]}, dates_in="B", date_format=form)
    assert lines_of("a.xlsx", book) == [f"Who: Ada; What: {seen}"]


@pytest.mark.parametrize(
    ("number", "seen"),
    [
        (12345678901.25, "12345678901.25"),
        (1234567890123.45, "1234567890123.45"),
        (0.30000000000000004, "0.3"),
        (0.000012345, "0.000012345"),
        (1e15, "1000000000000000"),
        (-2.5e300, "-2.5e+300"),
    ],
)
def test_a_number_of_a_workbook_keeps_its_digits(number: float, seen: str) -> None:
    assert lines_of("a.xlsx", files.xlsx({"A": [["Who", "What"], ["Ada", number]]})) == [
        f"Who: Ada; What: {seen}"
    ]


def test_the_last_bookmark_of_a_page_is_in_force_on_the_next() -> None:
    marks = [(1, "Aims"), (1, "Methods"), (3, "Results")]
    pdf = files.pdf(["Aims. Methods.", "By hand.", "It stands."], bookmarks=marks)
    assert places(read_here("a.pdf", pdf).parts) == [
        ("Aims. Methods.", 1, "Aims"),
        ("By hand.", 2, "Methods"),
        ("It stands.", 3, "Results"),
    ]


RST = """=====
Guide
=====

Hello.

Install
-------

On Linux
~~~~~~~~

Text *one*::

    ~~~
    code

========  ====
Name      Age
========  ====
Ada       36
========  ====

Usage
-----

Two lines are no
heading.
--------
"""


def test_restructured_text_has_headings_under_any_sign() -> None:
    read = read_here("a.rst", RST.encode())
    assert read.kind == "reStructuredText"
    assert [part.section for part in read.parts] == [
        "Guide",
        "Guide \u203a Install",
        "Guide \u203a Install \u203a On Linux",
        "Guide \u203a Usage",
    ]
    assert read.parts[0].text == "Guide\n\nHello."
    assert "    ~~~\n    code\n\n====" in read.parts[2].text
    assert read.parts[3].text.endswith("heading.\n--------")


def test_an_empty_list_of_json_is_empty() -> None:
    text = json.dumps({"who": "Ada", "tags": [], "boats": [{"crew": [], "home": {}}]})
    assert lines_of("a.json", text.encode()) == [
        "who: Ada; tags: []",
        "boats[1] \u2013 crew: []; home: {}",
    ]
    assert lines_of("a.json", b"[]") == ["[]"]
    deep = "[" * 60 + "1" + "]" * 60
    assert lines_of("a.json", f'{{"a": {deep}}}'.encode())[0].endswith("\u2026")


def test_long_json_is_read_as_far_as_it_goes() -> None:
    limits = Limits(characters=1000, cpu_s=1 << 30, wall_s=1e9)
    records = [{"boat": number} for number in range(500)]
    spaced = [json.dumps(record, indent=99) for record in records]
    texts = {
        f"[{', '.join(spaced)}]": "2 \u2013 boat: 1",
        "\n".join(f'{{"boat": {number}}}{" " * 99}' for number in range(500)): "boat: 1",
        f'{{"boats": [{", ".join(spaced)}]}}': f'{" " * 4}"boat": 0',
    }
    for text, second in texts.items():
        read = read_here("a.json", text.encode(), limits)
        assert read.parts[0].text.split("\n")[1] == second
        assert read.parts[-1].text.count("boat") < 50
        assert all("`a.json` is long: only its first" in warning for warning in read.warnings)
        assert read.warnings
