"""Downloads of model files from the Hugging Face hub and from any URL. Everything here blocks."""

from __future__ import annotations

import errno
import http.client
import logging
import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from bot.errors import ModelError

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes in all, where they are known."""

DISK_FULL = (
    "The disk is full. Make room for the model (300 MB for the demonstration model), or set "
    "DATA_DIR to another disk."
)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DISK_ERRORS = (*_FULL, errno.EROFS, errno.EACCES, errno.EPERM)

_UNREACHABLE = "{} cannot be reached, or broke off. Check the internet connection and try again."

_BLOCK = 1 << 20
_SILENCE_S = 60.0
"""A download that brings nothing for this long has failed."""
_MAGIC = b"GGUF"
_MODEL_FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "*.md", "LICENSE*"]
"""What belongs to a model in .safetensors files; no program code."""
_COPIES = ["consolidated*.safetensors", "original/*", "onnx/*", "*/*.safetensors"]
"""The same weights once more, for other programs."""


def fetch_from_hub(repo: str, file: str, folder: Path, *, revision: str = "") -> Path:
    """Get ``file`` of ``repo``, or the only GGUF file in it, or all of a model whose weights are
    .safetensors files: then the folder is returned. huggingface_hub draws a progress bar of its
    own, resumes and checks.

    Args:
        revision: a branch, tag or commit; empty for the main branch.

    Raises:
        ModelError: it cannot be had.
        OSError: ``folder`` cannot be written to.
    """
    try:
        from huggingface_hub import errors  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ModelError(
            'The Hugging Face hub needs one more package. Run: pip install -e ".[hub]"'
        ) from error
    page = f"https://huggingface.co/{repo}"
    if ".." in Path(file).parts or Path(file).is_absolute():
        raise ModelError(f"{file} is not the name of a file in a repository.")
    try:
        return _download(repo, file, folder, revision)
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{repo} is only for people who accepted its terms. Accept them at {page}, then run: "
            "hf auth login"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"The hub has no {repo}, or it is private. Look for its name at {page}, or run: "
            "hf auth login"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(
            f"{repo} has no branch {revision}. Its branches are at {page}/tree/main"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise ModelError(_UNREACHABLE.format("huggingface.co")) from error
    except errors.EntryNotFoundError as error:
        where = f"{page}/tree/{revision or 'main'}"
        raise ModelError(f"{repo} has no file {file}. Its files are at {where}") from error
    except errors.HFValidationError as error:
        raise ModelError(
            f"{repo} is not the name of a repository. Give hf:owner/repo, hf:owner/repo@branch or "
            "hf:owner/repo:file."
        ) from error
    except ModelError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            raise
        # A broken connection: the hub's client passes on its HTTP library's own exceptions, which
        # have nothing in common and changed with its versions.
        raise ModelError(_UNREACHABLE.format("huggingface.co")) from error


def _download(repo: str, file: str, folder: Path, revision: str) -> Path:
    import huggingface_hub  # noqa: PLC0415 - an optional package

    # It logs each try, and once more what is said below in a sentence.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if revision and not re.fullmatch(r"\w[\w.+/-]{0,200}", revision):
        raise ModelError(f"{revision} is not the name of a branch. Give hf:owner/repo@branch.")
    target = folder / "--".join(filter(None, [*repo.split("/"), *revision.split("/")]))
    branch = revision or None
    files = [] if file else huggingface_hub.list_repo_files(repo, revision=branch)
    if _is_folder(files):
        path = huggingface_hub.snapshot_download(
            repo,
            revision=branch,
            local_dir=target,
            allow_patterns=_MODEL_FILES,
            ignore_patterns=_COPIES,
        )
        return Path(path)
    if _is_without_weights(files):
        branches = huggingface_hub.list_repo_refs(repo).branches
        raise _choose_branch(repo, [ref.name for ref in branches])
    name = file or _only_gguf(repo, files)
    return Path(huggingface_hub.hf_hub_download(repo, name, revision=branch, local_dir=target))


def _is_folder(files: list[str]) -> bool:
    """Whether these are a model in .safetensors files, and not GGUF files with a config beside."""
    endings = {Path(name).suffix for name in files}
    return "config.json" in files and ".safetensors" in endings and ".gguf" not in endings


def _is_without_weights(files: list[str]) -> bool:
    """Whether this is the main branch of a repository that keeps its EXL2 quantisations in
    branches of their own."""
    weights = (".gguf", ".safetensors")
    return "measurement.json" in files and not any(name.endswith(weights) for name in files)


def _choose_branch(repo: str, branches: list[str]) -> ModelError:
    some = ", ".join(sorted(branch for branch in branches if branch != "main")[:12])
    return ModelError(
        f"The weights of {repo} are in its branches. Give one as hf:{repo}@BRANCH, of: {some}"
    )


def _only_gguf(repo: str, files: list[str]) -> str:
    models = sorted(name for name in files if name.endswith(".gguf"))
    if not models:
        raise ModelError(
            f"{repo} has no GGUF file, and llama.cpp reads no other. Look for a repository with "
            "GGUF in its name."
        )
    if len(models) > 1:
        some = ", ".join(models[:12]) + (", …" if len(models) > 12 else "")
        raise ModelError(f"{repo} has several models. Give one as hf:{repo}:FILE, of: {some}")
    return models[0]


def fetch_url(url: str, folder: Path, on_progress: OnProgress) -> Path:
    """Get the GGUF file at ``url``. One of the same name and size is not fetched again.

    Raises:
        ModelError: it cannot be had.
        OSError: ``folder`` cannot be written to.
    """
    path = folder / _file_name(url)
    host = urlsplit(url).hostname or url
    try:
        with _opener().open(url, timeout=_SILENCE_S) as response:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
            if path.exists() and path.stat().st_size == total:
                return path
            descriptor, part = tempfile.mkstemp(dir=folder, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as out:
                    _copy(response, out, total, on_progress)
                move(Path(part), path)
            finally:
                Path(part).unlink(missing_ok=True)
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelError(
            f"{host} answered with status {error.code}. Check the address, or get the file with a "
            "browser and set MODEL_PATH to it."
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as e:
        raise ModelError(_UNREACHABLE.format(host)) from e
    return path


def _opener() -> urllib.request.OpenerDirector:
    """http and https and nothing else, also after a redirection: urllib's own opener follows one
    to ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    opener.addheaders = [("User-Agent", "airocord")]
    return opener


