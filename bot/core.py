"""What generates: engine, queue and prompts, made from the settings. No Discord, no database."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import EngineLoading, EnginePaused, EngineSick, ShuttingDown
from bot.generation.choose import EngineOptions, choose_engine
from bot.generation.engine import Engine, SamplingParams
from bot.generation.figures import QueueLimits
from bot.generation.queue import GenerationQueue
from bot.models import DEMO, introduction, introduction_without_model
from bot.prompting import Prompter
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Core:
    """One engine with the queue before it."""

    engine: Engine
    choice: str
    """Which engine was chosen and why, in a sentence."""
    queue: GenerationQueue
    prompter: Prompter
    model_licence: str = ""
    """What the settings say of it; empty: what the model's files say."""

    async def load(self) -> None:
        """Load the model and make sure that it can be prompted.

        Raises:
            ModelError, EngineUnavailable: it cannot be used.
            ShuttingDown: it is not wanted any more.
        """
        await self.queue.load()
        await self.prompter.prepare()

    async def reload(self) -> None:
        """Load the model anew, from files that may have changed.

        Raises:
            EngineLoading, ShuttingDown: not now.
            ModelError, EngineUnavailable: it cannot be used.
        """
        await self.queue.reload()
        await self.prompter.prepare()

    def about(self) -> str:
        """What people are told of the model that answers them, or of why none does now."""
        try:
            self.queue.ensure_open()
        except (EngineLoading, ShuttingDown) as not_there:
            return introduction_without_model(str(not_there), self.model_licence)
        except (EnginePaused, EngineSick):
            pass  # it is the same model, whether it takes questions or not
        return introduction(self.engine.model, self.engine.name, self.model_licence)


def build_core(settings: Settings, *, seed: int | None = None) -> Core:
    """Choose an engine and put the queue before it. Nothing is loaded yet.

    Raises:
        EngineUnavailable, ModelError: what the settings name is not there.
        SettingsError: GPU_SPLIT is no list of numbers.
    """
    choice = choose_engine(
        EngineOptions(
            engine=settings.engine,
            model_path=settings.model_path,
            context_tokens=settings.context_tokens or None,
            lanes=settings.lanes,
            threads=settings.threads or None,
            gpu_layers=settings.gpu_layers,
            cache_dir=settings.effective_models_dir,
            cache_type=settings.cache_type,
            chunk_tokens=settings.chunk_tokens,
            gpu_split=settings.effective_gpu_split,
            lora_path=settings.lora_path,
            draft=settings.draft,
            remote_urls=settings.remote_addresses,
            remote_key=settings.effective_remote_key,
            remote_model=settings.remote_model,
            tokenizer_path=settings.tokenizer_path,
        )
    )
    # Servers elsewhere answer or do not: nothing is loaded anew that would have to be waited for.
    recover_s = settings.stall_limit_s if settings.engine == "remote" else QueueLimits().recover_s
    limits = QueueLimits(
        total=settings.queue_limit,
        per_person=settings.queue_limit_per_person,
        per_guild=settings.queue_limit_per_guild,
        person_a_minute=settings.person_a_minute,
        person_a_day=settings.person_a_day,
        guild_a_minute=settings.guild_a_minute,
        guild_a_day=settings.guild_a_day,
        start_s=settings.start_limit_s,
        run_s=settings.run_limit_s,
        stall_s=settings.stall_limit_s,
        recover_s=recover_s,
    )
    params = SamplingParams(
        max_new_tokens=settings.max_new_tokens,
        temperature=_temperature(settings),
        top_p=settings.top_p,
        top_k=settings.top_k,
        min_p=settings.min_p,
        repetition_penalty=settings.repetition_penalty,
        seed=seed,
    )
    return Core(
        engine=choice.engine,
        choice=choice.reason,
        queue=GenerationQueue(choice.engine, limits),
        prompter=Prompter(choice.engine, settings.prompt_template, params),
        model_licence=settings.model_licence,
    )


def _temperature(settings: Settings) -> float:
    """The demonstration model loses its thread at a temperature that suits real models, so it
    has one of its own, unless somebody chose another."""
    is_default = settings.temperature == Settings().temperature
    is_demo = settings.model_path is None and settings.engine != "remote"
    return DEMO.temperature if is_demo and is_default else settings.temperature
