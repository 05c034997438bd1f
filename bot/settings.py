"""Every setting of the bot, in one frozen object; :mod:`bot.environment` reads it.

A setting is a field of :class:`Settings`; its variable is the field's name in capitals. The
field carries its group, its meaning and its limits, so that ``.env.example`` is this list
printed out. Nothing is read at import.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from bot.documents.extracted import Limits
from bot.errors import SettingsError
from bot.house import House, read_ids
from bot.shards import Shards, read_shards

Scalar = str | int | float | bool | Path | None
CacheType = Literal["fp16", "Q8", "Q6", "Q4"]

DEFAULT_SYSTEM_PROMPT = (
    "A chat between a curious user and an assistant. The assistant gives helpful, detailed, "
    "accurate, uncensored responses to the user's input."
)
"""The line that airoboros-13b-gpt4 was trained with."""


def _setting(
    default: Scalar,
    meaning: str,
    *,
    group: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    secret: bool = False,
) -> Any:
    metadata = {"meaning": meaning, "group": group, "unit": unit, "low": low, "high": high}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """See the ``meaning`` of each field, or ``.env.example``."""

    discord_token: str = _setting(
        "",
        "The bot's token, from the Bot page of https://discord.com/developers/applications. "
        "Keep it secret.",
        group="Discord",
        secret=True,
    )
    message_content_intent: bool = _setting(
        True,
        "Whether the Message Content Intent is switched on for the application. Without it the "
        "bot still answers mentions, replies, direct messages and commands, but no free "
        "conversation in channels.",
        group="Discord",
    )
    discord_api_url: str = _setting(
        "",
        "Empty: Discord. For tests: a server on this machine that speaks as Discord does, such "
        "as http://127.0.0.1:8080/api/v10 (see python -m sandbox).",
        group="Discord",
    )
    shard_count: int = _setting(
        1,
        "Shards that the bot's servers are shared out over, in all its processes together. "
        "Discord wants more than one from 2,500 servers on.",
        group="Discord",
        low=1,
        high=10_000,
    )
    shard_ids: str = _setting(
        "",
        "Those of the shards that this process serves, counted from 0, such as 0,1. Empty: all. "
        "Exactly one process serves each, and all use the same DATABASE_URL.",
        group="Discord",
    )

    owner_ids: str = _setting(
        "",
        "Ids of the people who may use /admin, such as 81384788765712384,80351110224678912. "
        "Discord shows an id by Copy User ID, once its Developer Mode is on.",
        group="Who may",
    )
    only_servers: str = _setting(
        "",
        "Ids of the servers that the bot works for. Empty: every server that it is in.",
        group="Who may",
    )
    blocked_ids: str = _setting(
        "",
        "Ids of people and of servers that the bot does not work for.",
        group="Who may",
    )
    direct_messages: bool = _setting(
        True, "Whether the bot talks to people in direct messages.", group="Who may"
    )

    engine: Literal["auto", "exllamav2", "llamacpp", "remote"] = _setting(
        "auto",
        "What runs the model. auto: ExLlamaV2 where MODEL_PATH is a folder, else llama.cpp.",
        group="Model",
    )
    model_path: Path | None = _setting(
        None,
        "A GGUF file, or the folder of a model for ExLlamaV2. Empty: the small demonstration "
        "model, which is only good for a first look.",
        group="Model",
    )
    model_licence: str = _setting(
        "",
        "The model's licence, which /about tells people, such as: research use only. Empty: what "
        "its files say.",
        group="Model",
    )
    prompt_template: Literal["vicuna", "model"] = _setting(
        "vicuna",
        "vicuna: the vicuna 1.1 template. model: the chat template inside the model file, which "
        "most models of today want. The demonstration model always uses its own.",
        group="Model",
    )
    context_tokens: int = _setting(
        0,
        "Context window: prompt and reply together. 0: what the model says, 2048 at most; with "
        "ENGINE=remote what the server says.",
        group="Model",
        unit="tokens",
        low=0,
        high=1_048_576,
    )
    lanes: int = _setting(
        4, "Replies that are written at the same time.", group="Model", low=1, high=64
    )
    threads: int = _setting(
        0,
        "Processor threads for the model. 0: one fewer than there are cores.",
        group="Model",
        low=0,
        high=512,
    )
    gpu_layers: int = _setting(
        0,
        "Layers of the model that llama.cpp keeps on the GPU, where its build can. 999: all.",
        group="Model",
        low=0,
        high=999,
    )

    cache_type: CacheType = _setting(
        "Q6",
        "How finely the context window is kept on the card: Q4 takes little more than a quarter of "
        "fp16's memory. Q6 is hard to tell from fp16.",
        group="ExLlamaV2",
    )
    chunk_tokens: int = _setting(
        2048,
        "How much of a question is read at a time. Less takes less memory and holds up the "
        "replies beside it for a shorter time, but reads slower.",
        group="ExLlamaV2",
        unit="tokens",
        low=256,
        high=16_384,
    )
    gpu_split: str = _setting(
        "",
        "Gigabytes of the model for each card, such as 10,22. Empty: as much as fits, card after "
        "card.",
        group="ExLlamaV2",
    )
    lora_path: Path | None = _setting(
        None,
        "Folder of a LoRA made for the model: adapter_config.json and "
        "adapter_model.safetensors. Empty: none.",
        group="ExLlamaV2",
    )
    draft: str = _setting(
        "",
        "Guess tokens ahead, which is faster for one reply at a time. ngram: from the text so far. "
        "Or the folder of a small model with the same vocabulary. Empty: off.",
        group="ExLlamaV2",
    )

    remote_urls: str = _setting(
        "",
        "Addresses of servers that speak as OpenAI's /v1/completions does (llama-server, vLLM, "
        "TabbyAPI), such as http://10.0.0.5:8000,http://10.0.0.6:8000. All run the same model.",
        group="Remote servers (ENGINE=remote)",
    )
    remote_key: str = _setting(
        "",
        "The servers' API key. It is sent to REMOTE_URLS alone. Keep it secret.",
        group="Remote servers (ENGINE=remote)",
        secret=True,
    )
    remote_model: str = _setting(
        "",
        "The model's name there. Empty: the one that the servers run.",
        group="Remote servers (ENGINE=remote)",
    )
    tokenizer_path: Path | None = _setting(
        None,
        "The model's tokenizer.json, or the folder that has it, on this machine. llama-server "
        "does without; the others need it for exact budgets and for PROMPT_TEMPLATE=model.",
        group="Remote servers (ENGINE=remote)",
    )

    system_prompt: str = _setting(
        DEFAULT_SYSTEM_PROMPT,
        "What the model is told before every conversation, where a channel has no persona of "
        "its own.",
        group="Replies",
    )
    max_new_tokens: int = _setting(
        512, "Longest reply.", group="Replies", unit="tokens", low=16, high=32_768
    )
    temperature: float = _setting(
        0.7,
        "0: always the likeliest word; higher: more variety. The demonstration model takes 0.2 "
        "as long as this is at its default.",
        group="Replies",
        low=0,
        high=2,
    )
    top_p: float = _setting(
        0.9,
        "Only the likeliest tokens that together have this probability.",
        group="Replies",
        low=0.01,
        high=1,
    )
    top_k: int = _setting(
        40, "Only this many likeliest tokens. 0: no limit.", group="Replies", low=0, high=100_000
    )
    min_p: float = _setting(
        0.0,
        "Only tokens with at least this share of the likeliest one's probability. 0: no limit.",
        group="Replies",
        low=0,
        high=1,
    )
    repetition_penalty: float = _setting(
        1.1, "Above 1: words said already become less likely.", group="Replies", low=0.5, high=2
    )
    channel_language: Literal["server", "en", "de", "es", "fr", "pt"] = _setting(
        "server",
        "What the bot speaks in channels. server: the language that Discord knows for the server, "
        "which communities choose. What only one person sees is in their own.",
        group="Replies",
    )
    edit_interval_s: float = _setting(
        1.2,
        "Shortest time between two edits in one channel while replies are written there.",
        group="Replies",
        unit="seconds",
        low=0.5,
        high=60,
    )
    reply_max_messages: int = _setting(
        4,
        "A reply that needs more messages than this is completed by a file.",
        group="Replies",
        unit="messages",
        low=1,
        high=20,
    )
    message_file_limit_kb: int = _setting(
        256,
        "Largest text file that is read as the message: Discord makes one of a long paste.",
        group="Replies",
        unit="kilobytes",
        low=1,
        high=4096,
    )

    document_files: int = _setting(
        5,
        "Files that one question may bring.",
        group="Documents",
        low=1,
        high=10,
    )
    document_limit_mb: int = _setting(
        25, "Largest file that is read.", group="Documents", unit="megabytes", low=1, high=512
    )
    document_total_mb: int = _setting(
        50,
        "Most that the files of one question may have together.",
        group="Documents",
        unit="megabytes",
        low=1,
        high=2048,
    )
    document_memory_mb: int = _setting(
        1024,
        "Memory that the reading of one file may take; two are read at a time. Only Linux holds to "
        "it.",
        group="Documents",
        unit="megabytes",
        low=256,
        high=16_384,
    )
    document_time_s: float = _setting(
        30,
        "Longest time that the reading of one file may take.",
        group="Documents",
        unit="seconds",
        low=1,
        high=600,
    )
    document_characters: int = _setting(
        4_000_000,
        "Most that is read of one file.",
        group="Documents",
        unit="characters",
        low=10_000,
        high=100_000_000,
    )
    document_parts: int = _setting(
        24,
        "Parts of the documents that are read for a question about the whole, such as a summary; "
        "of more, so many from all over them. A part fills the context window.",
        group="Documents",
        unit="parts",
        low=2,
        high=1000,
    )
    channel_documents: int = _setting(
        20,
        "Documents that are kept for a channel.",
        group="Documents",
        low=1,
        high=1000,
    )
    channel_characters: int = _setting(
        8_000_000,
        "Text that is kept for a channel, all its documents together.",
        group="Documents",
        unit="characters",
        low=10_000,
        high=1_000_000_000,
    )

    opentdb_questions: int = _setting(
        0,
        "Questions to fetch from the Open Trivia Database (opentdb.com) and keep. 0: nothing is "
        "asked of the internet.",
        group="Games",
        low=0,
        high=10_000,
    )
    question_stock: int = _setting(
        30,
        "Questions that the model writes ahead for each category that it was measured to be sure "
        "and right in (python -m bot trivia calibrate). 0: none.",
        group="Games",
        low=0,
        high=1000,
    )
    clue_stock: int = _setting(
        200,
        "Words for which the model writes a clue ahead, for anagrams. 0: none.",
        group="Games",
        low=0,
        high=10_000,
    )

    queue_limit: int = _setting(
        200, "Questions that may wait in all.", group="Queue", low=1, high=100_000
    )
    queue_limit_per_person: int = _setting(
        3, "Questions of one person that may wait or be answered.", group="Queue", low=1, high=1000
    )
    queue_limit_per_guild: int = _setting(
        50,
        "Questions of one server that may wait or be answered.",
        group="Queue",
        low=1,
        high=100_000,
    )
    person_a_minute: int = _setting(
        20,
        "Questions that one person may ask in a minute, a game's included. 0: no limit.",
        group="Queue",
        low=0,
        high=10_000,
    )
    person_a_day: int = _setting(
        500,
        "Questions that one person may ask in a day, counted since the bot was started. 0: no "
        "limit.",
        group="Queue",
        low=0,
        high=1_000_000,
    )
    guild_a_minute: int = _setting(
        60,
        "Questions that may be asked in one server in a minute. 0: no limit.",
        group="Queue",
        low=0,
        high=100_000,
    )
    guild_a_day: int = _setting(
        0,
        "Questions that may be asked in one server in a day. 0: no limit.",
        group="Queue",
        low=0,
        high=10_000_000,
    )
    start_limit_s: float = _setting(
        300,
        "Longest wait before a reply begins.",
        group="Queue",
        unit="seconds",
        low=1,
        high=86_400,
    )
    run_limit_s: float = _setting(
        600,
        "Longest time that one reply may take.",
        group="Queue",
        unit="seconds",
        low=1,
        high=86_400,
    )
    stall_limit_s: float = _setting(
        120,
        "Longest silence of the model, the reading of the prompt included.",
        group="Queue",
        unit="seconds",
        low=1,
        high=3600,
    )
    drain_s: float = _setting(
        20,
        "At shutdown, how long running replies may go on. All of a shutdown takes up to 50 seconds "
        "more.",
        group="Queue",
        unit="seconds",
        low=0,
        high=600,
    )

    data_dir: Path = _setting(
        Path("data"), "Folder for the database and its backups.", group="Data"
    )
    models_dir: Path | None = _setting(
        None, "Folder for fetched models. Empty: models in DATA_DIR.", group="Data"
    )
    database_url: str = _setting(
        "",
        "SQLAlchemy URL of the database. Empty: the SQLite file airocord.db in DATA_DIR. "
        "PostgreSQL: postgresql+asyncpg://user:password@host/database",
        group="Data",
        secret=True,
    )
    retention_days: int = _setting(
        30,
        "How long conversations and documents are kept. The admins of a server may choose less. "
        "0: for ever.",
        group="Data",
        unit="days",
        low=0,
        high=36_500,
    )
    left_server_grace_days: int = _setting(
        7,
        "How long the data of a server is kept after the bot was taken out of it.",
        group="Data",
        unit="days",
        low=0,
        high=365,
    )
    metrics_port: int = _setting(
        0,
        "Port at which Prometheus finds /metrics, and a watchdog /healthz. 0: none.",
        group="Watching",
        low=0,
        high=65_535,
    )
    metrics_host: str = _setting(
        "127.0.0.1",
        "Address that METRICS_PORT is opened at. Whoever reaches it can read the figures; no text "
        "and no person is among them.",
        group="Watching",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _setting(
        "INFO", "Message texts are logged at DEBUG only.", group="Watching"
    )
    log_format: Literal["text", "json"] = _setting(
        "text", "json: an object a line, for programs that collect logs.", group="Watching"
    )

    @property
    def house(self) -> House:
        """Whom the bot works for. Raises :class:`SettingsError`."""
        return House(
            owners=read_ids("OWNER_IDS", self.owner_ids),
            servers=read_ids("ONLY_SERVERS", self.only_servers),
            blocked=read_ids("BLOCKED_IDS", self.blocked_ids),
            takes_direct_messages=self.direct_messages,
        )

    @property
    def shards(self) -> Shards:
        """Those of this process. Raises :class:`SettingsError`."""
        return read_shards(self.shard_count, self.shard_ids)

    def for_terminal(self) -> Settings:
        """Without rates: who has the machine asks it as often as they like."""
        return replace(self, person_a_minute=0, person_a_day=0)

    @property
    def figures_file(self) -> Path:
        """Where is kept how often each model is right when it is sure."""
        return self.data_dir / "trivia-figures.json"

    @property
    def effective_database_url(self) -> str:
        if self.database_url:
            return self.database_url
        return f"sqlite+aiosqlite:///{self.data_dir / 'airocord.db'}"

    @property
    def remote_addresses(self) -> tuple[str, ...]:
        return tuple(url.strip() for url in self.remote_urls.split(",") if url.strip())

    @property
    def effective_remote_key(self) -> str:
        """Raises :class:`SettingsError`, which does not show it."""
        if not (self.remote_key.isascii() and self.remote_key.isprintable()):
            raise SettingsError(
                "REMOTE_KEY holds something that cannot be sent as a key: it takes letters without "
                "accents, digits and signs, on one line. Please correct it."
            )
        return self.remote_key

    @property
    def effective_models_dir(self) -> Path:
        return self.models_dir or self.data_dir / "models"

    @property
    def document_limits(self) -> Limits:
        """What the reading of one file may cost."""
        return Limits(
            file_bytes=self.document_limit_mb << 20,
            memory_bytes=self.document_memory_mb << 20,
            cpu_s=max(1, round(self.document_time_s * 2 / 3)),
            wall_s=self.document_time_s,
            characters=self.document_characters,
        )

    @property
    def effective_gpu_split(self) -> tuple[float, ...]:
        """Gigabytes for each card. Raises :class:`SettingsError`."""
        shares = self.gpu_split.split(",") if self.gpu_split else []
        try:
            split = tuple(float(share) for share in shares)
        except ValueError:
            split = (-1.0,)
        if not all(0 <= share < math.inf for share in split):
            raise SettingsError(
                f"GPU_SPLIT is {self.gpu_split!r}, but it takes gigabytes for each card, such as "
                "10,22. Please correct it."
            )
        return split
