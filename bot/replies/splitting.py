"""Text cut into Discord messages where a reader would cut it.

Discord counts the 2,000 characters of a message in Unicode code points (its staff, in
discord/discord-api-docs issue 1315), its clients count UTF-16 code units. The second count is
never the smaller one, so it is the one kept here.

A code block in Discord opens and closes at a run of three or more backticks anywhere in a line;
other fences, inline code and bold are plain text to it as far as cutting is concerned, and a cut
may fall between their marks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MESSAGE_LIMIT = 2000
"""Characters of one message's content (Discord, Create Message)."""

SMALLEST_LIMIT = 64
"""Room for a reopened fence, its closing and some text between them."""

_CLOSING = "\n```"
_RUN = re.compile("`{3,}")
_HALF_TYPED_RUN = re.compile(r"(?<!`)`{1,2}\Z")
# Discord takes the word after the backticks for a language only if the line ends with it.
_LANGUAGE = re.compile(r"[A-Za-z0-9_+.#-]{1,20}(?=\n)")
# Chinese and Japanese sentences end without a space: full stop, exclamation and question mark,
# not followed by another one or by a closing bracket.
_STOPS = "\u3002\uff01\uff1f"
_PLACE = re.compile(rf"\s+|(?<=[{_STOPS}])(?![{_STOPS}\u300d\u300f\uff09])")
_SENTENCE_END = re.compile(rf"""[.!?\u2026{_STOPS}]["'\u201d\u2019\u00bb)\]*_]*\Z""")
_ZERO_WIDTH_JOINER = "\u200d"


class _Cut(IntEnum):
    """How well a reader takes a cut; lower is better."""

    PARAGRAPH = 0
    LINE = 1
    CODE_LINE = 2
    SENTENCE = 3
    WORD = 4


@dataclass(slots=True)
class _Fence:
    """Whether a code block is open, and how to open it again."""

    is_open: bool = False
    language: str = ""
    content: int = 0
    """Index at which the open block's content begins."""

    @property
    def opening(self) -> str:
        return f"```{self.language}\n" if self.is_open else ""


def units(text: str) -> int:
    """Length in UTF-16 code units, which is never less than that in code points."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def display(text: str) -> str:
    """What of a model's text can be put into a message; "" where nothing would be seen.

    Mentions are left alone: no message of the bot may notify anybody, so they are only words.
    NUL and lone surrogates are replaced, for no JSON carries them, and text of nothing but
    white space and invisible characters counts as none, for Discord refuses an empty message.
    """
    text = re.sub("[\x00\ud800-\udfff]", "\ufffd", text)
    if all(char.isspace() or unicodedata.category(char) in ("Cf", "Cc") for char in text):
        return ""
    return text


def split(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """Cut ``text`` into parts of at most ``limit`` UTF-16 code units, none of them blank.

    Parts end at a paragraph, a line, a sentence or a word in their second half, failing that in
    their first, else between two graphemes. A code block that a cut falls into is closed at the
    end of the part and opened again, with its language, in the next; one that the text leaves
    open is closed at the end of the last part, so that half a code block already looks like one.
    The white space at a cut is dropped; inside a code block the indentation after it is kept.

    The cuts stay put while a text grows: for all ``a`` and ``b``, ``split(a)[:-1]`` are the first
    parts of ``split(a + b)``, which never has fewer parts than ``split(a)``. Takes time linear in
    the length of ``text``.

    Raises:
        ValueError: ``limit`` is under :data:`SMALLEST_LIMIT`.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"a part must have room for {SMALLEST_LIMIT} characters, not {limit}")
    stop = len(text.rstrip())
    start = _skip_blank(text, 0)
    fence = _Fence()
    parts: list[str] = []
    while start < stop:
        opening = fence.opening
        room = limit - len(opening)
        last = _last_part(text, start, stop, fence, room)
        if last is not None:
            if last:
                parts.append(opening + last)
            break
        end, after = _cut(text, start, stop, fence, room - len(_CLOSING))
        part = text[start:end]
        parts.append(opening + (part + _CLOSING if after.is_open else part.rstrip()))
        start = _resume(text, end, after)
        fence = after
    return parts


def _last_part(text: str, start: int, stop: int, fence: _Fence, room: int) -> str | None:
    """The rest of the text if it fits into ``room``, with an open fence closed; else ``None``.

    A fence takes the room of its closing whether that is written, half written or missing, so
    what does not fit now will not fit when more is written.
    """
    if stop - start > room + 2:
        return None
    rest = text[start:stop]
    state = fence
    closing = None
    for run, after in _fences(text, start, stop, fence):
        state = after
        closing = run if run.end() == stop else None
    if state.is_open:
        body = _HALF_TYPED_RUN.sub("", rest).rstrip()
        if units(body) + len(_CLOSING) > room:
            return None
        return body + _CLOSING if body else ""
    needed = units(rest)
    if closing is not None:
        needed = max(needed, units(text[start : closing.start()].rstrip()) + len(_CLOSING))
    return rest if needed <= room else None


