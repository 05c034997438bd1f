"""What a message may be: the limits that Discord's description leaves to prose.

https://discord.com/developers/docs/resources/message#create-message and
https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.errors import ApiError, invalid
from sandbox.types import Json, ReadOnlyJson

IS_V2 = 1 << 15
"""The message flag of components version 2."""

_ROW, _BUTTON, _TEXT_INPUT, _LABEL, _FILE_UPLOAD = 1, 2, 4, 18, 19
_CHOICES = (21, 22, 23)
"""Radio buttons and checkboxes."""
_SELECTS = (3, 5, 6, 7, 8)
_TEXT_DISPLAY, _SECTION, _CONTAINER = 10, 9, 17
_IN_V2 = (_ROW, _SECTION, _TEXT_DISPLAY, 12, 13, 14, _CONTAINER)
_IN_MODALS_ONLY = (_TEXT_INPUT, _LABEL, _FILE_UPLOAD, *_CHOICES)
_IN_LABELS = (_TEXT_INPUT, *_SELECTS, _FILE_UPLOAD, *_CHOICES)
_LINK, _PREMIUM = 5, 6

_EMBED_FIELDS = {"title": 256, "description": 4096}


def check_message(message: ReadOnlyJson, *, files: int) -> None:
    """Hold a whole message, as it would stand after the request, against the rules.

    Raises:
        ApiError: 50006 for an empty one, 50035 for the rest.
    """
    content = message.get("content") or ""
    embeds = message.get("embeds") or []
    components = message.get("components") or []
    _length("content", content, 2000)
    if files > 10:
        raise invalid("attachments", "Must be 10 or fewer in length.")
    if len(embeds) > 10:
        raise invalid("embeds", "Must be 10 or fewer in length.")
    _check_embeds(embeds)
    if (message.get("flags") or 0) & IS_V2:
        if content or embeds:
            raise invalid("flags", "Components V2 take no content and no embeds.", "V2_FIELDS")
        _check_v2(components)
    else:
        _check_rows(components)
    for component in walk(components):
        if component["type"] in _IN_MODALS_ONLY:
            raise invalid("components", "Not allowed in a message.", "UNION_TYPE")
    _check_items(components)
    if not (content.strip() or embeds or components or files):
        raise ApiError(50006)


def check_allowed_mentions(allowed: ReadOnlyJson | None) -> None:
    """Raises :class:`ApiError` where all of a kind are allowed and some of it are named too."""
    for kind in ("users", "roles"):
        named = (allowed or {}).get(kind) or []
        if named and kind in ((allowed or {}).get("parse") or []):
            raise invalid(f"allowed_mentions.{kind}", "Mutually exclusive.", "MUTUALLY_EXCLUSIVE")
        if len(named) > 100:
            raise invalid(f"allowed_mentions.{kind}", "Must be 100 or fewer in length.")


def check_modal(modal: ReadOnlyJson) -> None:
    """Raises :class:`ApiError` where a modal breaks a rule."""
    _length("data.title", modal.get("title", ""), 45, least=1)
    _length("data.custom_id", modal.get("custom_id", ""), 100, least=1)
    components = modal.get("components") or []
    if not 1 <= len(components) <= 5:
        raise invalid("data.components", "Must be between 1 and 5 in length.")
    for number, component in enumerate(components):
        _check_part(component, f"data.components.{number}")
    _check_items(components)


def _check_part(part: ReadOnlyJson, path: str) -> None:
    """One part of a modal at its top."""
    if part["type"] == _LABEL:
        _length(f"{path}.label", part.get("label") or "", 45, least=1)
        _length(f"{path}.description", part.get("description") or "", 100)
        if part["component"]["type"] not in _IN_LABELS:
            raise invalid(f"{path}.component.type", "Not allowed here.", "UNION_TYPE")
    elif part["type"] == _ROW:
        for item in part["components"]:
            if item["type"] != _TEXT_INPUT:
                raise invalid(f"{path}.components", "Value must be one of (4).", "UNION_TYPE")
            _length(f"{path}.components.label", item.get("label") or "", 45, least=1)
    elif part["type"] != _TEXT_DISPLAY:
        raise invalid(f"{path}.type", "Not allowed here.", "UNION_TYPE")


def _check_embeds(embeds: list[Json]) -> None:
    total = 0
    for number, embed in enumerate(embeds):
        path = f"embeds.{number}"
        for name, limit in _EMBED_FIELDS.items():
            _length(f"{path}.{name}", embed.get(name) or "", limit)
            total += len(embed.get(name) or "")
        footer = (embed.get("footer") or {}).get("text") or ""
        author = (embed.get("author") or {}).get("name") or ""
        _length(f"{path}.footer.text", footer, 2048)
        _length(f"{path}.author.name", author, 256)
        total += len(footer) + len(author)
        fields = embed.get("fields") or []
        if len(fields) > 25:
            raise invalid(f"{path}.fields", "Must be 25 or fewer in length.")
        for index, item in enumerate(fields):
            _length(f"{path}.fields.{index}.name", item["name"], 256, least=1)
            _length(f"{path}.fields.{index}.value", item["value"], 1024, least=1)
            total += len(item["name"]) + len(item["value"])
    if total > 6000:
        raise invalid("embeds", "Embeds exceed 6000 characters.", "MAX_EMBED_SIZE_EXCEEDED")


def _check_rows(components: list[Json]) -> None:
    if len(components) > 5:
        raise invalid("components", "Must be 5 or fewer in length.")
    for number, row in enumerate(components):
        if row["type"] != _ROW:
            raise invalid(f"components.{number}.type", "Value must be one of (1).", "UNION_TYPE")


def _check_v2(components: list[Json]) -> None:
    for number, component in enumerate(components):
        if component["type"] not in _IN_V2:
            raise invalid(f"components.{number}.type", "Not allowed at the top.", "UNION_TYPE")
    everything = list(walk(components))
    if len(everything) > 40:
        raise invalid("components", "The total number of components must be 40 or fewer.")
    text = sum(len(c.get("content", "")) for c in everything if c["type"] == _TEXT_DISPLAY)
    if text > 4000:
        raise invalid("components", "The text of all components must be 4000 or fewer.")


def _check_items(components: list[Json]) -> None:
    custom_ids: set[str] = set()
    for component in walk(components):
        kind = component["type"]
        if kind == _ROW:
            _check_row(component)
        elif kind == _BUTTON:
            _check_button(component)
        elif kind in _SELECTS:
            _length("components.placeholder", component.get("placeholder") or "", 150)
            _check_span(component, "values", 25)
            if kind == _SELECTS[0]:
                _check_options(component)
        elif kind == _TEXT_INPUT:
            _length("components.placeholder", component.get("placeholder") or "", 100)
            _check_span(component, "length", 4000)
            most = component.get("max_length") or 4000
            _length("components.value", component.get("value") or "", most)
        elif kind == _FILE_UPLOAD:
            _check_span(component, "values", 10)
        if (custom_id := component.get("custom_id")) is not None:
            _length("components.custom_id", custom_id, 100, least=1)
            if custom_id in custom_ids:
                raise invalid(
                    "components",
                    "Component custom id cannot be duplicated.",
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                )
            custom_ids.add(custom_id)


def _check_row(row: ReadOnlyJson) -> None:
    items = row["components"]
    buttons = sum(item["type"] == _BUTTON for item in items)
    if not items or (buttons and (buttons != len(items) or buttons > 5)):
        raise invalid("components", "A row takes 1 to 5 buttons, or one other component.")
    if not buttons and len(items) > 1:
        raise invalid("components", "The row's width is exceeded.", "COMPONENT_LAYOUT_WIDTH")


def _check_button(button: ReadOnlyJson) -> None:
    _length("components.label", button.get("label") or "", 80)
    if button["style"] == _PREMIUM:
        return
    if not button.get("label") and not button.get("emoji"):
        raise invalid("components.label", "A button needs a label or an emoji.", "BASE_REQUIRED")
    needs = "url" if button["style"] == _LINK else "custom_id"
    if not button.get(needs) or ("url" in button and needs != "url"):
        raise invalid("components", f"A button of this style needs a {needs}.", "BASE_REQUIRED")


def _check_options(select: ReadOnlyJson) -> None:
    options = select.get("options") or []
    if not 1 <= len(options) <= 25:
        raise invalid("components.options", "Must be between 1 and 25 in length.")
    for option in options:
        _length("components.options.label", option["label"], 100, least=1)
        _length("components.options.value", option["value"], 100, least=1)
        _length("components.options.description", option.get("description") or "", 100)
    if (select.get("max_values") or 1) > len(options):
        raise invalid("components.max_values", "There are fewer options.", "NUMBER_TYPE_MAX")
    if len({option["value"] for option in options}) != len(options):
        raise invalid("components.options", "The values are not unique.", "DUPLICATED")


def _check_span(component: ReadOnlyJson, name: str, limit: int) -> None:
    """``min_`` and ``max_`` of something."""
    default = limit if name == "length" else 1
    least = component.get(f"min_{name}")
    most = component.get(f"max_{name}")
    most = default if most is None else most
    if not 1 <= most <= limit or not 0 <= (least or 0) <= most:
        raise invalid(f"components.max_{name}", f"Must be 1 to {limit}.", "NUMBER_TYPE_MAX")


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, those inside others too."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for inner in ("accessory", "component"):
            if isinstance(component.get(inner), dict):
                yield from walk([component[inner]])


def _length(path: str, text: str, limit: int, *, least: int = 0) -> None:
    if not least <= len(text) <= limit:
        raise invalid(path, f"Must be between {least} and {limit} in length.")
