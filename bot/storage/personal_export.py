"""What is stored about one person, as a file for them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.storage.document_schema import Document, Passage
from bot.storage.game_schema import Award, DailyResult, Game, Pack, QuestionReport
from bot.storage.guild_schema import AccessRule, Subject
from bot.storage.privacy_schema import OptOut
from bot.storage.schema import Role, Turn

Json = dict[str, object]

ASKED = aliased(Turn)
"""The question, where a reply is looked for."""


def about(person_id: int) -> ColumnElement[bool]:
    """Rules of admins about the person."""
    return (AccessRule.subject == Subject.PERSON) & (AccessRule.subject_id == person_id)


def asked_by(person_id: int) -> ColumnElement[bool]:
    """Turns that the person said."""
    return (Turn.author_id == person_id) & (Turn.role == Role.USER)


async def exported(session: AsyncSession, person_id: int, *, with_texts: bool) -> Json:
    """All of it, as JSON takes it. ``with_texts``: of the documents too."""
    documents = list(
        await session.scalars(
            select(Document).where(Document.added_by == person_id).order_by(Document.id)
        )
    )
    opted_out = await session.get(OptOut, person_id)
    return {
        "person_id": person_id,
        "exported_at": datetime.now(UTC).isoformat(),
        "opted_out_since": None if opted_out is None else opted_out.at.isoformat(),
        "questions": await _questions(session, person_id),
        "documents": [
            await _document(session, document, with_text=with_texts) for document in documents
        ],
        "rounds": await _rounds(session, person_id),
        "daily_results": [
            {"day": day.isoformat(), "points": points}
            for day, points in await session.execute(
                select(DailyResult.day, DailyResult.points)
                .where(DailyResult.person_id == person_id)
                .order_by(DailyResult.day)
            )
        ],
        "reports": [
            {"question_id": question_id, "at": at.isoformat()}
            for question_id, at in await session.execute(
                select(QuestionReport.question_id, QuestionReport.at)
                .where(QuestionReport.person_id == person_id)
                .order_by(QuestionReport.at)
            )
        ],
        "games_started": [
            {
                "id": game.id,
                "kind": game.kind,
                "channel_id": game.channel_id,
                "at": game.started_at.isoformat(),
            }
            for game in await session.scalars(
                select(Game).where(Game.started_by == person_id).order_by(Game.id)
            )
        ],
        "packs_added": [
            {
                "guild_id": pack.guild_id,
                "title": pack.title,
                "credit": pack.credit,
                "at": pack.added_at.isoformat(),
            }
            for pack in await session.scalars(
                select(Pack).where(Pack.added_by == person_id).order_by(Pack.id)
            )
        ],
        "rules_of_admins": [
            {"guild_id": rule.guild_id, "is_allowed": rule.is_allowed}
            for rule in await session.scalars(select(AccessRule).where(about(person_id)))
        ],
    }


async def _questions(session: AsyncSession, person_id: int) -> list[Json]:
    asked: dict[int, Json] = {}
    replies: dict[int, list[Json]] = {}
    for turn in await session.scalars(select(Turn).where(asked_by(person_id)).order_by(Turn.id)):
        asked[turn.id] = {
            "id": turn.id,
            "channel_id": turn.channel_id,
            "at": turn.created_at.isoformat(),
            "as": turn.author_name,
            "text": turn.content,
            "replies": replies.setdefault(turn.id, []),
        }
    answers = (
        select(Turn)
        .join(ASKED, ASKED.id == Turn.answers_turn_id)
        .where(ASKED.author_id == person_id)
        .order_by(Turn.id)
    )
    for reply in await session.scalars(answers):
        if reply.answers_turn_id in replies:
            replies[reply.answers_turn_id].append(
                {
                    "id": reply.id,
                    "at": reply.created_at.isoformat(),
                    "state": str(reply.state),
                    "text": reply.content,
                }
            )
    return list(asked.values())


async def _document(session: AsyncSession, document: Document, *, with_text: bool) -> Json:
    about: Json = {
        "channel_id": document.channel_id,
        "name": document.name,
        "kind": document.kind,
        "bytes": document.size,
        "characters": document.characters,
        "at": document.added_at.isoformat(),
    }
    if with_text:
        passages = await session.execute(
            select(Passage.page, Passage.section, Passage.text)
            .where(Passage.document_id == document.id)
            .order_by(Passage.position)
        )
        about["passages"] = [
            {"page": page, "section": section, "text": text} for page, section, text in passages
        ]
    return about


async def _rounds(session: AsyncSession, person_id: int) -> list[Json]:
    rows = await session.execute(
        select(Award, Game.kind, Game.channel_id)
        .join(Game, Game.id == Award.game_id)
        .where(Award.person_id == person_id)
        .order_by(Award.game_id, Award.round)
    )
    return [
        {
            "game_id": award.game_id,
            "kind": kind,
            "channel_id": channel_id,
            "round": award.round,
            "points": award.points,
            "correct": award.correct,
            "at": award.at.isoformat(),
        }
        for award, kind, channel_id in rows
    ]
