"""Mails (.eml): who, when, about what, the text, and what is attached."""

from __future__ import annotations

from collections.abc import Callable
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesParser

from bot.documents.charset import decode_as
from bot.documents.cleaning import one_line
from bot.documents.formats import html
from bot.documents.formats.outline import Outline
from bot.documents.reading import Reading

_HEADERS = ("Subject", "From", "To", "Cc", "Date")


def read(data: bytes, reading: Reading, read_inner: Callable[[str, bytes], None]) -> None:
    """``read_inner`` reads an attachment; it is given its name and its bytes."""
    message = BytesParser(policy=policy.default).parsebytes(data)
    lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
    subject = _header(message, "Subject")
    headings = [subject] if subject else []
    reading.add("\n".join(lines), headings=headings)
    body = message.get_body(preferencelist=("plain", "html"))
    if body is not None:
        text = decode_as(_payload(body), body.get_content_charset())
        if body.get_content_type() == "text/html":
            outline = Outline(reading)
            html.read_text(text, outline)
            outline.flush()
        else:
            reading.add(text, headings=headings)
    for number, part in enumerate(message.iter_attachments(), start=1):
        name = _file_name(part) or f"attachment {number}"
        if part.get_content_maintype() == "message":
            inner = part.get_payload(0) if part.is_multipart() else None
            content = inner.as_bytes() if isinstance(inner, EmailMessage) else b""
        else:
            content = _payload(part)
        if content:
            read_inner(name, content)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return one_line(str(message.get(name, "")), 300)
    except (MessageError, ValueError, IndexError, TypeError, AttributeError):
        # The library trips over some malformed headers.
        return ""


def _file_name(part: EmailMessage) -> str:
    try:
        return one_line(part.get_filename() or "", 80)
    except (MessageError, ValueError, IndexError, TypeError, AttributeError):
        return ""


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
