"""What a message may be, at each limit and one beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.filled import components as filled
from sandbox.rules import IS_V2, check_message, check_modal

Body = dict[str, Any]


def button(number: int = 0, **fields: object) -> Body:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": f"b{number}", **fields}


def row(*items: Body) -> Body:
    return {"type": 1, "components": list(items)}


def select(options: int = 1, **fields: object) -> Body:
    choices = [{"label": f"o{number}", "value": str(number)} for number in range(options)]
    return {"type": 3, "custom_id": "s", "options": choices, **fields}


def text(length: int = 1) -> Body:
    return {"type": 10, "content": "x" * length}


def v2(*components: Body, **fields: object) -> Body:
    return {"flags": IS_V2, "components": list(components), **fields}


def field_of(name: int = 1, value: int = 1) -> Body:
    return {"name": "n" * name, "value": "v" * value}


def embed(**lengths: int) -> Body:
    return {name: "x" * length for name, length in lengths.items()}


ROWS = [row(*(button(5 * number + place) for place in range(5))) for number in range(5)]
FITS: dict[str, Body] = {
    "content 2,000": {"content": "x" * 2000},
    "ten embeds": {"embeds": [embed(title=1)] * 10},
    "embed title 256": {"embeds": [embed(title=256)]},
    "embed description 4,096": {"embeds": [embed(description=4096)]},
    "embed footer 2,048": {"embeds": [{"footer": embed(text=2048)}]},
    "embed author 256": {"embeds": [{"author": embed(name=256)}]},
    "25 fields": {"embeds": [{"fields": [field_of()] * 25}]},
    "field name 256, value 1,024": {"embeds": [{"fields": [field_of(256, 1024)]}]},
    "embeds 6,000 in sum": {"embeds": [embed(description=3000)] * 2},
    "five rows of five buttons": {"content": "x", "components": ROWS},
    "label 80": {"components": [row(button(label="x" * 80))]},
    "a button with only an emoji": {"components": [row(button(label="", emoji={"name": "👍"}))]},
    "custom id 100": {"components": [row(button(custom_id="x" * 100))]},
    "25 options": {"components": [row(select(25))]},
    "a link": {"components": [row({"type": 2, "style": 5, "label": "x", "url": "https://x.y"})]},
    "v2 text 4,000": v2(text(2000), {"type": 17, "components": [text(2000)]}),
    "v2 40 components": v2(*[text() for _ in range(40)]),
    "v2 section": v2({"type": 9, "components": [text()], "accessory": button()}),
}
BREAKS: dict[str, Body] = {
    "content 2,001": {"content": "x" * 2001},
    "eleven embeds": {"embeds": [embed(title=1)] * 11},
    "embed title 257": {"embeds": [embed(title=257)]},
    "embed description 4,097": {"embeds": [embed(description=4097)]},
    "embed footer 2,049": {"embeds": [{"footer": embed(text=2049)}]},
    "embed author 257": {"embeds": [{"author": embed(name=257)}]},
    "26 fields": {"embeds": [{"fields": [field_of()] * 26}]},
    "field name 257": {"embeds": [{"fields": [field_of(257)]}]},
    "field value 1,025": {"embeds": [{"fields": [field_of(1, 1025)]}]},
    "field without a value": {"embeds": [{"fields": [field_of(1, 0)]}]},
    "embeds 6,001 in sum": {"embeds": [embed(description=3000), embed(description=3001)]},
    "six rows": {"components": [*ROWS, row(button(99))]},
    "six buttons in a row": {"components": [row(*map(button, range(6)))]},
    "no buttons in a row": {"components": [row()]},
    "a select beside a button": {"components": [row(select(), button())]},
    "two selects in a row": {"components": [row(select(), select(custom_id="t"))]},
    "a button without a row": {"components": [button()]},
    "label 81": {"components": [row(button(label="x" * 81))]},
    "a button without label and emoji": {"components": [row(button(label=""))]},
    "custom id 101": {"components": [row(button(custom_id="x" * 101))]},
    "no custom id": {"components": [row(button(custom_id=""))]},
    "the same custom id twice": {"components": [row(button(), button())]},
    "26 options": {"components": [row(select(26))]},
    "no options": {"components": [row(select(0))]},
    "more to choose than there is": {"components": [row(select(2, max_values=3))]},
    "less at most than at least": {"components": [row(select(2, min_values=2, max_values=1))]},
    "placeholder 151": {"components": [row(select(placeholder="x" * 151))]},
    "a link without an address": {"components": [row({"type": 2, "style": 5, "label": "x"})]},
    "a text input in a message": {"components": [row({"type": 4, "custom_id": "t", "style": 1})]},
    "v2 with content": v2(text(), content="x"),
    "v2 with embeds": v2(text(), embeds=[embed(title=1)]),
    "v2 text 4,001": v2(text(2000), {"type": 17, "components": [text(2001)]}),
    "v2 41 components": v2(*[text() for _ in range(41)]),
    "v2 parts without the flag": {"content": "x", "components": [text()]},
}


@pytest.mark.parametrize("body", FITS.values(), ids=FITS.keys())
def test_what_is_at_the_limit_is_taken(body: Body) -> None:
    check_message(body, files=0)


@pytest.mark.parametrize("body", BREAKS.values(), ids=BREAKS.keys())
def test_what_is_beyond_the_limit_is_refused_and_named(body: Body) -> None:
    with pytest.raises(ApiError) as refused:
        check_message({"content": "" if body.get("flags") else "x", **body}, files=0)
    assert refused.value.code == 50035
    assert refused.value.body["errors"]


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": " \n"}, {"embeds": []}])
def test_an_empty_message_is_refused_unless_it_has_files(body: Body) -> None:
    with pytest.raises(ApiError) as refused:
        check_message(body, files=0)
    assert refused.value.code == 50006
    check_message(body, files=10)
    with pytest.raises(ApiError):
        check_message(body, files=11)


def test_the_refusal_says_where_it_is() -> None:
    with pytest.raises(ApiError) as refused:
        check_message({"embeds": [embed(title=1), embed(title=257)]}, files=0)
    [reason] = refused.value.body["errors"]["embeds"]["1"]["title"]["_errors"]
    assert reason["code"] == "BASE_TYPE_BAD_LENGTH"


# -- modals ------------------------------------------------------------------------------------


def text_input(**fields: object) -> Body:
    return {"type": 4, "custom_id": "t", "style": 1, **fields}


def labelled(component: Body, **fields: object) -> Body:
    return {"type": 18, "label": "Name", "component": component, **fields}


def modal(*components: Body, **fields: object) -> Body:
    return {"title": "Title", "custom_id": "m", "components": list(components), **fields}


FILES = {"type": 19, "custom_id": "f"}
MODALS: dict[str, Body] = {
    "title and labels 45": modal(labelled(text_input(), label="x" * 45), title="x" * 45),
    "five parts": modal(*[labelled(text_input(custom_id=str(n))) for n in range(5)]),
    "a text input in a row": modal(row(text_input(label="x" * 45))),
    "a select, a text, files": modal(labelled(select()), text(), labelled(FILES)),
    "text 4,000 long": modal(labelled(text_input(max_length=4000, value="x" * 4000))),
    "ten files": modal(labelled({**FILES, "max_values": 10})),
}
BROKEN_MODALS: dict[str, Body] = {
    "title 46": modal(labelled(text_input()), title="x" * 46),
    "no title": modal(labelled(text_input()), title=""),
    "custom id 101": modal(labelled(text_input()), custom_id="x" * 101),
    "no parts": modal(),
    "six parts": modal(*[labelled(text_input(custom_id=str(n))) for n in range(6)]),
    "label 46": modal(labelled(text_input(), label="x" * 46)),
    "label 46 in a row": modal(row(text_input(label="x" * 46))),
    "no label in a row": modal(row(text_input())),
    "description 101": modal(labelled(text_input(), description="x" * 101)),
    "a button": modal(row(button())),
    "a button with a label": modal(labelled(button())),
    "text over 4,000": modal(labelled(text_input(max_length=4001))),
    "longer at least than at most": modal(labelled(text_input(min_length=9, max_length=8))),
    "value longer than at most": modal(labelled(text_input(max_length=1, value="xx"))),
    "placeholder 101": modal(labelled(text_input(placeholder="x" * 101))),
    "eleven files": modal(labelled({**FILES, "max_values": 11})),
    "the same custom id twice": modal(labelled(text_input()), labelled(text_input())),
}


@pytest.mark.parametrize("body", MODALS.values(), ids=MODALS.keys())
def test_a_modal_at_the_limit_is_taken(body: Body) -> None:
    check_modal(body)


@pytest.mark.parametrize("body", BROKEN_MODALS.values(), ids=BROKEN_MODALS.keys())
def test_a_modal_beyond_the_limit_is_refused(body: Body) -> None:
    with pytest.raises(ApiError) as refused:
        check_modal(body)
    assert refused.value.code == 50035


def test_every_component_gets_a_number_of_its_own() -> None:
    given = [row(button(), button(1, id=2)), {"type": 17, "components": [text()]}]
    [first, second] = filled({"components": given})
    numbers = [first["id"], *(part["id"] for part in first["components"]), second["id"]]
    numbers += [part["id"] for part in second["components"]]
    assert len(set(numbers)) == len(numbers)
    assert first["components"][1]["id"] == 2
    assert "id" not in given[0]
