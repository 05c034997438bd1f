"""What the bot says of how it is doing."""

from __future__ import annotations

from bot.generation.figures import Health, QueueStatus
from bot.replies.pages import duration

_HEALTH = {
    Health.LOADING: "The model is loading ({loaded:.0%}).",
    Health.READY: "The model is ready.",
    Health.RECOVERING: "The model stumbled and is being set right; questions wait meanwhile.",
    Health.SICK: "The model keeps failing and takes no questions at present.",
    Health.CLOSED: "I am going down.",
}


def status_text(status: QueueStatus, uptime_s: float, *, memory: int | None = None) -> str:
    """What ``/status`` says; ``memory`` in bytes."""
    counters = status.counters
    lines = [_HEALTH[status.health].format(loaded=status.loaded)]
    if status.is_paused:
        lines.append("New questions are not taken at present: whoever runs me has paused me.")
    if status.lanes:
        lines.append(
            f"{status.running} of {status.lanes} replies that I can write at once are being "
            f"written; {status.waiting} wait."
        )
    if status.tokens_per_s is not None:
        lines.append(f"A reply grows by about {status.tokens_per_s:.0f} tokens a second.")
    lines.append(
        f"{_replies(counters.done)} since I was started {duration(uptime_s)} ago; "
        f"{counters.failed} failed, {counters.refused} were refused."
    )
    if counters.prompt_tokens:
        share = counters.cached_tokens / counters.prompt_tokens
        lines.append(f"{share:.0%} of what I read I still knew from the conversation before.")
    if memory is not None:
        lines.append(f"I take up {memory >> 20} MB of memory, without the model.")
    return "\n".join(lines)


def _replies(number: int) -> str:
    return "1 reply" if number == 1 else f"{number} replies"
