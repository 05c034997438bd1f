"""The pages of the panel fit into a message, whatever is chosen."""

from __future__ import annotations

import pytest

from bot.language import LANGUAGES
from bot.panel.words import PERSONA_LIMIT, Bounds, PageName, text_of
from bot.storage import Choices, Subject

BOUNDS = Bounds(temperature=0.7, reply_tokens=512, retention_days=14)
MOST = 25
"""Rules of one kind."""


@pytest.mark.parametrize("page", PageName)
@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_a_page_on_which_all_is_chosen_fits_into_a_message(page: PageName, language: str) -> None:
    rules = {
        (subject, 10**18 + 2 * n + allowed): bool(allowed)
        for subject in Subject
        for allowed in (0, 1)
        for n in range(MOST)
    }
    choices = Choices(persona="z" * PERSONA_LIMIT, rules=rules)
    assert len(text_of(page, choices, BOUNDS).spoken(language)) <= 2000


def test_what_is_not_named_is_counted() -> None:
    rules = {(Subject.CHANNEL, n): False for n in range(1, MOST + 1)}
    text = text_of(PageName.WHERE, Choices(rules=rules), BOUNDS)
    assert "<#12>, and 13 more" in text
    assert "<#13>" not in text


def test_of_two_limits_the_shorter_holds() -> None:
    assert "after 14 days" in text_of(PageName.KEEPING, Choices(retention_days=30), BOUNDS)
    assert "after 7 days" in text_of(PageName.KEEPING, Choices(retention_days=7), BOUNDS)
