"""Mails."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from email.utils import parsedate_to_datetime

from retriever.content import Content, Format, Part
from retriever.errors import DocumentError
from retriever.loaders.broken import reading
from retriever.loaders.html import parse_page
from retriever.loaders.text_decoding import clean, decode

__all__ = ["Mail", "load", "read_mail"]

_SHOWN = ("From", "To", "Date")
_KNOWN = {"from", "to", "date", "subject", "received", "message-id", "delivered-to", "mime-version"}


@dataclass(frozen=True, slots=True)
class Mail:
    """One message.

    Attributes:
        text: Markdown; its subject is the heading, below it who wrote when to whom.
        subject: empty where it has none.
        date: when it was sent, ISO 8601; empty where that cannot be read.
    """

    text: str
    subject: str
    date: str


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. Attachments are named, not read."""
    if not data.strip():
        return Content(())
    mail = read_mail(data, name)
    return Content((Part(mail.text, Format.MARKDOWN),), mail.subject, mail.date)


def read_mail(data: bytes, name: str) -> Mail:
    """The message that the bytes hold.

    Raises:
        DocumentError: they hold none.
    """
    with reading(name, "mail"):
        message = message_from_bytes(data, policy=default)
        if not _KNOWN & {key.lower() for key in message}:
            raise DocumentError(
                f"{name} is no mail: it does not begin with headers such as From and Subject",
                hint="export it again from the mail program as .eml",
                param="source",
            )
        subject = _header(message, "Subject", name)
        shown = {key: _header(message, key, name) for key in _SHOWN}
        lines = [f"{key}: {value}" for key, value in shown.items() if value]
        if names := _attachments(message):
            lines.append(f"attachments: {', '.join(names)}")
        blocks = [f"# {subject}" if subject else "", "\n".join(lines), _body(message, name)]
        text = "\n\n".join(block for block in blocks if block)
        return Mail(text, subject, _day(shown["Date"]))


def _header(message: EmailMessage, key: str, name: str) -> str:
    raw = next((value for field, value in message.raw_items() if field.lower() == key.lower()), "")
    if str(raw).isascii():
        value = str(message[key] or "")
    else:  # bytes as they are, which the standard does not allow but many programs write
        value = decode(str(raw).encode("utf-8", "surrogateescape"), name)
    return " ".join(value.split())


def _day(sent: str) -> str:
    try:
        return parsedate_to_datetime(sent).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _body(message: EmailMessage, name: str) -> str:
    """Its plain text, or that of its HTML where it has none or a blank one."""
    texts = (_text(message.get_body((kind,)), name) for kind in ("plain", "html"))
    return next(filter(None, texts), "")


def _text(part: MIMEPart | None, name: str) -> str:
    if part is None or not isinstance(payload := part.get_payload(decode=True), bytes):
        return ""
    text = decode(payload, name, str(part.get_content_charset() or ""))
    if part.get_content_subtype() == "html":
        return parse_page(text, name).text
    return text.strip()


def _attachments(message: EmailMessage) -> list[str]:
    names = (part.get_filename() for part in message.iter_attachments())
    return [" ".join(clean(name).split()) for name in names if name]
