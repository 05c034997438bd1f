from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.documents.extracted import Extracted, Part
from bot.documents.passages import MOST, Passage, chunk
from bot.documents.search import Excerpt, everything


def count(text: str) -> int:
    """Tokens of a tokenizer that makes one of four letters, and of a letter of other scripts."""
    return sum(1 if char > "\x7f" else 0 for char in text) + len(text) // 4


def read(*parts: Part, kind: str = "text") -> Extracted:
    return Extracted("a.txt", kind, list(parts))


PROSE = "\n\n".join(
    " ".join(f"Sentence {line} of paragraph {number} says a little." for line in range(4))
    for number in range(30)
)


def test_passages_end_with_a_paragraph_between_128_and_192_tokens() -> None:
    passages = chunk("a", read(Part(PROSE)), count)
    assert [passage.index for passage in passages] == list(range(len(passages)))
    assert all(passage.text.endswith("a little.") for passage in passages)
    assert all(passage.text.startswith("Sentence 0 ") for passage in passages)
    assert all(110 <= count(passage.text) <= 192 for passage in passages[:-1])
    assert "\n\n".join(passage.text for passage in passages) == PROSE


def test_a_long_paragraph_is_cut_between_sentences_and_a_long_word_anywhere() -> None:
    long = " ".join(f"Sentence {number} says a little." for number in range(90))
    passages = chunk("a", read(Part(long)), count)
    assert all(passage.text.rstrip().endswith(".") for passage in passages)
    [whole] = everything(passages)
    assert whole.text == long
    word = chunk("a", read(Part("x" * 10_000)), count)
    assert "".join(passage.text for passage in word) == "x" * 10_000
    assert all(passage.tokens <= MOST for passage in word)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text("abcde,. ", min_size=1, max_size=60).map(str.split).map(" ".join),
            min_size=1,
            max_size=40,
        )
        .map(". ".join)
        .map(str.strip)
        .filter(bool),
        max_size=30,
    ).map("\n".join)
)
def test_passages_put_together_again_are_the_text(text: str) -> None:
    joined = "".join(excerpt.text for excerpt in everything(chunk("a", read(Part(text)), count)))
    assert joined.strip() == text.strip()


def test_a_closing_quotation_mark_stays_with_its_sentence() -> None:
    long = " ".join(f'She said "number {number} is nice."' for number in range(90))
    [whole] = everything(chunk("a", read(Part(long)), count))
    assert whole.text == long


def test_a_script_without_spaces_is_cut_at_its_full_stops() -> None:
    text = "".join(f"\u8fd9\u662f\u7b2c{number}\u53e5\u8bdd\u3002" for number in range(200))
    passages = chunk("a", read(Part(text)), count)
    assert all(passage.text.endswith("\u3002") for passage in passages)
    assert "".join(passage.text for passage in passages) == text
    assert all(passage.tokens <= MOST for passage in passages)


def test_a_passage_says_its_page_and_section_and_a_short_page_takes_in_the_next() -> None:
    pages = [Part(PROSE[:600], page, f"Chapter {page}") for page in (1, 2)]
    short = [Part(f"Slide {page}", page, f"Slide {page}") for page in (3, 4, 5)]
    passages = chunk("a", read(*pages, *short), count)
    assert [(p.page, p.last_page, p.section) for p in passages] == [
        (1, 1, "Chapter 1"),
        (2, 2, "Chapter 2"),
        (3, 5, None),
    ]
    assert passages[2].text == "Slide 3\n\nSlide 4\n\nSlide 5"


def test_a_passage_of_several_sections_stands_in_what_they_share() -> None:
    parts = [
        Part("Museum", None, "Museum"),
        Part("Prices\n\nAdults\n\nTwelve.", None, "Museum \u203a Prices \u203a Adults"),
        Part("Children\n\nFour.", None, "Museum \u203a Prices \u203a Children"),
    ]
    [passage] = chunk("a", read(*parts), count)
    assert passage.section == "Museum"
    [passage] = chunk("a", read(*parts[1:]), count)
    assert passage.section == "Museum \u203a Prices"


def test_a_passage_says_of_which_file_inside_an_archive_it_is() -> None:
    parts = [
        Part("Five million.", None, "bridge.txt"),
        Part("Nine million.", 1, "in.zip/tunnel.pdf"),
        Part("And a half.", 2, "in.zip/tunnel.pdf \u203a Prices"),
    ]
    passages = chunk("a", read(*parts, kind="zip archive"), count)
    assert [(p.text, p.member) for p in passages] == [
        ("Five million.", "bridge.txt"),
        ("Nine million.\n\nAnd a half.", "in.zip/tunnel.pdf"),
    ]
    assert [e.member for e in everything(passages)] == ["bridge.txt", "in.zip/tunnel.pdf"]
    [apart, _] = chunk("a", read(Part("x", None, "A"), Part("y", None, "B")), count)
    assert apart.member is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["2022", "2023", "2024"]),
            st.sampled_from(["one\ntwo", "2022: three", "What: Revenue; Sum: 2023"]),
            st.sampled_from(["text", "rows"]),
        ),
        max_size=12,
    ),
    st.sampled_from(["Excel workbook", "zip archive", "mail"]),
)
def test_a_passage_or_an_excerpt_never_runs_over_the_end_of_a_sheet_or_a_file(
    stretches: list[tuple[str, str, str]], kind: str
) -> None:
    parts = [
        Part(
            f"{text}\nin {name}",
            None,
            name,
            "rows" if kind == "Excel workbook" or shape == "rows" else "text",
        )
        for name, text, shape in stretches
    ]
    passages = chunk("a", read(*parts, kind=kind), count)
    sent: list[Passage | Excerpt] = [*passages, *everything(passages)]
    for stretch in sent:
        lines = [line for line in stretch.text.split("\n") if line.startswith("in ")]
        assert set(lines) == {f"in {stretch.section}"}


