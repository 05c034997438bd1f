"""Models from the hub of Hugging Face, or an address."""

from __future__ import annotations

import errno
import http.server
import logging
import re
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import downloads
from bot.errors import ModelError
from bot.models import fetch

CONTENT = b"GGUF" + bytes(range(256)) * 4000


def ignore(done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


# -- addresses -------------------------------------------------------------------------------

Respond = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def web(respond: Respond) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Tests are quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def sends(content: bytes, *, length: int | None = None, status: int = 200) -> Respond:
    def respond(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if length != -1:
            request.send_header("Content-Length", str(len(content) if length is None else length))
        request.end_headers()
        request.wfile.write(content)

    return respond


def test_a_model_is_fetched_from_an_address(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with web(sends(CONTENT)) as address:
        path = fetch(
            f"{address}/models/big-Q4_K.gguf?download=true",
            tmp_path,
            lambda done, total: seen.append((done, total)),
        )
    assert path == tmp_path / "big-Q4_K.gguf"
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_model_of_unknown_size_is_fetched_too(tmp_path: Path) -> None:
    with web(sends(CONTENT, length=-1)) as address:
        assert fetch(f"{address}/a.gguf", tmp_path, ignore).read_bytes() == CONTENT


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path) -> None:
    with web(sends(CONTENT)) as address:
        first = fetch(f"{address}/a.gguf", tmp_path, ignore).stat().st_mtime_ns
        assert fetch(f"{address}/a.gguf", tmp_path, ignore).stat().st_mtime_ns == first


@pytest.mark.parametrize(
    ("respond", "sentence"),
    [
        (sends(CONTENT, length=len(CONTENT) + 1), r"broke off"),
        (sends(b"", length=-1), r"broke off"),
        (sends(b"<!DOCTYPE html>" * 9), r"no GGUF file but perhaps a web page"),
        (sends(b"no", status=404), r"127\.0\.0\.1 answered with status 404"),
        (sends(b"no", status=403), r"status 403.* MODEL_PATH"),
    ],
    ids=["truncated", "empty", "web page", "missing", "forbidden"],
)
def test_a_download_that_fails_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, respond: Respond, sentence: str
) -> None:
    with web(respond) as address, pytest.raises(ModelError, match=sentence):
        fetch(f"{address}/a.gguf", tmp_path, ignore)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_nobody_answers_at_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 cannot be reached"):
        fetch("http://127.0.0.1:9/a.gguf", tmp_path, ignore)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/a.gguf", "file:///etc/passwd"])
def test_a_redirection_leads_to_the_web_only(tmp_path: Path, target: str) -> None:
    def redirect(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()

    with web(redirect) as address, pytest.raises(ModelError):
        fetch(f"{address}/a.gguf", tmp_path, ignore)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "source", ["file:///etc/passwd", "ftp://host/a.gguf", "model.gguf", "", "HF:owner/repo"]
)
def test_what_is_no_place_for_models_is_a_sentence(tmp_path: Path, source: str) -> None:
    with pytest.raises(ModelError, match="hf:owner/repo"):
        fetch(source, tmp_path, ignore)


@pytest.mark.parametrize("url", ["https://host/", "https://host/model.bin", "https://host/gguf"])
def test_an_address_of_no_model_file_is_a_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(ModelError, match=r"must end in the name of a \.gguf file"):
        fetch(url, tmp_path, ignore)


@given(st.text(st.sampled_from("./\\%2eEfFcC5:a-~\0 é\n"), max_size=30))
def test_no_address_names_a_file_outside_of_the_folder(path: str) -> None:
    name = downloads._file_name(f"https://host/{path}a.gguf")
    assert Path("folder", name).resolve().parent == Path("folder").resolve()
    assert re.fullmatch(r"[\w][\w.-]*\.gguf", name)


# -- the hub ---------------------------------------------------------------------------------


class HubErrors(types.ModuleType):
    """The exceptions of huggingface_hub.errors, related as they are there."""

    class RepositoryNotFoundError(OSError): ...

    class GatedRepoError(RepositoryNotFoundError): ...

    class RevisionNotFoundError(OSError): ...

    class EntryNotFoundError(Exception): ...

    class LocalEntryNotFoundError(EntryNotFoundError, FileNotFoundError): ...

    class HFValidationError(ValueError): ...


class Hub(types.ModuleType):
    """Stands in for huggingface_hub, which would need the internet."""

    def __init__(self, files: list[str], error: Exception | None = None) -> None:
        super().__init__("huggingface_hub")
        self.errors = HubErrors("huggingface_hub.errors")
        self.files, self.error = files, error

    def list_repo_files(self, repo_id: str, *, revision: str | None) -> list[str]:
        return self.files

    def list_repo_refs(self, repo_id: str) -> types.SimpleNamespace:
        names = ("main", "4.65bpw", "6.0bpw")
        return types.SimpleNamespace(branches=[types.SimpleNamespace(name=name) for name in names])

    def hf_hub_download(
        self, repo_id: str, filename: str, *, revision: str | None, local_dir: Path
    ) -> str:
        if self.error is not None:
            raise self.error
        path = local_dir / filename
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
        return str(path)

    def snapshot_download(
        self,
        repo_id: str,
        *,
        revision: str | None,
        local_dir: Path,
        allow_patterns: list[str],
        ignore_patterns: list[str],
    ) -> str:
        if self.error is not None:
            raise self.error
        for name in self.files:
            wanted = any(fnmatch(name, pattern) for pattern in allow_patterns)
            if wanted and not any(fnmatch(name, pattern) for pattern in ignore_patterns):
                (local_dir / name).parent.mkdir(parents=True, exist_ok=True)
                (local_dir / name).write_text(revision or "main")
        return str(local_dir)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    stand_in = Hub(["README.md", "big-Q4_K.gguf"])
    monkeypatch.setitem(sys.modules, "huggingface_hub", stand_in)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", stand_in.errors)
    return stand_in


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("source", ["hf:owner/repo", "hf:owner/repo:big-Q4_K.gguf"])
def test_a_model_comes_from_the_hub(tmp_path: Path, source: str) -> None:
    path = fetch(source, tmp_path, ignore)
    assert path == tmp_path / "owner--repo" / "big-Q4_K.gguf"
    assert path.read_bytes() == CONTENT


EXL2_FILES = [
    *("config.json", "tokenizer.json", "output-00001-of-00002.safetensors"),
    *("output-00002-of-00002.safetensors", "README.md", "modeling.py", "run.sh"),
    *("consolidated.safetensors", "original/model.safetensors"),
]


@pytest.mark.parametrize(
    ("source", "folder", "revision"),
    [
        ("hf:owner/repo@4.65bpw", "owner--repo--4.65bpw", "4.65bpw"),
        ("hf:owner/repo@refs/pr/1", "owner--repo--refs--pr--1", "refs/pr/1"),
        ("hf:owner/repo", "owner--repo", "main"),
    ],
)
def test_a_model_of_safetensors_comes_whole_but_without_code_and_copies(
    hub: Hub, tmp_path: Path, source: str, folder: str, revision: str
) -> None:
    hub.files = EXL2_FILES
    path = fetch(source, tmp_path, ignore)
    assert path == tmp_path / folder
    assert sorted(p.name for p in path.iterdir()) == sorted(EXL2_FILES[:5])
    assert (path / "config.json").read_text() == revision


def test_a_file_can_be_named_in_a_branch(hub: Hub, tmp_path: Path) -> None:
    path = fetch("hf:owner/repo@new:big-Q4_K.gguf", tmp_path, ignore)
    assert path == tmp_path / "owner--repo--new" / "big-Q4_K.gguf"


def test_where_the_weights_are_in_branches_the_sentence_names_them(
    hub: Hub, tmp_path: Path
) -> None:
    hub.files = ["README.md", "measurement.json"]
    with pytest.raises(ModelError, match=r"hf:owner/repo@BRANCH, of: 4\.65bpw, 6\.0bpw$"):
        fetch("hf:owner/repo", tmp_path, ignore)


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("revision", ["../../a", "a b", "-x", "a\n"])
def test_what_is_no_branch_is_a_sentence(tmp_path: Path, revision: str) -> None:
    with pytest.raises(ModelError, match="not the name of a branch"):
        fetch(f"hf:owner/repo@{revision}", tmp_path, ignore)


def test_a_branch_that_is_not_there_is_a_sentence(hub: Hub, tmp_path: Path) -> None:
    hub.files, hub.error = EXL2_FILES, HubErrors.RevisionNotFoundError()
    with pytest.raises(ModelError, match="owner/repo has no branch 9bpw"):
        fetch("hf:owner/repo@9bpw", tmp_path, ignore)


def test_of_several_models_one_must_be_named(hub: Hub, tmp_path: Path) -> None:
    hub.files = ["b.gguf", "a.gguf"]
    with pytest.raises(ModelError, match=r"hf:owner/repo:FILE, of: a\.gguf, b\.gguf"):
        fetch("hf:owner/repo", tmp_path, ignore)


def test_a_repository_without_a_gguf_file_is_a_sentence(hub: Hub, tmp_path: Path) -> None:
    hub.files = ["model.safetensors"]
    with pytest.raises(ModelError, match="has no GGUF file"):
        fetch("hf:owner/repo", tmp_path, ignore)


def test_what_the_hubs_client_logs_of_its_tries_stays_out_of_sight(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("huggingface_hub"), "level", logging.WARNING)

    def unreachable(repo_id: str, *, revision: str | None) -> list[str]:
        logging.getLogger("huggingface_hub.utils._http").warning("Retrying in 1s [Retry 1/5].")
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(hub, "list_repo_files", unreachable)
    with pytest.raises(ModelError, match=r"huggingface\.co cannot be reached"):
        fetch("hf:owner/repo", tmp_path, ignore)
    assert caplog.messages == []


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("file", ["../../a.gguf", "/etc/a.gguf"])
def test_a_hub_file_cannot_leave_the_folder(tmp_path: Path, file: str) -> None:
    with pytest.raises(ModelError, match="not the name of a file"):
        fetch(f"hf:owner/repo:{file}", tmp_path, ignore)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (HubErrors.GatedRepoError(), "accepted its terms.* hf auth login"),
        (HubErrors.RepositoryNotFoundError(), "has no owner/repo"),
        (HubErrors.EntryNotFoundError(), r"has no file x\.gguf"),
        (HubErrors.LocalEntryNotFoundError(), r"huggingface\.co cannot be reached"),
        (HubErrors.HFValidationError(), "not the name of a repository"),
        (ConnectionError(), r"huggingface\.co cannot be reached"),
        (RuntimeError("of its HTTP library"), r"huggingface\.co cannot be reached"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_the_hub_refuses_is_a_sentence(
    hub: Hub, tmp_path: Path, error: Exception, sentence: str
) -> None:
    hub.error = error
    with pytest.raises(ModelError, match=sentence):
        fetch("hf:owner/repo:x.gguf", tmp_path, ignore)


def test_without_the_hubs_package_the_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match=r'pip install -e "\.\[hub\]"'):
        fetch("hf:owner/repo", tmp_path, ignore)
