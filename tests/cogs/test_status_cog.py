"""What the bot says of itself."""

from __future__ import annotations

import pytest
from simcord.results import InteractionResult

from bot.generation.figures import Counters, Health, QueueStatus
from bot.status_words import status_text
from tests.support.world import World


def status(health: Health = Health.READY, **counters: int) -> QueueStatus:
    return QueueStatus(
        health=health,
        loaded=0.43,
        is_paused=False,
        waiting=3,
        running=2,
        lanes=0 if health is Health.LOADING else 4,
        tokens_per_s=41.7 if counters else None,
        counters=Counters(**counters),
    )


def told(result: InteractionResult) -> str:
    """What only the person who asked is told."""
    assert result.ephemeral
    assert result.response is not None
    embeds = result.response.embeds
    return result.response.content + "".join(embed.description or "" for embed in embeds)


async def test_about_says_which_model_answers(world: World) -> None:
    result = await world.bob.slash(world.channel, "about")
    assert told(result).splitlines() == [
        "I am scripted model, on scripted. I can read 2,048 tokens at a time.",
        "All that I say is written by a machine and can be wrong.",
        "I do not know the model's licence: whoever runs me can tell.",
    ]


async def test_about_goes_on_telling_of_a_model_that_takes_no_questions(world: World) -> None:
    world.client.operator.pause(True)
    result = await world.bob.slash(world.channel, "about")
    assert told(result).startswith("I am scripted model, on scripted.")


async def test_help_lists_what_this_person_may_use_here(world: World) -> None:
    for_everybody = told(await world.bob.slash(world.channel, "help"))
    assert "`/chat` Ask me something." in for_everybody
    assert "`/persona show`" in for_everybody
    assert "`/channel talk`" not in for_everybody
    assert "`/channel talk`" in told(await world.alice.slash(world.channel, "help"))


async def test_status_counts_what_was_done(world: World) -> None:
    await world.bob.send(world.channel, f"<@{world.client.me.id}> hello")
    text = told(await world.bob.slash(world.channel, "status"))
    assert "The model is ready." in text
    assert "1 reply since I was started 5 s ago; 0 failed" in text


@pytest.mark.parametrize("health", list(Health))
def test_every_state_of_the_model_has_its_sentence(health: Health) -> None:
    first = status_text(status(health), 60).splitlines()[0]
    assert first.endswith(".")
    if health is Health.LOADING:
        assert first == "The model is loading (43%)."


def test_a_busy_bot_says_how_busy_and_how_fast() -> None:
    text = status_text(status(done=312, failed=1, prompt_tokens=1000, cached_tokens=809), 9000)
    assert text.splitlines() == [
        "The model is ready.",
        "2 of 4 replies that I can write at once are being written; 3 wait.",
        "A reply grows by about 42 tokens a second.",
        "312 replies since I was started 3 h ago; 1 failed, 0 were refused.",
        "81% of what I read I still knew from the conversation before.",
    ]
