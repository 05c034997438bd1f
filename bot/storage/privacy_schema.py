"""Who wants nothing kept of what they say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.schema import Base, Id, UtcDateTime


class OptOut(Base):
    """A person whose questions and their replies are not kept. It outlives the deletion of
    everything else of theirs, or it would not hold."""

    __tablename__ = "opt_outs"

    person_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
