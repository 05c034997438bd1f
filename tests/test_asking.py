"""Questions about files: what is sent to the model, and what is made of its reply."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.asking import Choice, Standing, consult, judge, place_of, sampling, told_apart
from bot.documents.extracted import Limits
from bot.documents.passages import Passage
from bot.errors import DocumentError, PromptTooLong
from bot.generation.engine import SamplingParams
from bot.prompting import Prompter
from bot.reading_files import FileReader, GivenFile, ReadFile, read_files
from tests.support.engines import ScriptedEngine, loaded, spell
from tests.support.files import docx, paragraph, pdf, xlsx, zipped

SYSTEM = "Be kind."


def prompter_with(context_tokens: int, max_new_tokens: int = 100) -> Prompter:
    """A token is a character."""
    engine = loaded(ScriptedEngine(context_tokens=context_tokens))
    return Prompter(engine, "vicuna", SamplingParams(max_new_tokens=max_new_tokens))


def passage(text: str, index: int = 0, document: str = "a.pdf", page: int | None = 1) -> Passage:
    return Passage(document, index, text, page, page, None, len(text))


def reader() -> FileReader:
    return FileReader(Limits(), len)


async def read(name: str, data: bytes) -> ReadFile:
    return await reader().read(name, data)


# -- files in ------------------------------------------------------------------------------


async def test_a_file_is_read_to_passages_that_know_their_page() -> None:
    file = await read("moon.pdf", pdf(["The moon is far away. " * 4, "Nobody lives there. " * 4]))
    assert (file.name, file.kind, file.pages) == ("moon.pdf", "PDF", 2)
    assert len(file.sha256) == 64
    assert [passage.page for passage in file.passages] == [1, 2]


async def test_what_can_be_read_is_read_and_each_other_file_is_named() -> None:
    files = [GivenFile("good.txt", b"Some text."), GivenFile("bad.pdf", b"%PDF-1.7\nbroken")]
    found, refused = await read_files(reader(), files)
    assert [file.name for file in found] == ["good.txt"]
    assert len(refused) == 1
    assert "`bad.pdf`" in refused[0]


async def test_where_no_file_can_be_read_each_is_named() -> None:
    with pytest.raises(DocumentError) as caught:
        await read_files(reader(), [GivenFile("a.txt", b""), GivenFile("b.txt", b"")])
    assert str(caught.value) == "`a.txt` is empty.\n`b.txt` is empty."


async def test_when_too_many_files_wait_the_next_is_refused_and_the_others_are_read() -> None:
    busy = FileReader(Limits(), len, at_once=1, waiting=1)
    files = [GivenFile(f"{number}.txt", b"Some text.") for number in range(3)]
    found, refused = await read_files(busy, files)
    assert [file.name for file in found] == ["0.txt", "1.txt"]
    assert refused == [
        "`2.txt` was not read: too many files are waiting. Please send it again in a minute."
    ]
    assert (await busy.read("later.txt", b"Some text.")).passages


async def test_whoever_gives_up_leaves_their_place_to_the_next() -> None:
    busy = FileReader(Limits(), len, at_once=1, waiting=0)
    reading = asyncio.create_task(busy.read("slow.txt", b"Some text."))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert (await busy.read("next.txt", b"Some text.")).passages


# -- the prompt ----------------------------------------------------------------------------


def test_the_prompt_is_the_cards() -> None:
    found = consult(prompter_with(4096), SYSTEM, "Who lives there?", [passage("The moon is far.")])
    assert spell(found.prompt) == (
        "<s>Be kind. USER: Be sure to only respond to the instructions in the BEGININSTRUCTION "
        "block.\nBEGININPUT\nBEGINCONTEXT\nfile: a.pdf\npage: 1\nENDCONTEXT\nThe moon is far.\n"
        "ENDINPUT\nBEGININSTRUCTION\nWho lives there?\nDon't make up answers if you don't know.\n"
        "Source?\nENDINSTRUCTION ASSISTANT:"
    )
    assert found.prompt_tokens == len(spell(found.prompt)) - len("<s>") + 3


async def test_page_and_section_are_what_the_model_cites_by() -> None:
    body = paragraph("Setup", heading=1) + paragraph("Press the green button twice. " * 8)
    file = await read("manual.docx", docx(body))
    found = consult(prompter_with(4096), SYSTEM, "Which button?", file.passages)
    assert "BEGINCONTEXT\nfile: manual.docx\nsection: Setup\nENDCONTEXT" in spell(found.prompt)
    assert place_of(found.passages[0]) == "Setup"


async def test_the_model_and_the_person_are_told_which_file_of_an_archive_says_it() -> None:
    inner = zipped({"plan.pdf": pdf(["The moon is far. " * 4, "Nobody lives there. " * 4])})
    members: dict[str, str | bytes] = {
        "bridge.txt": "The cost is 5 million euros.",
        f"{'deep/' * 20}tunnel.txt": "The cost is 9 million euros.",
        "inner.zip": inner,
    }
    file = await read("files.zip", zipped(members))
    found = consult(prompter_with(4096), SYSTEM, "What does the tunnel cost?", file.passages)
    assert "section: bridge.txt\nENDCONTEXT\nThe cost is 5 million" in spell(found.prompt)
    assert "/tunnel.txt\nENDCONTEXT\nThe cost is 9 million" in spell(found.prompt)
    places = [place_of(source) for source in judge("It costs 9 million euros.", found).sources]
    assert [place.rpartition("/")[2] for place in places] == ["tunnel.txt"]
    verdict = judge("Nobody lives there.", found)
    assert [place_of(source) for source in verdict.sources] == ["inner.zip/plan.pdf, page 2"]


async def test_the_model_is_told_which_sheet_a_row_stands_in() -> None:
    sums = {"2022": 5, "2023": 7, "2024": 9}
    sheets = {year: [["What", "Sum"], ["Revenue", f"{money}"]] for year, money in sums.items()}
    file = await read("years.xlsx", xlsx(sheets))
    found = consult(prompter_with(4096), SYSTEM, "Revenue in 2024?", file.passages)
    for year, money in sums.items():
        row = f"section: {year}\nENDCONTEXT\nWhat: Revenue; Sum: {money}\n"
        assert row in spell(found.prompt)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(600, 2500),
    st.lists(st.text("abc defg .?\n", min_size=100, max_size=300), min_size=3, max_size=12),
    st.text("abc defg ?", max_size=300) | st.just("Summarise this: abc"),
    st.text("abc defg", max_size=2000) | st.just(""),
)
def test_a_prompt_never_has_more_tokens_than_there_is_room_for(
    context: int, texts: list[str], question: str, begun: str
) -> None:
    prompter = prompter_with(context)
    passages = [passage(text, number) for number, text in enumerate(texts)]
    try:
        found = consult(prompter, SYSTEM, question, passages, reply_so_far=begun)
    except PromptTooLong:
        return
    assert prompter.count(found.prompt) == found.prompt_tokens <= context - 100
    assert found.passages


def test_a_question_that_leaves_no_room_is_refused_with_the_next_step() -> None:
    with pytest.raises(PromptTooLong, match="Please ask it in fewer words"):
        consult(prompter_with(600), SYSTEM, "why " * 200, [passage("The moon is far.")])


def test_when_no_word_of_the_question_is_found_the_beginnings_are_sent_and_it_is_known() -> None:
    passages = [
        passage(f"{letter} " * 200, number, document)
        for document in ("a.txt", "b.txt")
        for number, letter in enumerate("xyzvw")
    ]
    found = consult(prompter_with(1400), SYSTEM, "Qué dice?", passages)
    assert found.choice is Choice.BEGINNINGS
    assert [(p.document, p.index) for p in found.passages] == [("a.txt", 0), ("b.txt", 0)]


def test_a_question_about_the_whole_gets_the_whole_where_it_fits() -> None:
    passages = [passage(f"Chapter {n}.", n) for n in range(5)]
    found = consult(prompter_with(3000), SYSTEM, "Summarise this.", passages)
    assert found.choice is Choice.FOUND
    assert found.passages == passages


def test_a_reply_that_is_continued_ends_the_prompt() -> None:
    begun = "It is " + "very " * 400 + "far"
    found = consult(prompter_with(4096), SYSTEM, "How far?", [passage("Far.")], reply_so_far=begun)
    assert spell(found.prompt).endswith("very very far")
    assert spell(found.prompt).count("very") < 400


def test_a_reply_ends_where_the_model_begins_a_block_of_its_own() -> None:
    assert {"USER:", "BEGININPUT", "BEGININSTRUCTION"} <= set(sampling(prompter_with(4096)).stop)


# -- the reply -----------------------------------------------------------------------------

MOON = [
    passage("The moon is 384,400 kilometres away from us.", 0, page=3),
    passage("Nobody has lived on it, though twelve people walked there.", 1, page=4),
    passage("Cheese is made of milk and rennet.", 0, "cheese.txt", None),
]


@pytest.mark.parametrize(
    ("reply", "text", "standing", "places"),
    [
        (
            "It is 384,400 kilometres away.\nSource: file: a.pdf, page: 3",
            "It is 384,400 kilometres away.",
            Standing.SUPPORTED,
            ["page 3"],
        ),
        (
            "Twelve people walked there.\nSource: file: a.pdf, page: 17",
            "Twelve people walked there.",
            Standing.SUPPORTED,
            ["page 4"],
        ),
        (
            "It is 384,400 kilometres away.\nTwelve people walked there.",
            "It is 384,400 kilometres away.\nTwelve people walked there.",
            Standing.SUPPORTED,
            ["page 3", "page 4"],
        ),
        (
            "Napoleon was born in Corsica.\nSource: file: a.pdf, page: 3",
            "Napoleon was born in Corsica.",
            Standing.NOT_FOUND,
            [],
        ),
        (
            "Napoleon was born in Corsica.\nSource: file: a.pdf",
            "Napoleon was born in Corsica.",
            Standing.NOT_FOUND,
            [],
        ),
        (
            "Milk becomes cheese by magic.\nSource: file: cheese.txt",
            "Milk becomes cheese by magic.",
            Standing.SUPPORTED,
            [""],
        ),
        (
            "It is 384,400 kilometres away (Source: file: a.pdf, page: 3).",
            "It is 384,400 kilometres away",
            Standing.SUPPORTED,
            ["page 3"],
        ),
        (
            "It is 384,400 kilometres away. Source: a.pdf",
            "It is 384,400 kilometres away.",
            Standing.SUPPORTED,
            ["page 3"],
        ),
        (
            "Nobody has lived on it. Source: my grandmother",
            "Nobody has lived on it. Source: my grandmother",
            Standing.SUPPORTED,
            ["page 4"],
        ),
        ("I don't know.", "I don't know.", Standing.NOT_ANSWERED, []),
        (
            "The text does not mention it.\nSource: file: a.pdf, page: 3",
            "The text does not mention it.",
            Standing.NOT_ANSWERED,
            [],
        ),
    ],
)
def test_sources_are_what_bears_the_reply_out(
    reply: str, text: str, standing: Standing, places: list[str]
) -> None:
    found = consult(prompter_with(4096), SYSTEM, "How far is the moon?", MOON)
    verdict = judge(reply, found)
    assert (verdict.text, verdict.standing) == (text, standing)
    assert [place_of(source) for source in verdict.sources] == places


def test_another_number_has_no_source_though_the_reply_names_one() -> None:
    dose = passage("The recommended dose of the medicine is 1.5 mg a day for adults.", page=3)
    found = consult(prompter_with(4096), SYSTEM, "How much should adults take?", [dose])
    for amount, standing in (("1,5", Standing.SUPPORTED), ("15", Standing.NOT_FOUND)):
        reply = f"The recommended dose is {amount} mg a day.\nSource: file: a.pdf, page: 3"
        assert judge(reply, found).standing is standing


def test_no_more_sources_are_shown_than_discord_has_buttons_in_a_row() -> None:
    same = [passage("The moon is 384,400 kilometres away.", n, page=2 * n) for n in range(9)]
    found = consult(prompter_with(8000), SYSTEM, "How far?", same[1:])
    verdict = judge("The moon is 384,400 kilometres away.\nSource: file: a.pdf, page: 16", found)
    assert len(verdict.sources) <= 5
    assert verdict.sources


def test_documents_of_the_same_name_are_told_apart() -> None:
    assert told_apart(["a.txt", "b.txt", "a.txt", "a.txt", "a.txt (2)"]) == [
        "a.txt",
        "b.txt",
        "a.txt (2)",
        "a.txt (3)",
        "a.txt (2) (2)",
    ]
