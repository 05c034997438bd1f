"""What the readers make of files as other programs write them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.documents.extracted import Part
from tests.support import files
from tests.support.documents import read_here


def places(parts: list[Part]) -> list[tuple[str, int | None, str | None]]:
    return [(part.text, part.page, part.section) for part in parts]


def test_a_zip_that_begins_with_a_pdf_is_read_to_its_end() -> None:
    members: dict[str, str | bytes] = {"a.pdf": files.pdf(["in the pdf"]), "b.txt": "in the text"}
    read = read_here("a.zip", files.zipped(members, stored=True))
    assert read.kind == "zip archive"
    assert places(read.parts) == [("in the pdf", 1, "a.pdf"), ("in the text", None, "b.txt")]


def test_a_text_that_begins_with_pk_is_a_text() -> None:
    assert read_here("a.txt", b"PKW means car in German.").kind == "text"


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
