"""E-books (.epub): the chapters in the order of the spine."""

from __future__ import annotations

from urllib.parse import unquote

from bot.documents.archive import Archive, damaged, resolved
from bot.documents.formats import html
from bot.documents.formats.outline import Outline
from bot.documents.reading import Reading, Refused
from bot.language import phrase

_CONTAINER, _RIGHTS = "META-INF/container.xml", "META-INF/rights.xml"


def read(archive: Archive, reading: Reading) -> None:
    """Raises :class:`~bot.documents.reading.Refused` for a damaged or locked book."""
    if _RIGHTS in archive:
        raise Refused(
            phrase(
                "{name} is locked by its shop (DRM) and cannot be read. Send one without.",
                name=reading.shown,
            )
        )
    container = _Package()
    archive.parse(_CONTAINER, container)
    if container.path not in archive:
        raise damaged(reading)
    package = _Package()
    archive.parse(container.path, package)
    folder = container.path.rpartition("/")[0]
    outline = Outline(reading)
    for number in package.order:
        name = resolved(f"{folder}/{unquote(package.items.get(number, ''))}")
        if name in archive:
            outline.forget_headings()
            html.read_text(html.decoded(archive.read(name)), outline)
    outline.flush()


class _Package:
    """The container, which names the package; and the package, which lists the chapters."""

    def __init__(self) -> None:
        self.path = ""
        self.items: dict[str, str] = {}
        self.order: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "rootfile":
            self.path = self.path or attributes.get("full-path", "")
        elif name == "item" and "html" in attributes.get("media-type", ""):
            self.items[attributes.get("id", "")] = attributes.get("href", "")
        elif name == "itemref":
            self.order.append(attributes.get("idref", ""))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...
