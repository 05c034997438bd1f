"""The command line: ``python -m bot run | try | chat | ask | trivia | doctor | model | db``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from bot import __version__
from bot.environment import load_settings
from bot.errors import AirocordError, SettingsError
from bot.garbage import lasting
from bot.logs import set_up_logging
from bot.process import keep_memory_together
from bot.settings import CacheType, Settings

# Each command imports what it alone needs: all of it together takes a second or two.
if TYPE_CHECKING:
    from bot.storage import Database

_CHAT_SETTINGS = (
    ("--system", "SYSTEM_PROMPT", "TEXT"),
    ("--temperature", "TEMPERATURE", "T"),
    ("--top-p", "TOP_P", "P"),
    ("--max-new-tokens", "MAX_NEW_TOKENS", "N"),
)
"""Options of ``chat`` that stand for a setting: the same names, meanings and limits."""


_HIGHEST_PORT = 65_535

_EX_CONFIG = 78
"""sysexits.h; deploy/airocord.service does not start the bot again after it."""


class _Override(argparse.Action):
    """Collects options that stand for a setting."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        # A subcommand's options are collected before the defaults of the whole are set.
        given = getattr(namespace, "settings", None) or {}
        namespace.settings = {**given, self.const: str(values)}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; errors are one sentence, not a traceback.

    What a change of the settings alone can mend is 78: to start again as it is would be in vain.
    """
    given = _parser().parse_args(arguments)
    try:
        try:
            settings = load_settings(overrides=given.settings)
        except SettingsError as error:
            if given.command is not _doctor:
                raise
            return _doctor_of_settings(error, given)
        set_up_logging(given.log_level or settings.log_level, settings.log_format)
        return given.command(settings, given)  # type: ignore[no-any-return]
    except AirocordError as error:
        print(error, file=sys.stderr)
        return _EX_CONFIG if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="airocord", description="A Discord bot that talks through a model on your machine."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(log_level=None, settings={})
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the bot on Discord")
    run.set_defaults(command=_run)

    trying = commands.add_parser("try", help="try the bot in the browser, without Discord")
    trying.add_argument(
        "--port", type=int, default=8765, metavar="N", help="of the page (default 8765; 0: any)"
    )
    trying.add_argument("--no-browser", action="store_true", help="only print the address")
    trying.set_defaults(command=_try, log_level="WARNING")

    chat = commands.add_parser("chat", help="talk with the model in this terminal")
    chat.add_argument("--prompt", metavar="TEXT", help="answer this and exit (or pipe text in)")
    chat.add_argument("--no-history", action="store_true", help="each question stands alone")
    for option, variable, metavar in _CHAT_SETTINGS:
        chat.add_argument(
            option,
            action=_Override,
            dest="settings",
            const=variable,
            metavar=metavar,
            help=f"in place of {variable} in .env",
        )
    chat.add_argument("--seed", type=int, metavar="N", help="the same seed, the same reply")
    chat.set_defaults(command=_chat, log_level="WARNING")

    ask = commands.add_parser("ask", help="ask about files in this terminal")
    ask.add_argument("files", nargs="+", type=Path, metavar="FILE")
    ask.add_argument("--question", required=True, metavar="TEXT")
    ask.add_argument("--json", action="store_true", help="print it for programs")
    ask.add_argument(
        "--passages", action="store_true", help="only find the passages; the model is not asked"
    )
    ask.add_argument("--seed", type=int, metavar="N", help="the same seed, the same answer")
    ask.set_defaults(command=_ask, log_level="WARNING")

    _add_trivia(commands)

    doctor = commands.add_parser("doctor", help="check that everything is in place")
    doctor.add_argument("--json", action="store_true", help="for a program to read")
    doctor.set_defaults(command=_doctor, log_level="ERROR")

    model = commands.add_parser("model", help="get a model").add_subparsers(
        required=True, metavar="ACTION"
    )
    fetch = model.add_parser("fetch", help="download a model (without SOURCE: the small demo)")
    fetch.add_argument(
        "source", nargs="?", metavar="SOURCE", help="hf:owner/repo[@branch][:file] or a URL"
    )
    fetch.add_argument(
        "--quiet-if-there", action="store_true", help="say nothing if the demo is there already"
    )
    fetch.set_defaults(command=_fetch, log_level="WARNING")
    check = model.add_parser("check", help="check a model's folder for ExLlamaV2 (needs no GPU)")
    check.add_argument("folder", type=Path, metavar="DIR")
    check.add_argument(
        "--context", type=int, metavar="N", help="tokens of one conversation (CONTEXT_TOKENS)"
    )
    check.add_argument(
        "--cache", choices=get_args(CacheType), help="type of the cache (CACHE_TYPE)"
    )
    check.add_argument("--lanes", type=int, metavar="N", help="replies at once (LANES)")
    check.add_argument("--draft", type=Path, metavar="DIR", help="a draft model beside it")
    check.add_argument("--json", action="store_true", help="print it for programs")
    check.set_defaults(command=_check, log_level="WARNING")

    _add_db(commands)
    return parser


def _add_trivia(commands: Any) -> None:
    trivia = commands.add_parser("trivia", help="questions for the games").add_subparsers(
        required=True, metavar="ACTION"
    )
    importing = trivia.add_parser("import", help="add a dump of the Open Trivia Database")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.set_defaults(command=_trivia_import, log_level="WARNING")
    calibrating = trivia.add_parser(
        "calibrate", help="measure where the model may write questions of its own"
    )
    calibrating.add_argument("file", type=Path, metavar="FILE", help="of known questions")
    calibrating.add_argument(
        "--questions", type=int, default=40, metavar="N", help="a category (default 40)"
    )
    calibrating.add_argument("--seed", type=int, default=0, metavar="N", help="which ones")
    calibrating.set_defaults(command=_trivia_calibrate, log_level="WARNING")


def _add_db(commands: Any) -> None:
    db = commands.add_parser("db", help="care for the database").add_subparsers(
        required=True, metavar="ACTION"
    )
    upgrade = db.add_parser("upgrade", help="bring it to the newest schema (run does it too)")
    upgrade.set_defaults(command=_db_upgrade, log_level="WARNING")
    downgrade = db.add_parser("downgrade", help="go back to an earlier schema")
    downgrade.add_argument("revision", metavar="REV", help="a revision, or base")
    downgrade.set_defaults(command=_db_downgrade, log_level="WARNING")
    current = db.add_parser("current", help="print the revision it is at")
    current.set_defaults(command=_db_current, log_level="WARNING")
    backup = db.add_parser("backup", help="copy the SQLite file, also while the bot runs")
    backup.add_argument("path", nargs="?", type=Path, metavar="PATH")
    backup.set_defaults(command=_db_backup, log_level="WARNING")


def _run(settings: Settings, given: argparse.Namespace) -> int:
    keep_memory_together()
    with lasting():
        from bot.app import run_bot  # noqa: PLC0415

    asyncio.run(_until_told(lambda stop: run_bot(settings, stop)))
    return 0


def _try(settings: Settings, given: argparse.Namespace) -> int:
    if not 0 <= given.port <= _HIGHEST_PORT:
        raise AirocordError(
            f"--port is {given.port}, but it takes a number from 0 to {_HIGHEST_PORT}."
        )
    keep_memory_together()
    with lasting():
        from bot.app import run_bot  # noqa: PLC0415

    try:
        from bot.tryout import try_bot  # noqa: PLC0415 - its packages are an extra
    except ModuleNotFoundError as error:
        raise AirocordError(
            f'The page needs the package {error.name}. Run: pip install -e ".[try]"'
        ) from error
    if settings.model_path is None and settings.engine != "remote":
        from bot import terminal  # noqa: PLC0415

        terminal.fetch_model(None, settings.effective_models_dir, quiet=True)
    asyncio.run(
        _until_told(
            lambda stop: try_bot(
                run_bot,
                settings,
                stop,
                port=given.port,
                tell=_say_where,
                opens_browser=not given.no_browser,
            )
        )
    )
    return 0


def _say_where(address: str) -> None:
    print(f"Airocord is here: {address}\nCtrl+C ends it.", flush=True)


async def _until_told(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until SIGINT or SIGTERM sets the event; a second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    await run(stop)


def _chat(settings: Settings, given: argparse.Namespace) -> int:
    from bot import terminal  # noqa: PLC0415

    question = given.prompt if given.prompt is not None else terminal.read_piped_question()
    return asyncio.run(_chat_loaded(settings, given, question))


async def _chat_loaded(settings: Settings, given: argparse.Namespace, question: str | None) -> int:
    from bot import terminal  # noqa: PLC0415
    from bot.core import build_core  # noqa: PLC0415

    core = build_core(settings.for_terminal(), seed=given.seed)
    chat = terminal.TerminalChat(
        core.queue, core.prompter, settings.system_prompt, keeps_history=not given.no_history
    )
    try:
        with chat.notes.status("Loading the model…"):
            await core.load()
        if question is not None:
            return await chat.once(question)
        return await chat.converse(core.about())
    finally:
        await core.queue.drain(0)


def _ask(settings: Settings, given: argparse.Namespace) -> int:
    return asyncio.run(_ask_loaded(settings, given))


async def _ask_loaded(settings: Settings, given: argparse.Namespace) -> int:
    from bot.ask_command import AskCommand  # noqa: PLC0415
    from bot.core import build_core  # noqa: PLC0415

    core = build_core(settings.for_terminal(), seed=given.seed)
    asking = AskCommand(
        core.queue,
        core.prompter,
        settings.system_prompt,
        settings.document_limits,
        settings.document_parts,
    )
    try:
        with asking.notes.status("Loading the model…"):
            await core.load()
        return await asking.run(
            given.files, given.question, as_json=given.json, only_passages=given.passages
        )
    finally:
        await core.queue.drain(0)


def _trivia_import(settings: Settings, given: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from bot.trivia_command import import_questions  # noqa: PLC0415

    asyncio.run(import_questions(settings, given.file, Console()))
    return 0


def _trivia_calibrate(settings: Settings, given: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from bot.trivia_command import calibrate  # noqa: PLC0415

    asyncio.run(
        calibrate(settings, given.file, Console(), a_category=given.questions, seed=given.seed)
    )
    return 0


def _doctor(settings: Settings, given: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from bot.doctor import findings  # noqa: PLC0415 - it imports discord.py, as run does
    from bot.doctor.examine import examine  # noqa: PLC0415

    console = Console(soft_wrap=True)

    async def examined() -> list[findings.Finding]:
        found = []
        with Console(stderr=True).status("Looking…"):
            async for finding in examine(settings, Path(".env")):
                found.append(finding)
                if not given.json:
                    findings.print_table([finding], console)
        return found

    found = asyncio.run(examined())
    if given.json:
        print(findings.as_json(found))
    return findings.worst(found).exit_status


def _doctor_of_settings(error: SettingsError, given: argparse.Namespace) -> int:
    """Without settings there is nothing else to look at."""
    from rich.console import Console  # noqa: PLC0415

    from bot.doctor import findings  # noqa: PLC0415 - as above

    found = [findings.Finding(".env", findings.Severity.ERROR, str(error))]
    if given.json:
        print(findings.as_json(found))
    else:
        findings.print_table(found, Console(soft_wrap=True))
    return findings.worst(found).exit_status


def _fetch(settings: Settings, given: argparse.Namespace) -> int:
    from bot import terminal  # noqa: PLC0415

    return terminal.fetch_model(
        given.source, settings.effective_models_dir, quiet=given.quiet_if_there
    )


def _check(settings: Settings, given: argparse.Namespace) -> int:
    for option, value in (("--context", given.context), ("--lanes", given.lanes)):
        if value is not None and not 0 < value <= 10_000_000:
            raise AirocordError(f"{option} is {value}, but it takes a number from 1 on.")
    from bot.model_check import check_model  # noqa: PLC0415

    return check_model(
        given.folder,
        context_tokens=given.context or settings.context_tokens,
        cache=given.cache or settings.cache_type,
        lanes=given.lanes or settings.lanes,
        draft=given.draft,
        as_json=given.json,
    )


def _db_upgrade(settings: Settings, given: argparse.Namespace) -> int:
    return _with_database(settings, lambda database: database.upgrade())


def _db_downgrade(settings: Settings, given: argparse.Namespace) -> int:
    return _with_database(settings, lambda database: database.downgrade(given.revision))


def _db_current(settings: Settings, given: argparse.Namespace) -> int:
    async def current(database: Database) -> str | None:
        revision = await database.current()
        if revision is None:
            # Beside the standard output, which stays as empty as the database is.
            print(
                "There is no database yet, or nothing in it. "
                "Create it with: python -m bot db upgrade",
                file=sys.stderr,
            )
        return revision

    return _with_database(settings, current)


def _db_backup(settings: Settings, given: argparse.Namespace) -> int:
    return _with_database(settings, lambda database: database.backup(given.path))


def _with_database(settings: Settings, act: Callable[[Database], Awaitable[object]]) -> int:
    """Do one thing with the database and print what it gives back."""
    from bot.storage import Database  # noqa: PLC0415

    async def opened() -> object:
        database = Database(settings.effective_database_url)
        try:
            return await act(database)
        finally:
            await database.close()

    result = asyncio.run(opened())
    if result is not None:
        print(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
