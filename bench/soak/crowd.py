"""The people: each moment somebody does something that Discord's client lets them do."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache

from bench.soak.filled import FILES, QUESTIONS, leaves, options_for
from bench.soak.journal import Asked, Journal
from bench.soak.scene import Scene
from bot.games.lexicon import Lexicon
from bot.games.solver import Query, solve
from sandbox.errors import ApiError, Refused
from sandbox.files import Upload
from sandbox.interactions import Interaction
from sandbox.people import Person
from sandbox.server import Sandbox
from sandbox.types import Json

_LETTERS = re.compile(r"# `([A-Z ]+)`")
_WEIGHTS = {
    "chat": 8.0,
    "askdocs": 4.0,
    "trivia start": 3.0,
    "anagram play": 3.0,
    "trivia ask": 2.0,
    "privacy delete": 0.3,
    "admin sync": 0.05,
    "admin reload-engine": 0.02,
    "admin pause": 0.0,  # it would be left so; there is an action of its own for it
}
"""How often a command is used; others 1."""
_GAMES = ("trivia start", "anagram play")
_GAME_BUTTONS = ("airo:answer", "airo:anagram", "airo:trivia", "airo:daily")
_PAUSED_S = 1.0
_MODAL_S = 4.0
_TYPING_S = (0.5, 2.0)
_PRESSED = re.compile(r"airo:|[0-9a-f]{32}")
"""Custom ids that are pressed; those of the settings would shut the crowd out."""


class Crowd:
    def __init__(
        self,
        sandbox: Sandbox,
        scene: Scene,
        journal: Journal,
        rng: random.Random,
        rate: float,
        *,
        has_games: bool,
    ) -> None:
        """``rate``: things done in a second."""
        self.did: Counter[str] = Counter()
        self._sandbox = sandbox
        self._scene = scene
        self._journal = journal
        self._rng = rng
        self._rate = rate
        self._weights = _WEIGHTS if has_games else _WEIGHTS | dict.fromkeys(_GAMES, 0.0)
        self._people = {person: sandbox.person(person) for person in scene.people}
        self._under_way: set[asyncio.Task[None]] = set()
        self._lexicon = Lexicon.load()
        self._solved = lru_cache(maxsize=500)(self._solve)
        self._actions: dict[Callable[[Person, int], None], float] = {
            self._mention: 5,
            self._talk: 2,
            self._command: 8,
            self._press: 6,
            self._play: 12,
            self._edit: 1,
            self._delete: 1.2,
            self._reply: 1.5,
            self._bring_file: 0.7,
            self._use_menu: 0.7,
            self._complete: 0.5,
            self._moderate: 0.4,
            self._pause: 0.02,
        }

    async def run(self) -> None:
        """Do things until cancelled."""
        try:
            while True:
                await asyncio.sleep(self._rng.expovariate(self._rate))
                self._do_something()
        finally:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def _do_something(self) -> None:
        rng = self._rng
        person_id = rng.choice(self._scene.people)
        places = self._scene.places[person_id]
        if not places:
            return
        [act] = rng.choices(list(self._actions), list(self._actions.values()))
        name = act.__name__.strip("_")
        try:
            act(self._people[person_id], rng.choice(places))
        except Refused:
            name = f"{name} (not offered)"
        self.did[name] += 1

    # -- words ---------------------------------------------------------------------------

    def _send(
        self,
        person: Person,
        channel_id: int,
        text: str,
        *,
        files: Sequence[Upload] = (),
        reply_to: int | None = None,
    ) -> None:
        is_direct = self._sandbox.world.guild_id(channel_id) is None
        is_for_bot = is_direct or f"<@{self._sandbox.world.bot_id}>" in text
        sent = person.send(channel_id, text, files=files, reply_to=reply_to)
        self._journal.asked.append(
            Asked(
                "mention" if is_for_bot else "talk",
                "a message" if not is_direct else "a direct message",
                person.id,
                channel_id,
                time.monotonic(),
                message_id=int(sent["id"]),
            )
        )

    def _said_to_bot(self) -> str:
        return f"<@{self._sandbox.world.bot_id}> {self._rng.choice(QUESTIONS)}"

    def _mention(self, person: Person, channel_id: int) -> None:
        self._send(person, channel_id, self._said_to_bot())

    def _talk(self, person: Person, channel_id: int) -> None:
        letters = self._letters_in(person, channel_id)
        word = self._rng.choice(self._solved(letters)) if letters else "good morning"
        self._send(person, channel_id, word)

    def _reply(self, person: Person, channel_id: int) -> None:
        if message := self._some(person, channel_id, of_bot=True):
            text = f"<@{self._sandbox.world.bot_id}> and why?"
            self._send(person, channel_id, text, reply_to=int(message["id"]))

    def _bring_file(self, person: Person, channel_id: int) -> None:
        text = self._said_to_bot() if self._rng.random() < 0.7 else self._said_to_bot()[:24]
        self._send(person, channel_id, text, files=[self._rng.choice(FILES)])

    def _edit(self, person: Person, channel_id: int) -> None:
        if message := self._some(person, channel_id, of=person.id):
            person.edit(channel_id, int(message["id"]), self._said_to_bot() + " (edited)")
            self._journal.edited[int(message["id"])] = time.monotonic()

    def _delete(self, person: Person, channel_id: int) -> None:
        if message := self._some(person, channel_id, of=person.id):
            self._journal.deleted_by_people.add(int(message["id"]))
            person.delete(channel_id, int(message["id"]))

    def _moderate(self, person: Person, channel_id: int) -> None:
        """Delete a message of the bot's."""
        if message := self._some(person, channel_id, of_bot=True):
            person.delete(channel_id, int(message["id"]))
            self._journal.deleted_by_people.add(int(message["id"]))

    # -- interactions --------------------------------------------------------------------

    def _command(self, person: Person, channel_id: int) -> None:
        rng = self._rng
        found: dict[str, Json] = {}
        for command in person.commands(channel_id):
            if command["type"] == 1:
                found |= leaves(command)
        weights = [self._weights.get(path, 1.0) for path in found]
        [path] = rng.choices(list(found), weights)
        options, files = options_for(found[path], rng)
        made = person.use_command(channel_id, path, options, files=files)
        self._journal.commands[path] += 1
        self._note(f"/{path}", person, made)

    def _press(self, person: Person, channel_id: int) -> None:
        """A button under one of the bot's last messages; games are played most."""
        rng = self._rng
        for message_id in rng.sample(known := list(self._journal.buttons[channel_id]), len(known)):
            try:
                message = self._sandbox.world.message(channel_id, message_id)
            except ApiError:
                continue
            if self._sandbox.world.only_for(message_id) not in (None, person.id):
                continue
            ids = [custom_id for custom_id in _buttons(message) if _PRESSED.match(custom_id)]
            games = [custom_id for custom_id in ids if custom_id.startswith(_GAME_BUTTONS)]
            ids = [custom_id for custom_id in ids if not custom_id.endswith(":stop")] or ids
            if not ids or (not games and rng.random() < 0.3):
                continue
            self._press_one(person, message, rng.choice(ids))
            return

    def _press_one(self, person: Person, message: Json, custom_id: str) -> None:
        if not custom_id.startswith("airo:"):
            self._journal.erased[person.id] = time.monotonic()
        channel_id = int(message["channel_id"])
        opened = person.press(channel_id, int(message["id"]), custom_id)
        name = custom_id.split(":")[1] if custom_id.startswith("airo:") else "of a view"
        self._note(f"button {name}", person, opened)
        self._then(self._fill_in(person, opened, str(message["content"])))

    def _play(self, person: Person, channel_id: int) -> None:
        """Answer in a game, wherever one is played."""
        for place, message_id in reversed(self._journal.playing):
            if message_id in self._journal.deleted or self._rng.random() < 0.3:
                continue
            if not self._sandbox.world.permissions(person.id, place):
                continue
            message = self._sandbox.world.message(place, message_id)
            ids = [c for c in _buttons(message) if c.startswith(("airo:answer", "airo:anagram"))]
            ids = [c for c in ids if c.endswith(":guess") or c.startswith("airo:answer")]
            if ids:
                self._press_one(person, message, self._rng.choice(ids))
                return

    def _use_menu(self, person: Person, channel_id: int) -> None:
        if message := self._some(person, channel_id, of_bot=self._rng.random() < 0.6):
            name = "Regenerate" if not message["attachments"] else "Ask about these files"
            opened = person.use_menu(channel_id, name, message_id=int(message["id"]))
            self._journal.commands[name] += 1
            self._note(name, person, opened)
            self._then(self._fill_in(person, opened, ""))

    def _complete(self, person: Person, channel_id: int) -> None:
        path, option = self._rng.choice((("trivia start", "category"), ("docs remove", "name")))
        made = person.complete(channel_id, path, {option: "m"}, option)
        self._note("suggestions", person, made)

    def _pause(self, person: Person, channel_id: int) -> None:
        owner = self._people[self._scene.owner]
        # In others' servers they are not offered it.
        own = [
            channel_id
            for channel_id in self._scene.places[owner.id]
            if any(command["name"] == "admin" for command in owner.commands(channel_id))
        ]
        if not own:
            return
        place = self._rng.choice(own)
        self._then(self._pause_a_while(owner, place))

    async def _pause_a_while(self, owner: Person, channel_id: int) -> None:
        for mode, pause_s in (("on", _PAUSED_S), ("off", _PAUSED_S), ("off", 0.0)):
            made = owner.use_command(channel_id, "admin pause", {"mode": mode})
            self._journal.commands["admin pause"] += 1
            self._note("/admin pause", owner, made)
            await asyncio.sleep(pause_s)

    async def _fill_in(self, person: Person, opened: Interaction, shown: str) -> None:
        """Send the dialog that a press opened, if it did."""
        try:
            await opened.answered(_MODAL_S)
            if opened.response is None or opened.response["type"] != 9:
                return
            # Nobody types faster; the bot learns that its dialog was taken after it is shown.
            await asyncio.sleep(self._rng.uniform(*_TYPING_S))
            found = _LETTERS.search(shown)
            words = self._solved(found[1].replace(" ", "").lower()) if found else QUESTIONS
            fields = {
                field["custom_id"]: self._rng.choice(words)[: field.get("max_length") or 40]
                for row in opened.response["data"]["components"]
                for field in row.get("components", [])
            }
            self._note("dialog", person, person.submit(opened, fields))
        except (Refused, TimeoutError):
            return

    # -- what they look at ---------------------------------------------------------------

    def _some(
        self, person: Person, channel_id: int, *, of: int | None = None, of_bot: bool = False
    ) -> Json | None:
        """One of the last messages."""
        wanted = str(self._sandbox.world.bot_id if of_bot else of or person.id)
        found = [
            message
            for message in person.messages(channel_id, limit=30)
            if message["author"]["id"] == wanted
        ]
        return self._rng.choice(found) if found else None

    def _letters_in(self, person: Person, channel_id: int) -> str:
        for message in reversed(person.messages(channel_id, limit=8)):
            if found := _LETTERS.search(str(message["content"])):
                return found[1].replace(" ", "").lower()
        return ""

    def _solve(self, letters: str) -> tuple[str, ...]:
        found = solve(Query(letters), self._lexicon, limit_s=0.05).found
        return (*found, "zzz")

    def _note(self, what: str, person: Person, made: Interaction) -> None:
        self._journal.asked.append(
            Asked(
                "interaction", what, person.id, made.channel_id, time.monotonic(), interaction=made
            )
        )

    def _then(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="somebody")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


def _buttons(message: Json) -> list[str]:
    return [
        str(item["custom_id"])
        for row in message["components"]
        for item in row.get("components", [])
        if item.get("type") == 2 and "custom_id" in item and not item.get("disabled")
    ]
