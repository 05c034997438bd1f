"""What a newcomer does in the browser, with the real bot behind it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Page, expect

from sandbox import interactions
from sandbox.files import Upload
from sandbox.people import Watch
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from tests.sandbox.conftest import UNLIMITED
from tests.support.browser import Stage, open_stage
from tests.support.judge import Judge
from tests.support.page import channel_of, dropped, enter, newest, view_as, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NUMBERS = count(1)
PICTURES = os.environ.get("AIROCORD_SCREENSHOTS")
"""A folder; the pictures of the README are written there."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory, judge: Judge) -> AsyncIterator[Stage]:
    sandbox = Sandbox(limits=UNLIMITED)
    judge.watch(sandbox)
    async with open_stage(tmp_path_factory.mktemp("bot"), sandbox) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(started: Stage, judge: Judge) -> AsyncIterator[Stage]:
    yield started
    complaints, started.complaints = started.complaints, []
    assert complaints == []
    assert judge.problems() == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def window(started: Stage) -> AsyncIterator[Page]:
    """One window for all tests; each loads the page anew."""
    async with started.open() as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def page(stage: Stage, window: Page) -> Page:
    """A channel of its own, opened as Ada."""
    name = f"room-{next(_NUMBERS)}"
    stage.sandbox.world.add_channel(stage.guild_id, name, "A room")
    await window.evaluate("sessionStorage.clear()")
    await window.reload()
    await enter(window, name)
    return window


async def test_a_reply_grows_before_the_eyes_until_it_is_stopped(stage: Stage, page: Page) -> None:
    steps = stage.writes("Once", " upon", " a time", " and on", endless=True)
    await write(page, "@Airocord Tell me a **story**")
    await expect(page.locator("article").first.locator(".mention")).to_have_text("@Airocord")
    reply = newest(page)
    for text in ("Once", "Once upon", "Once upon a time"):
        steps.release()
        await expect(reply.locator(".content")).to_contain_text(text)
    await expect(reply.get_by_role("button", name="Go to the message of Ada")).to_be_visible()
    await reply.get_by_role("button", name="Stop").click()
    steps.release()
    await expect(reply.get_by_role("button", name="Regenerate")).to_be_visible()
    await expect(reply.locator(".content")).to_contain_text("Once upon a time")
    await expect(reply.locator(".edited")).to_be_visible()


async def test_a_command_takes_a_file_and_text(page: Page) -> None:
    await page.locator("#input").fill("/insp")
    await expect(page.get_by_role("option", name="/inspect Say what is in a file")).to_be_visible()
    await page.keyboard.press("Enter")
    form = page.get_by_role("form", name="The command inspect")
    await form.get_by_role("button", name="Send the command").click()
    await expect(form.locator(".command-hint")).to_have_text("file: a file is needed.")
    async with page.expect_file_chooser() as chooser:
        await form.get_by_role("button", name="file: choose a file").click()
    file = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"the sea")
    await (await chooser.value).set_files(file)
    await form.get_by_role("button", name="note", exact=True).click()
    await expect(form.locator(".command-hint")).to_contain_text("Something to say with it")
    await page.keyboard.type("gladly")
    await page.keyboard.press("Enter")
    await expect(newest(page).locator(".content")).to_have_text("notes.txt says: the sea gladly")
    await expect(newest(page).locator(".lead")).to_contain_text("Ada used /inspect")


