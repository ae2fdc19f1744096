"""Mailboxes: many mails in a file."""

from __future__ import annotations

import re

from retriever.content import Content, Format, Part
from retriever.errors import DocumentError
from retriever.loaders.email_file import read_mail

__all__ = ["load"]

_HINT = "export it again from the mail program as mbox"
# Not the standard library's mailbox, which reads files on a disk only.
_START = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. A part is a mail."""
    data = data.lstrip()
    if not data:
        return Content(())
    if not _START.match(data):
        raise DocumentError(
            f"{name} is no mailbox: it does not begin with the line 'From '",
            hint=_HINT,
            param="source",
        )
    parts: list[Part] = []
    unread: list[str] = []
    for number, mail in enumerate(_START.split(data)[1:], start=1):
        try:
            text = read_mail(_ESCAPED.sub(rb"\1", mail), f"{name}: message {number}").text
        except DocumentError:
            unread.append(str(number))
        else:
            parts.append(Part(text, Format.MARKDOWN, f"message {number}"))
    if not parts:
        raise DocumentError(
            f"{name} is no mailbox: none of its messages has headers such as From and Subject",
            hint=_HINT,
            param="source",
        )
    note = f"messages not readable: {', '.join(unread)}" if unread else ""
    return Content(tuple(parts), note=note)
