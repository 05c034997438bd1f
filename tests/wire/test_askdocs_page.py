"""Questions about files in the browser: attach, ask, ask on, look at a source, sum up."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Locator, Page, expect

from sandbox.server import Sandbox
from tests.sandbox.conftest import UNLIMITED
from tests.support.browser import Stage, open_stage
from tests.support.engines import Script
from tests.support.files import docx, paragraph, pdf
from tests.support.judge import Judge

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NUMBERS = count(1)
PICTURES = os.environ.get("AIROCORD_SCREENSHOTS")
"""A folder; pictures of what the tests see are written there."""

MOON = FilePayload(
    name="moon.pdf",
    mimeType="application/pdf",
    buffer=pdf(["The moon is 384,400 kilometres away.", "Twelve people have walked there."]),
)
OAKS = FilePayload(
    name="oaks.docx",
    mimeType="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    buffer=docx(paragraph("Age", heading=1) + paragraph("An oak lives for a thousand years.")),
)
BOOK = FilePayload(
    name="book.txt",
    mimeType="text/plain",
    buffer="\n\n".join(f"Tree number {n} is called Oak{n:x}wood." for n in range(150)).encode(),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, judge: Judge) -> AsyncIterator[Stage]:
    sandbox = Sandbox(limits=UNLIMITED)
    judge.watch(sandbox)
    async with open_stage(tmp_path_factory.mktemp("bot"), sandbox) as opened:
        yield opened
        assert opened.complaints == []
        assert judge.problems() == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(stage: Stage) -> AsyncIterator[Page]:
    """A channel of its own, opened as Ada."""
    name = f"files-{next(_NUMBERS)}"
    stage.sandbox.world.add_channel(stage.guild_id, name, "Files")
    async with stage.open() as opened:
        await opened.get_by_role("button", name=name, exact=True).click()
        await expect(opened.get_by_role("heading", level=1)).to_have_text(name)
        yield opened


def newest(page: Page) -> Locator:
    return page.locator("article").last


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES, f"askdocs-{name}.png"))


async def askdocs(page: Page, question: str, *files: FilePayload) -> None:
    """Use the command as a person does, with the form that the page shows for it."""
    await page.locator("#input").fill("/askdocs ")
    form = page.get_by_role("form", name="The command askdocs")
    await expect(form.get_by_label("question")).to_be_focused()
    await page.keyboard.type(question)
    for number, file in enumerate(files, 1):
        await form.get_by_role("button", name=f"file{number}", exact=True).click()
        async with page.expect_file_chooser() as chooser:
            await form.get_by_role("button", name=f"file{number}: choose a file").click()
        await (await chooser.value).set_files(file)
    await form.get_by_role("button", name="Send the command").click()


async def test_two_files_are_attached_asked_about_asked_on_and_a_source_is_looked_at(
    stage: Stage, page: Page
) -> None:
    stage.engine.scripts.append(Script(("Twelve people walked there.\nSource: file: moon.pdf",)))
    await askdocs(page, "How many people walked on the moon?", MOON, OAKS)
    answer = newest(page)
    await expect(answer.locator(".content")).to_contain_text("Twelve people walked there.")
    await expect(answer.locator(".content")).to_contain_text("Sources: 1 moon.pdf, page")
    await expect(answer.locator(".content")).not_to_contain_text("Source: file")
    await expect(answer.locator("blockquote")).to_have_text("How many people walked on the moon?")
    await picture(page, "answer")
    assert "file: moon.pdf" in stage.engine.prompts[-1]
    assert "file: oaks.docx\nsection: Age\n" in stage.engine.prompts[-1]

    stage.engine.scripts.append(Script(("An oak lives for a thousand years.",)))
    await askdocs(page, "And how old is an oak?")
    follow_up = newest(page)
    await expect(follow_up.locator(".content")).to_contain_text("Sources: 1 oaks.docx, Age")
    assert "file: moon.pdf" in stage.engine.prompts[-1]

    await follow_up.get_by_role("button", name="1: oaks.docx, Age").click()
    shown = newest(page)
    await expect(shown.locator("blockquote")).to_contain_text("An oak lives for a thousand years.")
    await expect(shown).to_contain_text("Only you can see this")
    await picture(page, "source")


async def test_a_summary_says_which_part_is_read_and_can_be_stopped(
    stage: Stage, page: Page
) -> None:
    endless = Script(("Trees",), endless=True)
    stage.engine.scripts.extend([endless] * 4)
    await askdocs(page, "Summarise this.", BOOK)
    reading = newest(page)
    await expect(reading.locator(".content")).to_contain_text("Reading book.txt: part 4 of 6.")
    await picture(page, "reading")
    await reading.get_by_role("button", name="Stop").click()
    await expect(reading.locator(".content")).to_contain_text("Stopped.")
    asked = len(stage.engine.prompts)

    stage.engine.default = Script(("Trees have names like Oak4dwood.",))
    await reading.get_by_role("button", name="Regenerate").click()
    await expect(newest(page).locator(".content")).to_contain_text(
        "Trees have names like Oak4dwood."
    )
    await expect(newest(page).locator(".content")).to_contain_text("Sources: 1 book.txt")
    assert len(stage.engine.prompts) == asked + 6 + 1
    await picture(page, "summary")
