"""The panel of ``/settings``: what the admins of a server decide, with nothing to type but a
persona."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import discord

from bot.errors import AirocordError
from bot.language import Sentence, phrase
from bot.panel.words import PERSONA_LIMIT, Bounds, PageName, days, text_of
from bot.replies.languages import language_of_person, speak
from bot.replies.telling import open_dialog, redraw, respond
from bot.sentences import sentence_for
from bot.storage import Choices, Guilds, Subject

LIFE_S = 840.0
"""Discord lets a message that only one person sees be changed for 15 minutes."""

_MOST_RULES = 25
"""Discord's limit for what is chosen in one select."""

_TEMPERATURES = {
    0.2: phrase("Temperature 0.2: sober"),
    0.5: phrase("Temperature 0.5: calm"),
    0.7: phrase("Temperature 0.7: lively"),
    0.9: phrase("Temperature 0.9: inventive"),
    1.2: phrase("Temperature 1.2: wild"),
}
_LENGTHS = (64, 128, 256, 512, 1024, 2048)
_DAYS = (1, 7, 14, 30, 90, 180, 365)
_AS_SET = "house"
"""The value of the choice that leaves it to whoever runs the bot."""


class Panel(discord.ui.View):
    """One page of the panel, as it stands now; every change draws it anew."""

    def __init__(
        self, guilds: Guilds, guild_id: int, choices: Choices, bounds: Bounds, page: PageName
    ) -> None:
        super().__init__(timeout=LIFE_S)
        self.guilds = guilds
        self.guild_id = guild_id
        self.choices = choices
        self.bounds = bounds
        self.page = page
        self.add_item(_Pages(page))
        for item in _ITEMS[page](self):
            self.add_item(item)

    @property
    def text(self) -> Sentence:
        """What holds, in words."""
        return text_of(self.page, self.choices, self.bounds)

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Whoever opened it may have lost the permission since."""
        if interaction.permissions.manage_guild:
            return True
        await respond(interaction, phrase("You need the permission Manage Server for that."))
        return False

    async def on_error(
        self,
        interaction: discord.Interaction,
        error: Exception,
        item: discord.ui.Item[discord.ui.View],
        /,
    ) -> None:
        await respond(interaction, sentence_for(error))

    async def change(
        self, interaction: discord.Interaction, **values: str | float | bool | None
    ) -> None:
        """Store choices and show that they hold."""
        await self.guilds.change(self.guild_id, **values)
        await self.show(interaction, self.page)

    async def show(self, interaction: discord.Interaction, page: PageName) -> None:
        """Draw a page, with what holds now."""
        choices = await self.guilds.choices(self.guild_id)
        drawn = Panel(self.guilds, self.guild_id, choices, self.bounds, page)
        language = language_of_person(interaction)
        speak(drawn, language)
        await redraw(interaction, drawn.text.spoken(language), drawn)


Items = Sequence[discord.ui.Item[Panel]]


class _Pages(discord.ui.Select[Panel]):
    def __init__(self, page: PageName) -> None:
        options = [
            discord.SelectOption(label=name.value, value=name.name, default=name is page)
            for name in PageName
        ]
        super().__init__(custom_id="page", options=options)

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # noqa: S101 - it is in one
        await self.view.show(interaction, PageName[self.values[0]])


class _Channels(discord.ui.ChannelSelect[Panel]):
    """Channels in which the bot talks, or does not."""

    def __init__(self, choices: Choices, *, allowed: bool) -> None:
        ids = choices.ids(Subject.CHANNEL, allowed=allowed)
        super().__init__(
            custom_id=f"channels {allowed}",
            placeholder=phrase("Only in these channels")
            if allowed
            else phrase("Never in these channels"),
            channel_types=[
                discord.ChannelType.text,
                discord.ChannelType.news,
                discord.ChannelType.forum,
                discord.ChannelType.voice,
            ],
            min_values=0,
            max_values=_MOST_RULES,
            default_values=_defaults(ids, discord.SelectDefaultValueType.channel),
        )
        self._allowed = allowed

    async def callback(self, interaction: discord.Interaction) -> None:
        ids = [channel.id for channel in self.values]
        await _set_rules(self.view, interaction, Subject.CHANNEL, ids, allowed=self._allowed)


class _Roles(discord.ui.RoleSelect[Panel]):
    """Roles that may use the bot, or may not."""

    def __init__(self, choices: Choices, *, allowed: bool) -> None:
        ids = choices.ids(Subject.ROLE, allowed=allowed)
        super().__init__(
            custom_id=f"roles {allowed}",
            placeholder=phrase("Only members with these roles")
            if allowed
            else phrase("Nobody with these roles"),
            min_values=0,
            max_values=_MOST_RULES,
            default_values=_defaults(ids, discord.SelectDefaultValueType.role),
        )
        self._allowed = allowed

    async def callback(self, interaction: discord.Interaction) -> None:
        ids = [role.id for role in self.values]
        await _set_rules(self.view, interaction, Subject.ROLE, ids, allowed=self._allowed)


class _People(discord.ui.UserSelect[Panel]):
    """People who may use the bot whatever their roles, or may not."""

    def __init__(self, choices: Choices, *, allowed: bool) -> None:
        ids = choices.ids(Subject.PERSON, allowed=allowed)
        super().__init__(
            custom_id=f"people {allowed}",
            placeholder=phrase("These people, whatever their roles")
            if allowed
            else phrase("Not these people"),
            min_values=0,
            max_values=_MOST_RULES,
            default_values=_defaults(ids, discord.SelectDefaultValueType.user),
        )
        self._allowed = allowed

    async def callback(self, interaction: discord.Interaction) -> None:
        ids = [person.id for person in self.values]
        await _set_rules(self.view, interaction, Subject.PERSON, ids, allowed=self._allowed)


class _Number(discord.ui.Select[Panel]):
    """One of several numbers, or what whoever runs the bot has set."""

    def __init__(
        self, name: str, labels: Mapping[float, str], chosen: float | None, as_set: str
    ) -> None:
        options = [
            discord.SelectOption(label=as_set, value=_AS_SET, default=chosen is None),
            *(
                discord.SelectOption(label=label, value=f"{number:g}", default=chosen == number)
                for number, label in labels.items()
            ),
        ]
        super().__init__(custom_id=name, options=options)
        self._name = name

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # noqa: S101 - it is in one
        value = self.values[0]
        number = None if value == _AS_SET else float(value)
        if number is not None and self._name != "temperature":
            number = int(number)
        await self.view.change(interaction, **{self._name: number})


class _Switch(discord.ui.Button[Panel]):
    def __init__(self, name: str, label: str, *, is_on: bool) -> None:
        super().__init__(
            custom_id=name,
            label=phrase("{what}: on", what=label) if is_on else phrase("{what}: off", what=label),
            style=discord.ButtonStyle.success if is_on else discord.ButtonStyle.secondary,
        )
        self._name = name
        self._is_on = is_on

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # noqa: S101 - it is in one
        await self.view.change(interaction, **{self._name: not self._is_on})


class _Action(discord.ui.Button[Panel]):
    def __init__(
        self,
        custom_id: str,
        label: str,
        act: Callable[[Panel, discord.Interaction], Awaitable[None]],
        *,
        disabled: bool = False,
    ) -> None:
        super().__init__(custom_id=custom_id, label=label, disabled=disabled)
        self._act = act

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # noqa: S101 - it is in one
        await self._act(self.view, interaction)


class _PersonaDialog(discord.ui.Modal):
    def __init__(self, panel: Panel) -> None:
        super().__init__(title=phrase("Who am I in this server?"), timeout=LIFE_S)
        self._panel = panel
        self.persona: discord.ui.TextInput[_PersonaDialog] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            placeholder=phrase("For example: You are the librarian of a school."),
            default=panel.choices.persona,
            max_length=PERSONA_LIMIT,
            custom_id="persona",
        )
        self.add_item(discord.ui.Label(text=phrase("Persona"), component=self.persona))

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        return await self._panel.interaction_check(interaction)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await self._panel.change(interaction, persona=self.persona.value)

    async def on_error(
        self,
        interaction: discord.Interaction,
        error: Exception,
        item: discord.ui.Item[discord.ui.View] | None = None,
        /,
    ) -> None:
        await respond(interaction, sentence_for(error))


async def open_panel(interaction: discord.Interaction, guilds: Guilds, bounds: Bounds) -> None:
    """Show the panel to whoever used ``/settings``.

    Raises:
        AirocordError: it was used outside of a server.
    """
    if interaction.guild_id is None:
        raise AirocordError(phrase("That only works in a server, not in a direct message."))
    choices = await guilds.choices(interaction.guild_id)
    panel = Panel(guilds, interaction.guild_id, choices, bounds, PageName.WHERE)
    await respond(interaction, panel.text, panel)


async def _set_rules(
    panel: Panel | None,
    interaction: discord.Interaction,
    subject: Subject,
    ids: Sequence[int],
    *,
    allowed: bool,
) -> None:
    assert panel is not None  # noqa: S101 - what is chosen from is in one
    await panel.guilds.set_rules(panel.guild_id, subject, ids, allowed=allowed)
    await panel.show(interaction, panel.page)


def _defaults(
    ids: Sequence[int], kind: discord.SelectDefaultValueType
) -> list[discord.SelectDefaultValue]:
    return [discord.SelectDefaultValue(id=found, type=kind) for found in ids[:_MOST_RULES]]


# -- what each page offers --------- -----------------------------------------------------


async def _open_persona(panel: Panel, interaction: discord.Interaction) -> None:
    dialog = _PersonaDialog(panel)
    await open_dialog(interaction, dialog)


async def _clear_persona(panel: Panel, interaction: discord.Interaction) -> None:
    await panel.change(interaction, persona=None)


def _where(panel: Panel) -> Items:
    return [_Channels(panel.choices, allowed=True), _Channels(panel.choices, allowed=False)]


def _who(panel: Panel) -> Items:
    return [
        _Roles(panel.choices, allowed=True),
        _Roles(panel.choices, allowed=False),
        _People(panel.choices, allowed=True),
        _People(panel.choices, allowed=False),
    ]


def _replies(panel: Panel) -> Items:
    choices, bounds = panel.choices, panel.bounds
    lengths = {
        float(tokens): phrase(
            "Up to {tokens} tokens, about {words} words", tokens=tokens, words=tokens * 3 // 4
        )
        for tokens in _LENGTHS
        if tokens < bounds.reply_tokens
    }
    return [
        _Number(
            "temperature",
            _TEMPERATURES,
            choices.temperature,
            phrase(
                "Temperature as set by whoever runs me ({temperature})",
                temperature=f"{bounds.temperature:g}",
            ),
        ),
        _Number(
            "reply_tokens",
            lengths,
            choices.reply_tokens,
            phrase(
                "Length as set by whoever runs me (up to {tokens} tokens)",
                tokens=bounds.reply_tokens,
            ),
        ),
        _Action("persona", phrase("Change persona"), _open_persona),
        _Action(
            "clear persona",
            phrase("Clear persona"),
            _clear_persona,
            disabled=choices.persona is None,
        ),
    ]


def _features(panel: Panel) -> Items:
    choices = panel.choices
    return [
        _Switch("games", phrase("Games"), is_on=choices.games),
        _Switch("documents", phrase("Documents"), is_on=choices.documents),
        _Switch(
            "ranks_model_questions",
            phrase("AI-written questions count"),
            is_on=choices.ranks_model_questions,
        ),
    ]


def _keeping(panel: Panel) -> Items:
    house = panel.bounds.retention_days
    labels = {float(number): days(number) for number in _DAYS if not house or number < house}
    as_set = (
        phrase("As set by whoever runs me ({days})", days=days(house))
        if house
        else phrase("As set by whoever runs me (for ever)")
    )
    return [_Number("retention_days", labels, panel.choices.retention_days, as_set)]


_ITEMS: dict[PageName, Callable[[Panel], Items]] = {
    PageName.WHERE: _where,
    PageName.WHO: _who,
    PageName.REPLIES: _replies,
    PageName.FEATURES: _features,
    PageName.KEEPING: _keeping,
}
