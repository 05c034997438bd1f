"""Fetching the files that people attach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import discord
import pytest

from bot.attachments import DownloadLimits, documents_in, fetch_files
from bot.errors import DocumentError
from bot.reading_files import GivenFile

LIMITS = DownloadLimits(files=2, file_bytes=1 << 20, total_bytes=3 << 19)


@dataclass
class Cdn:
    """Serves files by their links, and notes which were asked for."""

    files: dict[str, bytes | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def get_from_cdn(self, url: str) -> bytes:
        self.asked.append(url)
        found = self.files.get(url, _gone())
        if isinstance(found, Exception):
            raise found
        return found

    def attach(
        self,
        name: str,
        data: bytes | Exception | None,
        *,
        number: int = 1,
        url: str = "u",
        size: int = 9,
    ) -> discord.Attachment:
        """``data``: ``None`` where the link has expired."""
        if data is not None:
            self.files[url] = data
        fields = {"id": number, "size": size, "filename": name, "url": url, "proxy_url": url}
        state = cast(Any, SimpleNamespace(http=self))
        return discord.Attachment(data=cast(Any, fields), state=state)


def _gone() -> discord.NotFound:
    response = cast(Any, SimpleNamespace(status=404, reason="Not Found"))
    return discord.NotFound(response, "asset not found")


async def test_files_are_fetched_by_their_own_links() -> None:
    cdn = Cdn()
    files, refused = await fetch_files([cdn.attach("a.txt", b"words", url="its-link")], LIMITS)
    assert files == [GivenFile("a.txt", b"words")]
    assert (refused, cdn.asked) == ([], ["its-link"])


async def test_an_expired_link_is_had_anew_through_the_message() -> None:
    cdn = Cdn()
    old = cdn.attach("a.txt", None, number=7, url="expired")
    other = cdn.attach("b.txt", b"other", number=8, url="other")
    fresh = cdn.attach("a.txt", b"words", number=7, url="fresh")

    async def refetch() -> Sequence[discord.Attachment]:
        return [other, fresh]

    files, _ = await fetch_files([old], LIMITS, refetch)
    assert files == [GivenFile("a.txt", b"words")]
    assert cdn.asked == ["expired", "fresh"]


async def test_a_link_that_stays_expired_is_said_so() -> None:
    async def refetch() -> Sequence[discord.Attachment]:
        return []

    cdn = Cdn()
    for again in (None, refetch):
        with pytest.raises(DocumentError, match=r"`a\.txt` is not there any more: .* Attach it"):
            await fetch_files([cdn.attach("a.txt", None)], LIMITS, again)


@pytest.mark.parametrize("fault", [aiohttp.ClientError("reset"), TimeoutError()])
async def test_a_fault_of_the_line_is_told_beside_what_could_be_had(fault: Exception) -> None:
    cdn = Cdn()
    bad = cdn.attach("bad.txt", fault, url="bad")
    good = cdn.attach("good.txt", b"words", url="good")
    files, refused = await fetch_files([bad, good], LIMITS)
    assert files == [GivenFile("good.txt", b"words")]
    [sentence] = refused
    assert sentence == "`bad.txt` could not be fetched from Discord. Try it again in a minute."


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ([1, 1, 1], "These are 3 files; I take up to 2 at once."),
        ([1 << 20, 1 << 20], "These files have 2 MB together; I take up to 1 MB at once."),
        ([(1 << 20) + 1], "`0.txt` is larger than the 1 MB that I read."),
    ],
)
async def test_what_is_too_much_is_refused_before_anything_is_fetched(
    sizes: list[int], sentence: str
) -> None:
    cdn = Cdn()
    files = [
        cdn.attach(f"{number}.txt", b"", url=str(number), size=size)
        for number, size in enumerate(sizes)
    ]
    with pytest.raises(DocumentError, match=sentence):
        await fetch_files(files, LIMITS)
    assert cdn.asked == []


def test_pictures_sounds_and_pastes_are_no_documents() -> None:
    cdn = Cdn()
    names = ["cat.png", "song.mp3", "film.mp4", "message.txt", "a.pdf", "unknown"]
    message = cast(Any, SimpleNamespace(attachments=[cdn.attach(name, b"") for name in names]))
    assert [found.filename for found in documents_in(message)] == ["a.pdf", "unknown"]
