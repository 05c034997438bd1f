"""Settings: one list, one example file, and sentences for what cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.core import build_core
from bot.environment import env_example, load_settings, parse_settings
from bot.errors import SettingsError
from bot.generation.figures import QueueLimits
from bot.generation.hosted import HostLimits
from bot.generation.llamacpp_server import ServerSettings
from bot.settings import Settings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ROOT = Path(__file__).parents[1]


def test_the_example_file_names_every_setting_with_its_default() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_the_example_file_can_be_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for item in fields(Settings):
        monkeypatch.delenv(item.name.upper(), raising=False)
    assert load_settings(ROOT / ".env.example") == Settings()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_env_file_is_read_as_editors_and_shells_write_it(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MODEL_LICENCE", raising=False)
    file = tmp_path / ".env"
    file.write_text("MODEL_LICENCE=für Übungen\nLANES=3\n", encoding)
    settings = load_settings(file)
    assert (settings.model_licence, settings.lanes) == ("für Übungen", 3)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le"])
def test_an_env_file_in_another_encoding_is_refused_with_what_to_do(
    encoding: str, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    file.write_text("MODEL_LICENCE=für Übungen\n", encoding)
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert str(caught.value) == (
        f"{file} is no text in UTF-8. Please save it as UTF-8 in an editor."
    )


def test_no_env_file_and_a_folder_of_that_name_set_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for item in fields(Settings):
        monkeypatch.delenv(item.name.upper(), raising=False)
    assert load_settings(tmp_path / ".env") == Settings()
    assert load_settings(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "takes"),
    [
        ("LANES", "many", "a whole number from 1 to 64"),
        ("LANES", "0", "a whole number from 1 to 64"),
        ("LANES", "2.5", "a whole number from 1 to 64"),
        ("TEMPERATURE", "hot", "a number from 0 to 2"),
        ("TEMPERATURE", "nan", "a number from 0 to 2"),
        ("ENGINE", "gpt", "one of auto, exllamav2, llamacpp, remote"),
        ("MESSAGE_CONTENT_INTENT", "maybe", "true or false"),
        ("OWNER_IDS", "ada", "ids of Discord, separated by commas"),
        ("BLOCKED_IDS", "1;2", "ids of Discord, separated by commas"),
        ("SHARD_COUNT", "0", "a whole number from 1 to 10,000"),
        ("GPU_SPLIT", "most", "gigabytes for each card, such as 10,22"),
    ],
)
def test_a_bad_value_names_the_variable_what_it_got_and_what_it_takes(
    variable: str, value: str, takes: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings({variable: value})
    assert str(caught.value) == f"{variable} is {value!r}, but it takes {takes}. Please correct it."


def test_values_are_read_as_what_they_are() -> None:
    settings = parse_settings(
        {
            "ENGINE": "LlamaCpp",
            "LANES": " 2 ",
            "TOP_P": "1",
            "MODEL_PATH": "/models/a.gguf",
            "MESSAGE_CONTENT_INTENT": "No",
            "TEMPERATURE": "",
            "UNRELATED": "x",
        }
    )
    assert (settings.engine, settings.lanes, settings.top_p) == ("llamacpp", 2, 1.0)
    assert settings.model_path == Path("/models/a.gguf")
    assert settings.message_content_intent is False
    assert settings.temperature == Settings().temperature


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("LANES=2\nTOP_K=7\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANES", "3")
    settings = load_settings()
    assert (settings.lanes, settings.top_k) == (3, 7)


def test_secrets_are_not_in_the_printed_settings() -> None:
    settings = parse_settings(
        {
            "DISCORD_TOKEN": "s3cret",
            "DATABASE_URL": "postgresql://u:pw@h/d",
            "REMOTE_KEY": "r3mote",
        }
    )
    assert "s3cret" not in repr(settings)
    assert "r3mote" not in repr(settings)
    assert "pw" not in repr(settings)


@pytest.mark.parametrize(
    "key", ["schl\u00fcssel", "\u043a\u043b\u044e\u0447", "s3c\nret", "s3c\x00ret"]
)
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SettingsError, match=r"REMOTE_KEY holds .* Please correct it") as caught:
        parse_settings({"REMOTE_KEY": key})
    assert key not in str(caught.value)
    assert key[:3] not in str(caught.value)
    assert parse_settings({"REMOTE_KEY": " sk-4_./+~= "}).effective_remote_key == "sk-4_./+~="


def test_importing_the_bot_reads_no_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LANES=broken\n", encoding="utf-8")
    modules = "import bot.settings, bot.app, bot.client, bot.__main__, cogs.chat"
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", modules],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LANES": "broken"},
        check=True,
        timeout=60,
    )


async def test_who_has_the_machine_asks_as_often_as_they_like() -> None:
    # An engine that needs no model here.
    engine = {"ENGINE": "remote", "REMOTE_URLS": "http://127.0.0.1:1"}
    settings = parse_settings({**engine, "PERSON_A_MINUTE": "1", "PERSON_A_DAY": "1"})
    limits = build_core(settings.for_terminal()).queue.limits
    assert (limits.person_a_minute, limits.person_a_day) == (0, 0)
    assert build_core(settings).queue.limits.person_a_minute == 1


def default_of(kind: type[DataclassInstance], name: str) -> float:
    [default] = [item.default for item in fields(kind) if item.name == name]
    assert isinstance(default, float)
    return default


async def test_an_engine_has_time_to_load_its_model_anew_and_servers_elsewhere_to_answer() -> None:
    longest_load_s = max(HostLimits().load_silence_s, default_of(ServerSettings, "load_limit_s"))
    assert QueueLimits(stall_s=1.0).recover_s > longest_load_s
    engine = {"ENGINE": "remote", "REMOTE_URLS": "http://127.0.0.1:1"}
    limits = build_core(parse_settings({**engine, "STALL_LIMIT_S": "20"})).queue.limits
    assert limits.recover_s == 20
