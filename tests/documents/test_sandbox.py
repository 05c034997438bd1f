"""Documents that do harm: each ends in a sentence, and the bot goes on."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.documents import sandbox
from bot.documents.extract import extract
from bot.documents.extracted import Extracted, Limits, shown_name
from bot.errors import DocumentError
from tests.support import files
from tests.support.bad_files import BadFile, bad_files

BAD = bad_files(small=True)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Extracted | DocumentError]:
    """Every bad file, read a few at a time."""

    async def one(limit: asyncio.Semaphore, bad: BadFile) -> Extracted | DocumentError:
        async with limit:
            try:
                return await extract(bad.name, bad.data)
            except DocumentError as error:
                return error

    async def every() -> list[Extracted | DocumentError]:
        limit = asyncio.Semaphore(3)
        return await asyncio.gather(*(one(limit, bad) for bad in BAD.values()))

    return dict(zip(BAD, asyncio.run(every()), strict=True))


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_read_as_far_as_it_goes_or_refused_in_one_sentence(
    case: str, outcomes: dict[str, Extracted | DocumentError]
) -> None:
    bad, outcome = BAD[case], outcomes[case]
    if bad.refused:
        assert isinstance(outcome, DocumentError), outcome
        sentence = str(outcome)
        assert bad.refused in sentence
        assert f"`{shown_name(bad.name)}`" in sentence
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert len(sentence) < 400
    else:
        assert isinstance(outcome, Extracted), outcome
        assert any(bad.holds in part.text for part in outcome.parts)
        assert any(bad.warned in warning for warning in [*outcome.warnings, ""])
        assert outcome.characters <= Limits().characters
        assert not set("\u202e\u202c\x00\x02") & set("".join(part.text for part in outcome.parts))


def test_what_a_name_hides_or_marks_up_is_not_shown() -> None:
    shown = shown_name(BAD["evil name"].name)
    assert shown.startswith("a **b** 'x' @everyone nnn")
    assert shown.endswith("n.txt")
    assert len(shown) <= 80
    assert shown_name("\u202e\u200b\n") == "file"
    assert shown_name("..\\..\\C:\\x\\r\u00e9sum\u00e9.pdf") == "r\u00e9sum\u00e9.pdf"


async def test_nothing_can_be_opened_or_started_and_no_token_is_in_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    attempts = _attempts(
        "import os, socket, subprocess",
        "socket.socket()",
        "open('/etc/passwd')",
        "open('/tmp/x', 'w')",
        "os.open('/etc/passwd', 0)",
        "subprocess.run(['true'])",
        "os.system('true')",
        "(_ for _ in ()).throw(KeyError) if 'DISCORD_TOKEN' in os.environ else 1 / 0",
    )
    monkeypatch.setattr(sandbox, "_START", attempts)
    tried = [part.text for part in (await extract("a.txt", b"x")).parts]
    assert tried == [
        "PermissionError",
        "PermissionError",
        "PermissionError",
        "PermissionError",
        "PermissionError",
        "PermissionError",
        "ZeroDivisionError",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
async def test_native_code_can_open_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = _attempts(
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True)",
        "1 / 0 if libc.socket(2, 1, 0) >= 0 else libc.none",
        "1 / 0 if libc.open(b'/etc/passwd', 0) >= 0 else libc.none",
        "1 / 0 if libc.close(0) or libc.socket(2, 1, 0) >= 0 else libc.none",
    )
    monkeypatch.setattr(sandbox, "_START", attempts)
    tried = [part.text for part in (await extract("a.txt", b"x")).parts]
    assert tried == ["AttributeError"] * 3


def _attempts(setup: str, *attempts: str) -> str:
    """A start of the process that reads every document as what became of ``attempts``."""
    return (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from bot.documents import child, detect\n"
        f"{setup}\n"
        "def read(name, data, reading):\n"
        "    for attempt in sys.argv_attempts:\n"
        "        try: eval(attempt)\n"
        "        except Exception as error: reading.add(type(error).__name__)\n"
        "        else: reading.add('done:' + attempt)\n"
        "    return detect.Kind.TEXT\n"
        f"sys.argv_attempts = {attempts!r}\n"
        "child.read = read\n"
        "child.main()\n"
    )


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("while True: pass", "takes too long"),
        ("import signal; signal.pause()", "takes too long"),
        ("bytearray(3 << 30)", "more memory"),
        ("import ctypes; ctypes.string_at(0)", "gave up"),
        ("raise ValueError", "gave up"),
        ("import os; os.write(1, b'{\"kind\": 7\\n' * 9)", "gave up"),
        ("import os; os.write(1, b'\\xff' * 99); os._exit(0)", "gave up"),
        ("import os; os._exit(0)", "gave up"),
    ],
)
async def test_a_reader_that_hangs_dies_or_lies_costs_one_sentence(
    monkeypatch: pytest.MonkeyPatch, does: str, told: str
) -> None:
    monkeypatch.setattr(
        sandbox,
        "_START",
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from bot.documents import child\n"
        "import ctypes, time, os\n"
        f"def read(name, data, reading):\n    {does}\n"
        "child.read = read\n"
        "child.main()\n",
    )
    limits = Limits(wall_s=1.5, cpu_s=1)
    with pytest.raises(DocumentError, match=told) as caught:
        await extract("a.txt", b"x", limits)
    assert "`a.txt`" in str(caught.value)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for the process in /proc")
async def test_a_reader_ends_with_the_task_that_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    monkeypatch.setattr(
        sandbox,
        "_START",
        f"import signal, sys; sys.stdin.read(); open({str(begun)!r}, 'w'); signal.pause()",
    )
    before = _children()
    task = asyncio.create_task(extract("a.txt", b"x"))
    while not begun.exists():
        await asyncio.sleep(0.01)
    assert _children() - before
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task
    assert not _children() - before


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


async def test_a_document_over_a_limit_is_read_to_the_limit_and_it_is_said() -> None:
    limits = Limits(characters=100, rows=3, pages=2)
    long = await extract("a.txt", b"word " * 100, limits)
    assert long.characters <= 100
    assert "first 100 characters" in long.warnings[0]
    sheet = await extract("a.csv", b"k,v\n" + b"a,1\n" * 9, limits)
    assert sheet.parts[0].text == "k: a; v: 1\nk: a; v: 1"
    assert "first 3 rows" in sheet.warnings[0]
    show = await extract("a.pptx", files.pptx([("a", ["b"])] * 3), limits)
    assert [part.page for part in show.parts] == [1, 2]
    assert "first 2 of its 3 slides" in show.warnings[0]
    with pytest.raises(DocumentError, match="larger than the 1 MB"):
        await extract("a.txt", bytes(2 << 20), Limits(file_bytes=1 << 20))


async def test_what_of_an_archive_was_left_out_is_said() -> None:
    members: dict[str, str | bytes] = {f"{n}.png": b"\x89PNG\r\n\x1a\n\0" for n in range(9)}
    outcome = await extract("a.zip", files.zipped({**members, "a.txt": "text"}))
    assert [part.text for part in outcome.parts] == ["text"]
    assert len(outcome.warnings) == 4
    assert "`0.png` is a picture" in outcome.warnings[0]
    assert outcome.warnings[-1] == "6 more files in `a.zip` could not be read."
