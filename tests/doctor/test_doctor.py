"""What ``doctor`` says of an installation that is not as it should be."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import text

from bot.__main__ import main
from bot.core import Core
from bot.doctor import machine, model
from bot.doctor.database import database
from bot.doctor.findings import Finding, Severity, as_json, print_table, worst
from bot.doctor.online import discord_itself
from bot.errors import EngineUnavailable, ModelError
from bot.generation.engine import SamplingParams
from bot.generation.queue import GenerationQueue
from bot.prompting import Prompter
from bot.settings import Settings
from bot.storage import Database
from tests.support.engines import Script, ScriptedEngine

ROOT = Path(__file__).parents[2]


async def collected(findings: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in findings]


def test_the_worst_finding_is_the_exit_status_but_a_note_is_well() -> None:
    ok, note = Finding("a", Severity.OK, ""), Finding("b", Severity.NOTE, "")
    warning, error = Finding("c", Severity.WARNING, ""), Finding("d", Severity.ERROR, "")
    assert worst([]).exit_status == worst([ok, note]).exit_status == 0
    assert worst([warning, ok]).exit_status == 2
    assert worst([warning, error, note]).exit_status == 3


def test_a_program_reads_the_same_as_a_person() -> None:
    finding = Finding("Model", Severity.ERROR, "[bold]It[/] is “gone”.", "Fetch it.")
    screen = io.StringIO()
    print_table([finding], Console(file=screen, width=100))
    for words in ("error", "Model", "[bold]It[/] is “gone”.", "→ Fetch it."):
        assert words in screen.getvalue()
    assert json.loads(as_json([finding])) == [
        {
            "subject": "Model",
            "severity": "error",
            "text": "[bold]It[/] is “gone”.",
            "next_step": "Fetch it.",
        }
    ]


def test_a_misspelt_setting_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TEMPERATUR=0.5\nLANES=2\nXYZZY=1\n")
    first, second = machine.env_file(file)
    assert (first.severity, first.next_step) == (Severity.WARNING, "Did you mean TEMPERATURE?")
    assert "XYZZY" in second.text
    assert ".env.example" in second.next_step


def test_a_token_that_everybody_can_read_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DISCORD_TOKEN=secret\n")
    file.chmod(0o644)
    [finding] = machine.env_file(file)
    assert finding.severity is Severity.WARNING
    assert "chmod 600" in finding.next_step
    assert "secret" not in finding.text
    file.chmod(0o600)
    [finding] = machine.env_file(file)
    assert finding.severity is Severity.OK


def test_no_env_file_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for item in fields(Settings):
        monkeypatch.delenv(item.name.upper(), raising=False)
    [finding] = machine.env_file(tmp_path / ".env")
    assert finding.severity is Severity.NOTE
    assert finding.text == "There is none; every setting has its default."


def test_without_an_env_file_it_says_what_the_environment_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for item in fields(Settings):
        monkeypatch.delenv(item.name.upper(), raising=False)
    monkeypatch.setenv("LANES", "2")
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    [finding] = machine.env_file(tmp_path / ".env")
    assert finding.text == "There is none; the environment gives DISCORD_TOKEN, LANES."


def test_what_compose_reads_of_the_env_file_is_no_stranger(tmp_path: Path) -> None:
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    names = set(re.findall(r"\$\{(\w+)", compose))
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}=x\n" for name in names))
    [finding] = machine.env_file(file)
    assert (finding.severity, finding.text) == (Severity.OK, f"{len(names)} settings")


def test_an_env_file_that_is_no_text_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"MODEL_LICENCE=f\xfcr \xdcbungen\n")
    assert main(["doctor", "--json"]) == 3
    (finding,) = json.loads(capsys.readouterr().out)
    assert "save it as UTF-8" in finding["text"]


def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ROOM_BYTES", 0)
    [roomy] = machine.data_folder(tmp_path / "not" / "there" / "yet")
    assert roomy.severity is Severity.OK
    monkeypatch.setattr(machine, "ROOM_BYTES", 1 << 60)
    [full] = machine.data_folder(tmp_path)
    assert full.severity is Severity.WARNING


def test_a_file_where_the_data_are_to_be_kept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    (finding,) = machine.data_folder(tmp_path / "data")
    assert (finding.severity, "is a file" in finding.text) == (Severity.ERROR, True)


def test_a_setting_that_cannot_be_used_is_a_finding_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANES", "many")
    assert main(["doctor", "--json"]) == 3
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["subject"], finding["severity"]) == (".env", "error")
    assert finding["text"].startswith("LANES is 'many', but it takes a whole number")


@pytest.mark.parametrize(
    ("settings", "template", "expected"),
    [
        (Settings(context_tokens=4096), None, "CONTEXT_TOKENS"),
        (Settings(), "{{ messages }}<|im_end|>", "PROMPT_TEMPLATE"),
        (Settings(prompt_template="model"), "{{ messages }}<|im_end|>", None),
        (Settings(), "USER: {{ messages }} ASSISTANT:", None),
    ],
)
async def test_settings_that_do_not_go_with_the_model_are_told(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    template: str | None,
    expected: str | None,
) -> None:
    engine = ScriptedEngine(default=Script(("hello",)), chat_template=template)
    use(monkeypatch, engine)
    found = await collected(model.model(settings))
    warned = [finding.subject for finding in found if finding.severity is Severity.WARNING]
    assert warned == ([expected] if expected else [])


async def test_the_demonstration_model_takes_its_own_template_and_so_is_given_no_advice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = ScriptedEngine(default=Script(("hello",)), chat_template="{{ messages }}<|im_end|>")
    engine.is_demo = True
    use(monkeypatch, engine)
    found = await collected(model.model(Settings()))
    assert "PROMPT_TEMPLATE" not in {finding.subject for finding in found}


async def test_the_database_is_looked_at_and_not_touched(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    [finding] = await collected(database(settings))
    assert finding.severity is Severity.NOTE
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240
    opened = Database(settings.effective_database_url)
    await opened.upgrade()
    await opened.close()
    [finding] = await collected(database(settings))
    assert finding.severity is Severity.OK
    await opened.downgrade("0001")
    [finding] = await collected(database(settings))
    assert finding.severity is Severity.NOTE
    assert "0001" in finding.text
    async with opened.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await opened.close()
    [finding] = await collected(database(settings))
    assert finding.severity is Severity.ERROR
    assert "newer version" in finding.text


async def test_without_a_token_discord_is_left_alone() -> None:
    [finding] = await collected(discord_itself(Settings()))
    assert finding.severity is Severity.NOTE


async def test_a_discord_that_cannot_be_reached_is_said_so(unused_tcp_port: int) -> None:
    settings = Settings(
        discord_token="a.b.c", discord_api_url=f"http://127.0.0.1:{unused_tcp_port}/api/v10"
    )
    [finding] = await collected(discord_itself(settings))
    assert finding.severity is Severity.WARNING
    assert "cannot be reached" in finding.text


def use(monkeypatch: pytest.MonkeyPatch, engine: ScriptedEngine) -> None:
    def build(settings: Settings) -> Core:
        prompter = Prompter(engine, "vicuna", SamplingParams())
        return Core(engine, "It is a test's.", GenerationQueue(engine), prompter)

    monkeypatch.setattr(model, "build_core", build)


async def test_a_model_is_asked_and_its_words_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ScriptedEngine(
        reply=lambda prompt: Script(("[C, Pluto]",)) if "planet" in prompt else Script(("Hm.",))
    )
    use(monkeypatch, engine)
    found = {f.subject: f for f in await collected(model.model(Settings()))}
    assert found["Model"].severity is Severity.OK
    assert found["Says something"].severity is Severity.OK
    assert found["Multiple choice"].severity is Severity.OK
    assert found["Anagram"].severity is Severity.NOTE
    assert "'Hm.'" in found["Anagram"].text
    assert any(
        "USER: BEGININPUT\nBEGINCONTEXT\ndate: 2021-01-01\nurl: https://web.site/123\nENDCONTEXT\n"
        in prompt
        for prompt in engine.prompts
    )
    assert engine.closed


async def test_a_model_that_breaks_or_cannot_be_loaded_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, ScriptedEngine(default=Script(("Hel",), error=RuntimeError("boom"))))
    found = await collected(model.model(Settings()))
    assert found[-1].severity is Severity.ERROR
    use(monkeypatch, ScriptedEngine(load_error=ModelError("It is damaged. Fetch it again.")))
    found = await collected(model.model(Settings()))
    assert found[-1].severity is Severity.ERROR
    assert "Fetch it again" in found[-1].text


async def test_an_engine_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(settings: Settings) -> Core:
        raise EngineUnavailable("No engine is installed. Run: pip install x")

    monkeypatch.setattr(model, "build_core", build)
    [finding] = await collected(model.model(Settings()))
    assert finding.severity is Severity.ERROR
    assert "pip install" in finding.text
