"""The house rules: which room may import which, and that a stranger can find their way."""

from __future__ import annotations

import ast
from pathlib import Path

import discord
import pytest

from bot.client import PERMISSIONS

ROOT = Path(__file__).parents[1]
ROOMS = {"language", "prompts", "generation", "storage", "replies", "documents", "games"}
ALLOWED: dict[str, set[str]] = {
    "language": set(),
    "prompts": {"bot.errors", "bot.language"},
    "generation": {"bot.errors", "bot.language", "bot.prompts", "bot.models"},
    "storage": {"bot.errors", "bot.language", "bot.shards", "bot.uninterrupted"},
    "replies": {
        "bot.errors",
        "bot.language",
        "bot.generation",
        "bot.logs",
        "bot.uninterrupted",
    },
    "documents": {"bot.errors", "bot.language"},
    "games": {"bot.errors", "bot.language"},
}
DISCORD_FREE = {"language", "prompts", "generation", "storage", "documents", "games"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(module: Path) -> set[str]:
    """Every module that is imported, type checking and functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("room", sorted(room for room in ROOMS if (ROOT / "bot" / room).exists()))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    for module in modules(f"bot/{room}"):
        for name in imports(module):
            if not name.startswith(("bot.", "cogs", "migrations", "sandbox", "bench", "tests")):
                continue
            own = name == f"bot.{room}" or name.startswith(f"bot.{room}.")
            allowed = any(name == a or name.startswith(f"{a}.") for a in ALLOWED[room])
            migrates = room == "storage" and name.split(".")[0] == "migrations"
            assert own or allowed or migrates, f"{module.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("room", sorted(r for r in DISCORD_FREE if (ROOT / "bot" / r).exists()))
def test_what_is_not_about_discord_does_not_import_it(room: str) -> None:
    for module in modules(f"bot/{room}"):
        assert not any(name.split(".")[0] == "discord" for name in imports(module)), module


def test_the_database_is_not_in_the_rooms_of_text() -> None:
    for room in ("prompts", "generation", "replies"):
        for module in modules(f"bot/{room}"):
            assert not any(name.startswith("sqlalchemy") for name in imports(module)), module


def test_the_sandbox_knows_nothing_of_the_bot() -> None:
    for module in modules("sandbox"):
        for name in imports(module):
            assert name.split(".")[0] not in {"bot", "cogs", "migrations", "discord"}, module


def test_nothing_imports_the_composition_root_or_a_cog() -> None:
    for folder in ("bot", "cogs", "migrations"):
        for module in modules(folder):
            names = imports(module)
            assert not any(name.split(".")[0] == "cogs" for name in names), module
            if module != ROOT / "bot" / "__main__.py":
                assert not any(name.startswith("bot.app") for name in names), module


def test_the_invite_link_asks_for_exactly_the_permissions_that_are_used() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"&permissions={PERMISSIONS.value}`" in readme
    assert PERMISSIONS == discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        attach_files=True,
        read_message_history=True,
    )
