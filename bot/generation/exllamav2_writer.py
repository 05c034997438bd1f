"""What the engine's thread does with a model: several replies, a step at a time. All of it blocks.

Facts of exllamav2 0.3.2 that shape it: after an exception, pages of the cache may be marked as
written that are not, so a generator that has raised is never used again; cancelling a job that
has ended does nothing; what a job may be long is only checked against the whole cache.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from bot.errors import EngineFailed
from bot.generation.engine import SamplingParams
from bot.generation.exllamav2_constraints import TokenConstraint
from bot.generation.exllamav2_loading import LoadedModel, is_out_of_memory, release_memory
from bot.generation.exllamav2_run import Run, WriteRequest
from bot.generation.exllamav2_sampling import LogitsMask, settings_of
from bot.generation.exllamav2_stream import Outbox
from bot.language import phrase

if TYPE_CHECKING:
    from exllamav2.generator import ExLlamaV2DynamicGenerator, ExLlamaV2DynamicJob

log = logging.getLogger(__name__)

_FAILED = phrase("The language model stumbled over this reply. Please try again.")
_NO_MEMORY = phrase(
    "The graphics card ran out of memory during this reply. Please try again; if it happens "
    "again, whoever runs this bot sets LANES or CONTEXT_TOKENS lower."
)
_BROKEN = phrase("The language model is being started again. Please try again in a minute.")

_WARM_UP_TOKENS = 4

_SHORTEST_GUESSED = 3
"""Tokens; one fewer than the library's longest n-gram."""


class Writer:
    """Writes replies with one model."""

    def __init__(self, model: LoadedModel, outbox: Outbox) -> None:
        self._model = model
        self._outbox = outbox
        self._generator: ExLlamaV2DynamicGenerator | None = None
        self._runs: dict[ExLlamaV2DynamicJob, Run] = {}
        self._is_broken = False
        """A step has failed, and what it had allocated may still be taken."""

    @property
    def is_busy(self) -> bool:
        return bool(self._runs)

    def renew(self) -> None:
        """Make a new generator, and write a few tokens with it.

        Raises whatever the library does: it cannot write.
        """
        self._drop_generator()
        if self._is_broken:
            release_memory()
        generator = self._model.new_generator()
        params = SamplingParams(temperature=0.0)
        generator.enqueue(self._job([0], params, _WARM_UP_TOKENS))
        while generator.num_remaining_jobs():
            generator.iterate()
        generator.reset_page_table()
        self._generator, self._is_broken = generator, False

    def begin(self, request: WriteRequest) -> None:
        """Start a reply. If that is impossible, the reply fails and the others go on."""
        if request.cancelled:
            return
        if self._generator is None:
            self._outbox.put(request.stream, "", EngineFailed(_BROKEN))
            return
        try:
            job = self._job(request.prompt_ids, request.params, request.limit, request.constraint)
            if request.params.seed is not None:
                _forget_pages(self._generator)
            self._generator.enqueue(job)
        except Exception:
            # The library registers a job only once it has accepted it.
            log.exception("ExLlamaV2 has refused a request")
            self._outbox.put(request.stream, "", EngineFailed(_FAILED))
            return
        tokenizer = self._model.tokenizer
        self._runs[job] = Run(
            request,
            job,
            bytes_of=tokenizer.bytes_of,
            eos_ids=tokenizer.eos_ids,
            page_size=self._generator.page_size,
        )

    def step(self) -> None:
        """One token for each reply, or one chunk of a prompt. After a fault all of them have
        failed, and :meth:`renew` is due."""
        if self._generator is None:
            return
        try:
            for job in [job for job, run in self._runs.items() if run.request.cancelled]:
                self._let_go(job)
            if self._runs:
                for result in self._generator.iterate():
                    self._take(result)
        except Exception as error:
            log.exception("ExLlamaV2 has failed")
            self.fail_all(EngineFailed(_NO_MEMORY if is_out_of_memory(error) else _FAILED))
            self._drop_generator()
            self._is_broken = True

    def fail_all(self, error: EngineFailed) -> None:
        """End every reply with ``error``."""
        for run in self._runs.values():
            self._outbox.put(run.request.stream, "", error)
        self._runs.clear()

    def close(self) -> None:
        """Free the model. Replies under way are to be failed before."""
        self._drop_generator()
        self._model.free()

    def _take(self, result: Mapping[str, object]) -> None:
        run = self._runs.get(result["job"])
        if run is None or result["stage"] != "streaming":
            return
        tokens = result.get("token_ids")
        shown = run.feed(tokens[0].tolist()) if isinstance(tokens, torch.Tensor) else ""
        if result["eos"]:
            shown += run.end()
        if shown or run.finish is not None:
            self._outbox.put(run.request.stream, shown, run.finish)
        if run.finish is not None:
            self._let_go(run.job)

    def _let_go(self, job: ExLlamaV2DynamicJob) -> None:
        if self._generator is not None:
            self._generator.cancel(job)
        self._runs.pop(job, None)

    def _job(
        self,
        prompt_ids: Sequence[int],
        params: SamplingParams,
        limit: int,
        constraint: TokenConstraint | None = None,
    ) -> ExLlamaV2DynamicJob:
        # Not at the top: the library is imported when it is known how, see exllamav2_loading.
        from exllamav2.generator import ExLlamaV2DynamicJob  # noqa: PLC0415

        # Guessing from the text so far cannot begin with less of it.
        repeated = [prompt_ids[0]] * (
            _SHORTEST_GUESSED - len(prompt_ids) if self._model.drafted else 0
        )
        ids = torch.tensor([[*repeated, *prompt_ids]], dtype=torch.long)
        filters: list[LogitsMask] = []
        if params.temperature or constraint is not None:
            vocabulary = len(self._model.tokenizer.bytes_of)
            filters.append(LogitsMask(params, vocabulary, constraint))
        return ExLlamaV2DynamicJob(
            input_ids=ids,
            # With speculation the library stops this many tokens early.
            max_new_tokens=limit + self._model.drafted,
            gen_settings=settings_of(params),
            seed=params.seed,
            stop_conditions=sorted(self._model.tokenizer.eos_ids),
            filters=filters,
        )

    def _drop_generator(self) -> None:
        generator, self._generator = self._generator, None
        if generator is not None and (pool := getattr(generator, "sampling_pool", None)):
            # It may still be sampling for the step that failed.
            pool.shutdown(wait=True)


def _forget_pages(generator: ExLlamaV2DynamicGenerator) -> None:
    """Let nothing that was computed before be used: how sums are rounded depends on how a prompt
    was cut into steps."""
    for page in generator.all_pages:
        if page.ref_count == 0:
            page.clear()
            # The unpaged mode compares with what was there before the page was taken.
            page.kv_position_revert = 0
