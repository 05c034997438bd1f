"""What the bot says of how it is doing."""

from __future__ import annotations

from bot.generation.figures import Health, QueueStatus
from bot.language import Sentence, joined, percent, phrase, plural
from bot.replies.pages import duration

_HEALTH = {
    Health.READY: phrase("The model is ready."),
    Health.RECOVERING: phrase("The model stumbled and is recovering; questions wait meanwhile."),
    Health.SICK: phrase("The model keeps failing and takes no questions at present."),
    Health.CLOSED: phrase("I am shutting down."),
}


def status_text(status: QueueStatus, uptime_s: float, *, memory: int | None = None) -> Sentence:
    """What ``/status`` says; ``memory`` in bytes."""
    counters = status.counters
    loading = phrase("The model is loading ({loaded}).", loaded=percent(status.loaded))
    lines = [_HEALTH.get(status.health, loading)]
    if status.is_paused:
        lines.append(
            phrase("New questions are not taken at present: whoever runs me has paused me.")
        )
    if status.lanes:
        lines.append(
            phrase(
                "{running} of {lanes} replies that I can write at once are being written; "
                "{waiting} wait.",
                running=status.running,
                lanes=status.lanes,
                waiting=status.waiting,
            )
        )
    if status.tokens_per_s is not None:
        lines.append(
            phrase(
                "A reply grows by about {tokens} tokens a second.",
                tokens=round(status.tokens_per_s),
            )
        )
    lines.append(
        plural(
            "{count} reply since I was started {duration} ago; {failed} failed, "
            "{refused} were refused.",
            "{count} replies since I was started {duration} ago; {failed} failed, "
            "{refused} were refused.",
            counters.done,
            duration=duration(uptime_s),
            failed=counters.failed,
            refused=counters.refused,
        )
    )
    if counters.prompt_tokens:
        share = counters.cached_tokens / counters.prompt_tokens
        lines.append(
            phrase(
                "{share} of what I read I still knew from the conversation before.",
                share=percent(share),
            )
        )
    if memory is not None:
        lines.append(
            phrase("I take up {memory} MB of memory, without the model.", memory=memory >> 20)
        )
    return joined(lines)
