"""What a newcomer does on the page, by name."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect


async def enter(page: Page, channel: str) -> None:
    await page.get_by_role("button", name=channel, exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(channel)


async def write(page: Page, text: str) -> None:
    field = page.locator("#input")
    await field.fill(text)
    await field.press("Enter")


async def channel_of(page: Page) -> int:
    return int(await page.locator("[aria-current=page]").get_attribute("data-channel") or 0)


def newest(page: Page) -> Locator:
    return page.locator("article").last


async def view_as(page: Page, name: str) -> None:
    await page.get_by_role("radio", name=name).click()
    await expect(page.get_by_role("radio", name=name)).to_be_checked()


def dropped(name: str, text: str) -> str:
    """A script that makes a drop or paste of one file, as the browser does."""
    return f"""(element, kind) => {{
        const data = new DataTransfer();
        data.items.add(new File([{text!r}], {name!r}, {{type: "text/plain"}}));
        const event = kind === "paste"
            ? new ClipboardEvent("paste", {{clipboardData: data, bubbles: true, cancelable: true}})
            : new DragEvent("drop", {{dataTransfer: data, bubbles: true, cancelable: true}});
        element.dispatchEvent(event);
    }}"""
