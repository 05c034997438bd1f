"""Plain zip archives: every file inside is read for itself."""

from __future__ import annotations

from collections.abc import Callable

from bot.documents.archive import Archive, TooLarge, needs_password
from bot.documents.extracted import quoted
from bot.documents.reading import Reading, Refused
from bot.language import phrase

_CLUTTER = ("__MACOSX/", ".git/", "node_modules/", "__pycache__/")


def read(archive: Archive, reading: Reading, read_inner: Callable[[str, bytes], None]) -> None:
    """``read_inner`` reads one file; it is given its name and its bytes.

    Raises:
        Refused: nothing in it could be read; the text says why of the first one.
    """
    names = [
        name
        for name in archive.names
        if not any(clutter in name for clutter in _CLUTTER)
        and not name.rpartition("/")[2].startswith(".")
    ]
    if not names:
        raise Refused(
            phrase("{name} is an archive with nothing in it to read.", name=reading.shown)
        )
    if all(map(archive.is_encrypted, names)):
        raise needs_password(reading)
    for name in names:
        try:
            read_inner(name, archive.read(name))
        except TooLarge as refused:
            if reading.inflated > reading.limits.inflated_bytes:
                if reading.is_empty:
                    raise
                raise reading.stop(str(refused)) from None
            reading.leave_out(phrase("{name} is too large.", name=quoted(name)))
        except Refused:
            reading.leave_out(phrase("{name} is damaged or needs a password.", name=quoted(name)))
