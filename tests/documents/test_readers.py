"""What the readers make of files as other programs write them."""

from __future__ import annotations

from bot.documents.extracted import Part
from tests.support import files
from tests.support.documents import read_here


def places(parts: list[Part]) -> list[tuple[str, int | None, str | None]]:
    return [(part.text, part.page, part.section) for part in parts]


def test_a_zip_that_begins_with_a_pdf_is_read_to_its_end() -> None:
    members = {"a.pdf": files.pdf(["in the pdf"]), "b.txt": "in the text"}
    read = read_here("a.zip", files.zipped(members, stored=True))
    assert read.kind == "zip archive"
    assert places(read.parts) == [("in the pdf", 1, "a.pdf"), ("in the text", None, "b.txt")]


def test_a_text_that_begins_with_pk_is_a_text() -> None:
    assert read_here("a.txt", b"PKW means car in German.").kind == "text"