async def test_options_are_suggested_checked_and_chosen_by_keyboard(page: Page) -> None:
    await page.locator("#input").fill("/mix ")
    form = page.get_by_role("form", name="The command mix")
    await expect(form.get_by_label("colour")).to_be_focused()
    await page.keyboard.type("gr")
    await expect(page.get_by_role("option")).to_have_text(["green", "grey"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(form.get_by_label("colour")).to_have_value("grey")
    await form.get_by_label("parts").fill("12")
    await page.keyboard.press("Enter")
    await expect(form.locator(".command-hint")).to_have_text("parts: at most 9.")
    await form.get_by_label("parts").fill("3")
    await form.get_by_role("button", name="finish", exact=True).click()
    await page.keyboard.type("glo")
    await page.get_by_role("option", name="glossy").click()
    await page.keyboard.press("Enter")
    await expect(newest(page).locator(".content")).to_have_text("3 of grey, glossy")


async def test_what_is_only_for_one_person_is_not_seen_by_the_other(page: Page) -> None:
    await page.locator("#input").fill("/mix red")
    form = page.get_by_role("form", name="The command mix")
    await expect(form.get_by_label("colour")).to_have_value("red")
    await form.get_by_label("parts").fill("1")
    await page.keyboard.press("Enter")
    await expect(newest(page).locator(".note")).to_contain_text("Only you can see this")
    await view_as(page, "Bo")
    await expect(page.get_by_role("heading", name="Welcome to")).to_be_visible()
    await expect(page.locator("article")).to_have_count(0)
    await view_as(page, "Ada")
    await newest(page).get_by_role("button", name="Dismiss message").click()
    await expect(page.locator("article")).to_have_count(0)


async def test_two_people_press_the_same_button_and_one_of_them_fills_a_form(page: Page) -> None:
    await page.locator("#input").fill("/panel")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    panel = page.locator("article").first
    await panel.get_by_role("button", name="Count").click()
    await expect(panel.locator(".content")).to_contain_text("1 presses, by Ada")
    await view_as(page, "Bo")
    await panel.get_by_role("button", name="Count").click()
    await expect(panel.locator(".content")).to_contain_text("2 presses, by Bo")

    await panel.get_by_role("combobox", name="Choose fruit").press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(newest(page).locator(".content")).to_have_text("Chosen: Apple and Plum")

    await panel.get_by_role("button", name="Hand in").click()
    dialog = page.get_by_role("dialog", name="Hand something in")
    await expect(dialog.get_by_label("Title")).to_be_focused()
    await page.keyboard.type("Tides")
    await dialog.get_by_role("combobox", name="Kind").click()
    await page.get_by_role("option", name="Poem").click()
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Your work: this is needed.")
    upload = dialog.locator(".file-field")
    await upload.evaluate(dropped("tides.txt", "in and out"), "drop")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog).to_have_count(0)
    await expect(newest(page).locator(".content")).to_have_text("Poem Tides: in and out")


async def test_menus_of_messages_and_people_have_the_bots_entries(page: Page) -> None:
    await write(page, "three short words")
    await newest(page).click(button="right")
    await page.get_by_role("menuitem", name="Count words").click()
    await expect(newest(page).locator(".content")).to_have_text("3 words")
    await page.locator("article").first.locator(".name").click(button="right")
    await page.get_by_role("menuitem", name="Greet").click()
    await expect(newest(page).locator(".content")).to_have_text("Hello Ada!")
    await page.locator("article").first.focus()
    await page.keyboard.press("m")
    await expect(page.get_by_role("menuitem", name="Reply")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(page.locator("article").first).to_be_focused()


async def test_files_are_pasted_dropped_and_shown(page: Page) -> None:
    await page.locator("#input").evaluate(dropped("pasted.txt", "from the clipboard"), "paste")
    await page.locator("#main").evaluate(dropped("dropped.md", "# from a folder"), "drop")
    tray = page.get_by_role("list", name="Files to send").get_by_role("listitem")
    await expect(tray).to_have_count(2)
    await page.locator("#input").press("Enter")
    await expect(tray).to_have_count(0)
    texts = newest(page).locator(".text-preview pre")
    await expect(texts).to_have_text(["from the clipboard", "# from a folder"])
    async with page.expect_download() as download:
        await newest(page).get_by_role("link", name="Download pasted.txt").click()
    path = await (await download.value).path()
    assert path.read_text() == "from the clipboard"


async def test_embeds_and_components_are_shown_as_on_discord(stage: Stage, page: Page) -> None:
    world = stage.sandbox.world
    channel = await channel_of(page)
    buttons = [
        {"type": 2, "style": 4, "label": "Gone", "custom_id": "gone", "disabled": True},
        {"type": 2, "style": 5, "label": "Rules", "url": "https://example.org/rules"},
        {"type": 2, "style": 5, "label": "Trap", "url": "javascript:alert(1)"},
        {"type": 2, "style": 2, "emoji": {"id": None, "name": "🎲"}, "custom_id": "dice"},
    ]
    embed = {
        "title": "Round 3",
        "description": "Which **planet**?",
        "color": 0x0F766B,
        "fields": [{"name": "Points", "value": "`12`", "inline": True}],
        "footer": {"text": "30 seconds"},
    }
    world.post(
        channel,
        world.bot_id,
        "||Saturn||",
        embeds=[embed],
        components=[{"type": 1, "components": buttons}],
    )
    message = newest(page)
    shown = message.get_by_role("region", name="Embed")
    await expect(shown.locator(".embed-title")).to_have_text("Round 3")
    await expect(shown.locator("strong")).to_have_text("planet")
    await expect(shown.locator("dd code")).to_have_text("12")
    await expect(shown).to_have_css("border-left-color", "rgb(15, 118, 107)")
    await expect(message.get_by_role("button", name="Gone")).to_be_disabled()
    rules = message.get_by_role("link", name="Rules")
    await expect(rules).to_have_attribute("rel", "noopener noreferrer")
    await expect(message.get_by_text("Trap")).to_have_count(0)
    await expect(message.get_by_role("button", name="🎲")).to_be_enabled()
    spoiler = message.get_by_role("button", name="Spoiler, hidden")
    await spoiler.press("Enter")
    await expect(message.locator(".spoiler")).to_have_class("spoiler shown")

    upload = stage.sandbox.files.add(Upload("table.csv", b"a,b"), channel)
    section = {
        "type": 9,
        "components": [{"type": 10, "content": "Ready for *more*?"}],
        "accessory": {"type": 2, "style": 1, "label": "Next", "custom_id": "next"},
    }
    inside = [
        {"type": 10, "content": "## Score"},
        {"type": 14, "divider": True, "spacing": 1},
        section,
        {"type": 13, "file": {"url": "attachment://table.csv"}},
        {"type": 1, "components": [{"type": 5, "custom_id": "who", "placeholder": "Who?"}]},
    ]
    world.post(
        channel,
        world.bot_id,
        "",
        flags=1 << 15,
        attachments=[upload],
        components=[{"type": 17, "accent_color": 0xCC6600, "components": inside}],
    )
    box = newest(page).locator(".container")
    await expect(box.get_by_role("heading", name="Score")).to_be_visible()
    await expect(box.locator(".section em")).to_have_text("more")
    await expect(box.get_by_role("button", name="Next")).to_be_enabled()
    await expect(box.get_by_role("link", name="Download table.csv")).to_be_visible()
    await expect(newest(page).locator(".attachments > *")).to_have_count(0)
    await box.get_by_role("combobox", name="Who?").click()
    await expect(page.get_by_role("option")).to_contain_text(["Ada", "Airocord", "Bo"])
    await page.keyboard.press("Escape")


async def test_messages_are_edited_answered_reacted_to_and_deleted_by_keyboard(page: Page) -> None:
    await write(page, "frist")
    await expect(newest(page)).to_contain_text("frist")
    await page.keyboard.press("ArrowUp")
    await page.get_by_label("Edit the message").fill("first\nof all")
    await page.keyboard.press("Enter")
    await expect(newest(page).locator(".content p")).to_have_text("firstof all (edited)")
    await newest(page).focus()
    await page.keyboard.press("r")
    await expect(page.locator("#input")).to_be_focused()
    await page.keyboard.type("second")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("line")
    await page.keyboard.press("Enter")
    await expect(newest(page).locator(".quoted")).to_have_text("firstof all")
    await newest(page).hover()
    await newest(page).get_by_role("button", name="Add a reaction").click()
    await page.get_by_role("menuitem", name="React with 🎉").click()
    reaction = newest(page).get_by_role("button", name="🎉, 1: Ada")
    await expect(reaction).to_have_attribute("aria-pressed", "true")
    await reaction.click()
    await expect(reaction).to_have_count(0)
    await newest(page).focus()
    await page.keyboard.press("Delete")
    await expect(page.locator("article")).to_have_count(1)
    await expect(page.locator("#input")).to_be_focused()


async def test_a_command_that_nobody_answers_says_so(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "ACKNOWLEDGE_S", 0.3)
    await page.locator("#input").fill("/silence")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    alert = page.get_by_role("alert").filter(has_text="The application did not respond")
    await expect(alert).to_contain_text("/silence")
    await alert.get_by_role("button", name="Dismiss").click()
    await expect(alert).to_have_count(0)


async def test_an_unread_channel_is_marked_until_it_is_opened(stage: Stage, page: Page) -> None:
    world, bo = stage.sandbox.world, stage.sandbox.person("Bo")
    name = f"other-{next(_NUMBERS)}"
    other = world.add_channel(stage.guild_id, name)
    entry = page.locator(f"[data-channel='{other}']")
    await expect(entry).to_be_visible()
    bo.send(other, "psst")
    await expect(entry).to_have_class("channel unread")
    bo.send(other, f"<@{stage.sandbox.person('Ada').id}> look")
    await expect(entry.get_by_label("1 mentions")).to_be_visible()
    await entry.click()
    await expect(page.get_by_role("separator").filter(has_text="New")).to_be_visible()
    await expect(entry).not_to_have_class("channel unread")


async def test_who_may_not_write_in_a_channel_sees_that(stage: Stage, page: Page) -> None:
    world = stage.sandbox.world
    name = f"closed-{next(_NUMBERS)}"
    closed = world.add_channel(stage.guild_id, name)
    world.allow(closed, stage.guild_id, deny=Permission.SEND_MESSAGES)
    await enter(page, name)
    await expect(page.get_by_label(f"Message #{name}")).to_be_enabled()
    await view_as(page, "Bo")
    await expect(
        page.get_by_label("You do not have the permission to send messages here")
    ).to_be_disabled()


async def test_what_a_person_types_is_never_run(stage: Stage, page: Page) -> None:
    nasty = '<img src=x onerror="document.title=1"> [x](javascript:alert(1)) <b>bold</b>'
    await write(page, nasty)
    await expect(newest(page).locator(".content")).to_have_text(nasty)
    assert await page.locator(".content img, .content b, .content a").count() == 0
    assert "key=" not in page.url


async def test_a_thousand_messages_stay_fast_and_an_edit_touches_one_of_them(
    stage: Stage, page: Page
) -> None:
    world, ada = stage.sandbox.world, stage.sandbox.person("Ada")
    channel = await channel_of(page)
    world.allow(channel, world.bot_id, deny=Permission.VIEW_CHANNEL)
    for number in range(1000):
        ada.send(channel, f"message {number}")
    await expect(page.locator("article")).to_have_count(1000)
    await page.evaluate("""() => {
        window.touched = new Set();
        new MutationObserver((changes) => changes.forEach(({target}) =>
            window.touched.add(target.closest?.("article")?.id)))
            .observe(document.getElementById("timeline"), {childList: true, subtree: true});
    }""")
    first = world.messages(channel, ada.id)[0]
    ada.edit(channel, int(first["id"]), "changed")
    await expect(page.locator("article").first).to_contain_text("changed")
    assert await page.evaluate("[...window.touched]") == [f"message-{first['id']}"]
    await expect(page.locator("article").last).to_be_in_viewport()


async def test_older_messages_come_when_one_scrolls_up(stage: Stage, page: Page) -> None:
    world, ada = stage.sandbox.world, stage.sandbox.person("Ada")
    name = f"long-{next(_NUMBERS)}"
    channel = world.add_channel(stage.guild_id, name)
    for number in range(70):
        ada.send(channel, f"message {number}")
    await enter(page, name)
    await expect(page.locator("article")).to_have_count(50)
    await page.locator("#scroller").evaluate("scroller => scroller.scrollTop = 0")
    await expect(page.locator("article")).to_have_count(70)
    await expect(page.locator("article").first).to_contain_text("message 0")


async def test_the_page_finds_its_way_back_after_a_lost_connection(
    stage: Stage, page: Page
) -> None:
    channel = await channel_of(page)
    for listener in list(stage.sandbox.world.listeners):
        watch = getattr(listener, "__self__", None)
        if isinstance(watch, Watch):
            watch.close()
    await expect(page.get_by_text("The connection is lost.")).to_be_visible()
    stage.sandbox.person("Bo").send(channel, "while you were away")
    await expect(newest(page)).to_contain_text("while you were away")
    await expect(page.get_by_text("The connection is lost.")).to_be_hidden()


async def test_on_a_phone_the_channels_are_in_a_drawer(stage: Stage) -> None:
    async with stage.open(width=390, height=844, is_phone=True) as page:
        channels = page.get_by_role("navigation", name="Channels")
        await expect(channels).not_to_be_in_viewport()
        await page.get_by_role("button", name="Channels").tap()
        await expect(channels).to_be_in_viewport()
        await page.get_by_role("button", name="games", exact=True).tap()
        await expect(channels).not_to_be_in_viewport()
        await expect(page.get_by_role("heading", level=1)).to_have_text("games")
        assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_the_colours_follow_the_system_until_a_person_chooses(page: Page) -> None:
    async def brightness() -> int:
        color = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(color.removeprefix("rgb(").split(",")[0])

    assert await brightness() > 200
    await page.emulate_media(color_scheme="dark")
    assert await brightness() < 60
    await page.get_by_role("button", name="Colours: as the system").click()
    assert await brightness() > 200
    await page.reload()
    assert await brightness() > 200
    await page.get_by_role("button", name="Colours: light").click()
    await page.emulate_media(color_scheme="light")
    assert await brightness() < 60
    await page.get_by_role("button", name="Colours: dark").click()
    assert await brightness() > 200


ANSWER = """There are two good ways:

1. `numbers.reverse()` turns the list round **in place**
2. a slice makes a new list and leaves the old one as it was

```python
numbers = [1, 2, 3]
for number in numbers[::-1]:
    print(f"{number}…")  # 3, 2, 1
```"""


async def test_a_conversation_looks_like_one(stage: Stage, page: Page) -> None:
    """Pictures of it are taken for the README, where a folder for them is named."""
    world, ada, bo = stage.sandbox.world, stage.sandbox.person("Ada"), stage.sandbox.person("Bo")
    channel = next(int(c["id"]) for c in ada.channels() if c.get("name") == "general")
    if PICTURES:
        world.remove_channel(await channel_of(page))
    await enter(page, "general")
    stage.writes(ANSWER).release()
    ada.send(channel, f"<@{world.bot_id}> How do I reverse a list in Python?")
    await expect(newest(page).get_by_role("button", name="Regenerate")).to_be_visible()
    await expect(page.locator(".hl-k").first).to_have_text("for")
    answered = world.messages(channel, ada.id)[-1]
    ada.react(channel, int(answered["id"]), "🎉")
    steps = stage.writes("The slice copies the whole list, so for a long one ", "…", endless=True)
    bo.send(channel, "Which one is faster?", reply_to=int(answered["id"]))
    steps.release()
    await expect(newest(page).locator(".content")).to_contain_text("The slice copies")
    if PICTURES:
        await take_pictures(stage, Path(PICTURES))
    await newest(page).get_by_role("button", name="Stop").click()
    await expect(newest(page).get_by_role("button", name="Regenerate")).to_be_visible()


async def take_pictures(stage: Stage, folder: Path) -> None:
    views = {
        "airocord.png": stage.open(height=800),
        "airocord-dark.png": stage.open(height=800, is_dark=True),
        "airocord-phone.png": stage.open(width=390, height=844, is_phone=True),
    }
    for name, view in views.items():
        async with view as page:
            await expect(newest(page).get_by_role("button", name="Stop")).to_be_visible()
            await page.screenshot(path=folder / name)
