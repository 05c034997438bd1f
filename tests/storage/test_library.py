"""A channel's documents, as its people know them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from bot.storage import (
    ChannelRef,
    Conversations,
    Database,
    Library,
    LibraryFull,
    NewDocument,
    Source,
    StoredDocument,
    StoredPassage,
)
from bot.storage.document_schema import Passage

HERE, ELSEWHERE = ChannelRef(11, guild_id=5), ChannelRef(12, guild_id=5)


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database)


def document(
    name: str = "notes.txt",
    *,
    passages: int = 3,
    message_id: int | None = None,
    added_by: int = 7,
) -> NewDocument:
    """Its content is its name, so two of one name are the same."""
    return NewDocument(
        name=name,
        kind="text",
        sha256=name.ljust(64, "0")[:64],
        size=100,
        characters=100,
        pages=2,
        warnings=("Only its first 2 pages were read.", "Page 2 has no text."),
        added_by=added_by,
        message_id=message_id,
        passages=[
            StoredPassage(
                position=position,
                text=f"{name} {position}",
                page=1,
                last_page=2,
                section="Chapter",
                tokens=9,
            )
            for position in range(passages)
        ],
    )


async def add(
    library: Library,
    new: NewDocument,
    channel: ChannelRef = HERE,
    *,
    documents: int = 10,
    characters: int = 10_000,
) -> StoredDocument:
    return await library.add(channel, new, most_documents=documents, most_characters=characters)


async def names(library: Library, channel: ChannelRef = HERE) -> list[str]:
    return [stored.name for stored in await library.documents(channel.id)]


async def kept_passages(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Passage)) or 0


async def test_what_was_kept_comes_back_as_it_was(library: Library) -> None:
    new = document(message_id=99)
    stored = await add(library, new)
    assert await library.documents(HERE.id) == [stored]
    assert (stored.name, stored.kind, stored.pages) == ("notes.txt", "text", 2)
    assert stored.warnings == new.warnings
    assert (stored.added_by, stored.message_id) == (7, 99)
    assert await library.passages([stored.id]) == {stored.id: list(new.passages)}


async def test_the_same_content_is_kept_once_of_each_person_in_a_channel(
    library: Library, database: Database
) -> None:
    first, second = await asyncio.gather(add(library, document()), add(library, document()))
    assert first == second
    assert await names(library) == ["notes.txt"]
    assert await kept_passages(database) == 3
    other = await add(library, document(), ELSEWHERE)
    assert other.id != first.id
    others = await add(library, document(added_by=8))
    assert others.id != first.id


@pytest.mark.parametrize(("came_with", "goes_with"), [([1, 2], 2), ([1, 1], 1)])
async def test_what_came_twice_goes_with_the_last_message(
    library: Library, came_with: list[int], goes_with: int
) -> None:
    for message_id in came_with:
        await add(library, document(message_id=message_id))
    await add(library, document(message_id=9, added_by=8))
    for message_id in {1, 2} - {goes_with}:
        assert await library.delete_messages([message_id]) == 0
    assert await library.delete_messages([goes_with]) == 1
    assert [one.added_by for one in await library.documents(HERE.id)] == [8]


async def test_what_a_command_brought_too_goes_with_no_message(library: Library) -> None:
    for message_id in (1, None, 2):
        await add(library, document(message_id=message_id))
    assert await library.delete_messages([1, 2]) == 0


async def test_a_full_channel_refuses_and_keeps_nothing_of_it(
    library: Library, database: Database
) -> None:
    await add(library, document("a"), documents=1)
    with pytest.raises(LibraryFull, match=r"has 1 document already.* `/docs remove`"):
        await add(library, document("b"), documents=1)
    with pytest.raises(LibraryFull, match="may have 150 characters"):
        await add(library, document("b"), characters=150)
    assert await names(library) == ["a"]
    assert await kept_passages(database) == 3
    # What is there already needs no room.
    assert (await add(library, document("a"), documents=1)).name == "a"


async def test_a_fault_while_a_document_is_kept_leaves_nothing_of_it(
    library: Library, database: Database
) -> None:
    twice = document()
    broken = NewDocument(
        **{
            **{name: getattr(twice, name) for name in twice.__dataclass_fields__},
            "passages": [*twice.passages, *twice.passages],
        }
    )
    with pytest.raises(IntegrityError):
        await add(library, broken)
    assert await names(library) == []
    assert await kept_passages(database) == 0


async def test_documents_go_one_by_one_or_all_with_their_passages(
    library: Library, database: Database
) -> None:
    first = await add(library, document("a"))
    await add(library, document("b"))
    await add(library, document("c"), ELSEWHERE)
    assert not await library.remove(ELSEWHERE.id, first.id)
    assert await library.remove(HERE.id, first.id)
    assert not await library.remove(HERE.id, first.id)
    assert await names(library) == ["b"]
    assert await library.clear(HERE.id) == 1
    assert await names(library) == []
    assert await names(library, ELSEWHERE) == ["c"]
    assert await kept_passages(database) == 3


async def test_a_document_goes_with_the_message_it_came_with(library: Library) -> None:
    await add(library, document("a", message_id=1))
    await add(library, document("b", message_id=2))
    await add(library, document("c"))
    assert await library.delete_messages([1, 3]) == 1
    assert await names(library) == ["b", "c"]


async def test_what_an_answer_rests_on_is_found_again(
    library: Library, conversations: Conversations
) -> None:
    kept = await add(library, document("a", passages=5))
    gone = await add(library, document("b"))
    question = await conversations.add_question(
        channel=HERE, author_id=7, author_name="Zoë", content="What?", message_id=None
    )
    reply = await conversations.open_reply(question, author_id=8, author_name="Airo")
    assert reply is not None
    await library.asked_about(question, [kept.id, gone.id])
    await library.remove(HERE.id, gone.id)
    source = Source(number=1, document_id=kept.id, first=1, last=3)
    lost = Source(number=2, document_id=gone.id, first=0, last=0)
    await library.cite(reply, [source, lost])
    assert await library.documents_of(question) == [kept.id]
    assert await library.sources(reply) == [source]
    shown = await library.shown(reply, 1)
    assert shown is not None
    assert shown[0] == kept
    assert [passage.position for passage in shown[1]] == [1, 2, 3]
    assert await library.shown(reply, 2) is None
    # A reply that is written anew rests on something else.
    await library.cite(reply, [])
    assert await library.sources(reply) == []


async def test_what_an_answer_rests_on_goes_with_it_and_with_the_document(
    library: Library, conversations: Conversations
) -> None:
    kept = await add(library, document("a"))
    question = await conversations.add_question(
        channel=HERE, author_id=7, author_name="Zoë", content="What?", message_id=1
    )
    reply = await conversations.open_reply(question, author_id=8, author_name="Airo")
    assert reply is not None
    await library.cite(reply, [Source(number=1, document_id=kept.id, first=0, last=0)])
    await library.clear(HERE.id)
    assert await library.sources(reply) == []
    # A turn that is not there any more is nothing to fail over.
    await conversations.delete_reply(reply)
    await library.cite(reply, [])
    await library.asked_about(reply, [kept.id])
    assert await library.documents_of(reply) is None


async def test_a_whole_book_is_kept_and_read_back_in_order(library: Library) -> None:
    """More passages than are written or read in one go."""
    books = [document("a", passages=1201), document("b", passages=251)]
    stored = [await add(library, book) for book in books]
    found = await library.passages([one.id for one in stored])
    assert found == {one.id: list(book.passages) for one, book in zip(stored, books, strict=True)}


async def test_a_question_is_known_to_be_about_documents_after_they_are_gone(
    library: Library, conversations: Conversations
) -> None:
    kept, gone = await add(library, document("a")), await add(library, document("b"))
    question = await conversations.add_question(
        channel=HERE, author_id=7, author_name="Zoë", content="What?", message_id=1
    )
    assert await library.documents_of(question) is None
    await library.asked_about(question, [kept.id, gone.id])
    await library.remove(HERE.id, gone.id)
    assert await library.documents_of(question) == [kept.id]
    await library.clear(HERE.id)
    assert await library.documents_of(question) == []


async def test_a_channel_that_is_full_of_text_names_the_document_as_code(library: Library) -> None:
    await add(library, document("first"), characters=150)
    with pytest.raises(LibraryFull, match=r"no room for `__init__\.py` here"):
        await add(library, document("__init__.py"), characters=150)


async def test_the_older_schema_has_room_for_one_of_the_same_content(
    library: Library, database: Database
) -> None:
    first = await add(library, document())
    await add(library, document(added_by=8))
    other = await add(library, document("other.txt", added_by=8))
    await database.downgrade("0007")
    await database.upgrade()
    assert await library.documents(HERE.id) == [first, other]
    assert await kept_passages(database) == 6