def test_an_excerpt_goes_on_into_a_section_that_its_text_names_and_no_other() -> None:
    prose = PROSE[:600]
    chapters = [Part(f"{name}\n\n{prose}", None, name) for name in ("One", "Two")]
    sheets = [Part(f"k: {prose}", None, name, "rows") for name in ("2022", "2023")]
    pages = [Part(prose, page, f"{page}. Chapter") for page in (1, 2)]
    for parts, sections in (
        (chapters, [None]),
        (sheets, ["2022", "2023"]),
        (pages, [None]),
    ):
        excerpts = everything(chunk("a", read(*parts), count))
        assert [excerpt.section for excerpt in excerpts] == sections


def test_a_row_of_a_table_stays_whole_and_by_itself() -> None:
    rows = [
        f"name: boat {number}; tons: {number}; " + "home: a harbour; " * 6 for number in range(9)
    ]
    passages = chunk("a", read(Part("\n".join(rows), None, "S", "rows")), count)
    assert [passage.text for passage in passages] == [row.strip() for row in rows] or [
        passage.text for passage in passages
    ] == rows
    small = [f"k: {number}" for number in range(30)]
    passages = chunk("a", read(Part("\n".join(small), None, "S", "rows")), count)
    assert len(passages) < 4
    assert "\n".join(passage.text for passage in passages) == "\n".join(small)


def test_lines_of_a_table_of_contents_are_left_out() -> None:
    contents = "\n".join(f"{n}. The lamp {'.' * 20} {n}" for n in range(1, 9))
    passages = chunk("a", read(Part(f"Contents\n{contents}"), Part("The lamp is lit...")), count)
    assert passages[0].text == "Contents\n\nThe lamp is lit..."


def with_leaders(numbers: Sequence[int | str]) -> str:
    return "\n".join(f"Item {n} {'.' * 9} {number}" for n, number in enumerate(numbers))


@pytest.mark.parametrize(
    "numbers", [[2, 3, 11, 14], [9, 3, 4] * 5, [5] * 20, [101 + n for n in range(20)]]
)
def test_a_list_of_prices_is_kept(numbers: list[int]) -> None:
    menu = with_leaders(numbers)
    passages = chunk("a", read(Part(menu, 1), Part("Welcome!", 9)), count)
    assert "\n".join(passage.text for passage in passages).startswith(menu)


def test_a_list_of_figures_and_a_preface_belong_to_the_contents() -> None:
    contents = with_leaders(["i", "ii", *range(1, 18)])
    figures = with_leaders([1, 1, 2, 5, 5, 7, 8, 12])
    prices = with_leaders([20, 19, 300])
    text = f"Contents\n{contents}\n\nFigures\n{figures}\n\n{PROSE[:300]}\n\n{prices}"
    passages = chunk("a", read(Part(text)), count)
    assert "\n".join(p.text for p in passages) == (
        f"Contents\n\nFigures\n\n{PROSE[:300]}\n\n{prices}"
    )


@given(st.lists(st.integers(0, 200), max_size=20), st.integers(0, 150))
def test_lines_with_leaders_go_only_where_their_numbers_can_be_pages(
    numbers: list[int], pages: int
) -> None:
    part = Part(f"Begin\n{with_leaders(numbers)}\nEnd", pages or None)
    text = "\n".join(passage.text for passage in chunk("a", read(part), count))
    runs = [[number] for number in numbers[:1]]
    for number in numbers[1:]:
        if number >= runs[-1][-1]:
            runs[-1].append(number)
        else:
            runs.append([number])
    can_be_pages = [
        len(run) >= 8 and run[0] < run[-1] and (not pages or run[-1] <= pages) for run in runs
    ]
    kept = sum(len(run) for run, gone in zip(runs, can_be_pages, strict=True) if not gone)
    assert text.count("Item") == kept
    assert text.startswith("Begin")
    assert text.endswith("End")


def test_tokens_are_counted_once_for_each_stretch_of_8000_characters() -> None:
    calls: list[str] = []

    def counted(text: str) -> int:
        calls.append(text)
        return count(text)

    chunk("a", read(Part("word " * 10_000)), counted)
    assert len(calls) == 7


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("ab\u00e9\u5c71.?! \n\t\u3002", max_size=3_000),
            st.sampled_from([None, 1, 2]),
            st.sampled_from(["text", "rows"]),
        ),
        max_size=4,
    )
)
def test_nothing_is_lost_or_doubled_and_no_passage_is_too_long(
    parts: list[tuple[str, int | None, str]],
) -> None:
    read_parts = [
        Part(text, page, None, "rows" if shape == "rows" else "text") for text, page, shape in parts
    ]
    passages = chunk("a", read(*read_parts), count)
    whole = "".join("".join(part.text.split()) for part in read_parts)
    assert "".join("".join(passage.text.split()) for passage in passages) == whole
    assert all(passage.tokens <= MOST for passage in passages)
    assert all(passage.text.strip() for passage in passages)
