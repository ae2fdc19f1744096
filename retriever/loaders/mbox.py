"""Mailboxes: many mails in a file."""

from __future__ import annotations

import re

from retriever.content import Content, Format, Part
from retriever.errors import DocumentError
from retriever.loaders.email_file import read_mail

__all__ = ["load"]

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
            hint="export it again from the mail program as mbox",
            param="source",
        )
    parts = tuple(
        Part(
            read_mail(_ESCAPED.sub(rb"\1", mail), f"{name}: message {number}").text,
            Format.MARKDOWN,
            f"message {number}",
        )
        for number, mail in enumerate(_START.split(data)[1:], start=1)
    )
    return Content(parts)