def _file_name(url: str) -> str:
    """The last part of the address as a harmless file name."""
    last = re.split(r"[/\\]", unquote(urlsplit(url).path))[-1]
    name = re.sub(r"[^\w.-]", "_", last).lstrip(".-")
    if not name.lower().endswith(".gguf") or len(name) > 200:
        raise ModelError(
            "The address must end in the name of a .gguf file, which is what llama.cpp reads."
        )
    return name


def _copy(
    source: http.client.HTTPResponse, out: IO[bytes], total: int | None, on_progress: OnProgress
) -> None:
    done = 0
    while block := source.read(_BLOCK):
        if done == 0 and not block.startswith(_MAGIC):
            raise ModelError(
                "What came is no GGUF file but perhaps a web page. Give the address of the file "
                "itself."
            )
        out.write(block)
        done += len(block)
        on_progress(done, total)
    if done == 0 or (total is not None and done != total):
        raise ModelError(
            f"The download broke off after {done} of {total or 'unknown'} bytes. Try again."
        )


def move(part: Path, path: Path) -> None:
    """Give a finished file its name, at once and only when it is on the disk."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        part.replace(path)
    except PermissionError:
        # Windows does not replace a file that somebody reads: then another process was faster.
        if not path.exists():
            raise


@contextmanager
def storing_in(folder: Path) -> Iterator[None]:
    """Make ``folder``, and turn what its disk refuses into sentences."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ModelError(DISK_FULL) from error
        raise ModelError(
            f"Models cannot be stored in {folder} ({error.strerror or error}). Give the bot the "
            "right to write there, or set DATA_DIR to another folder."
        ) from error