def _cut(text: str, start: int, stop: int, fence: _Fence, room: int) -> tuple[int, _Fence]:
    """Where the part that begins at ``start`` ends, and the state of its fence there.

    Looks at nothing beyond the character after the cut, and the caller has more text than
    ``room``, so growth changes nothing.
    """
    reach = _reach(text, start, room)
    half = max(start + 1, start + room // 2)
    cut = _best_place(text, start, stop, fence, low=half, high=reach) or _best_place(
        text, start, stop, fence, low=start + 1, high=min(half, reach)
    )
    if cut is not None:
        return cut
    at = _grapheme_boundary(text, start, reach)
    state = fence
    for run, after in _fences(text, start, stop, fence, reach):
        if run.end() > at:
            break
        state = after
    return at, state


def _best_place(
    text: str, start: int, stop: int, fence: _Fence, *, low: int, high: int
) -> tuple[int, _Fence] | None:
    """The last of the best places from ``low`` to ``high``, with the state of the fence there."""
    fences = _fences(text, start, stop, fence, high)
    upcoming = next(fences, None)
    state = fence
    content = _skip_blank(text, max(start, fence.content))
    best: tuple[_Cut, int, _Fence] | None = None
    for place in _PLACE.finditer(text, low, min(high + 1, stop)):
        at = max(place.start(), text.rfind("\n", place.start(), place.end()))
        if at > high:
            break
        while upcoming is not None and upcoming[0].end() <= at:
            state = upcoming[1]
            content = _skip_blank(text, state.content)
            upcoming = next(fences, None)
        if state.is_open and content >= at:
            continue  # the part would end in an empty code block
        kind = _kind(text, place, at, state)
        if best is None or kind <= best[0]:
            best = (kind, at, state)
    return None if best is None else best[1:]


def _kind(text: str, place: re.Match[str], at: int, fence: _Fence) -> _Cut:
    newlines = text.count("\n", place.start(), place.end())
    if fence.is_open:
        return _Cut.CODE_LINE if newlines else _Cut.WORD
    if newlines:
        return _Cut.PARAGRAPH if newlines > 1 else _Cut.LINE
    return _Cut.SENTENCE if _SENTENCE_END.search(text, max(0, at - 8), at) else _Cut.WORD


def _fences(
    text: str, start: int, stop: int, fence: _Fence, reach: int | None = None
) -> Iterator[tuple[re.Match[str], _Fence]]:
    """Each run of backticks that opens or closes a code block, with the state after it; of those
    beyond ``reach`` none needs to be looked for."""
    state = fence
    end = stop if reach is None else min(stop, reach + 1)
    for run in _RUN.finditer(text, start, end):
        if state.is_open:
            state = _Fence()
        elif _opens(text, start, stop, run):
            language = _LANGUAGE.match(text, run.end(), stop)
            state = _Fence(
                is_open=True,
                language=language[0] if language else "",
                content=language.end() if language else run.end(),
            )
        else:
            continue
        yield run, state


def _opens(text: str, start: int, stop: int, run: re.Match[str]) -> bool:
    """Backticks begin a block, save those that a sentence speaks of ("use ``` to quote")."""
    line = text.rfind("\n", start, run.start()) + 1 or start
    if not text[line : run.start()].strip():
        return True
    return run.end() < stop and text[run.end()] not in " \t"


def _resume(text: str, end: int, fence: _Fence) -> int:
    """Where the next part begins; ``fence`` is closed if its own closing comes right here."""
    following = _skip_blank(text, end)
    if not fence.is_open:
        return following
    closing = _RUN.match(text, following)
    if closing is not None:
        fence.is_open = False
        return _skip_blank(text, closing.end())
    newline = text.rfind("\n", end, following)
    if newline >= 0:
        return newline + 1
    return end + 1 if text[end].isspace() else end


def _skip_blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _reach(text: str, start: int, room: int) -> int:
    """The greatest index such that ``text[start:index]`` has at most ``room`` units."""
    end = min(len(text), start + room)
    while (excess := units(text[start:end]) - room) > 0:
        end -= (excess + 1) // 2
    return end


def _grapheme_boundary(text: str, start: int, reach: int) -> int:
    """The last place up to ``reach`` that tears nothing apart which is seen as one."""
    for at in range(reach, max(start, reach - 64), -1):
        if not _is_joined(text, start, at):
            return at
    return reach


def _is_joined(text: str, start: int, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if before == after == "`" or _ZERO_WIDTH_JOINER in (before, after):
        return True
    if unicodedata.category(after) in ("Mn", "Mc", "Me"):
        return True
    # Skin tones, the tags that flags of regions are made of, and the rest of a Hangul syllable.
    if (
        after in "🏻🏼🏽🏾🏿"
        or "\U000e0020" <= after <= "\U000e007f"
        or "\u1160" <= after <= "\u11ff"
    ):
        return True
    if _is_flag_letter(before) and _is_flag_letter(after):
        first = at
        while first > start and _is_flag_letter(text[first - 1]):
            first -= 1
        return (at - first) % 2 == 1
    return False


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
