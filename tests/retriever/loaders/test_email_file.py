from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP, default

import pytest

from retriever.content import Format
from retriever.loaders import load
from tests.retriever.loaders.conftest import Refuse


def make(text: str = "", html: str = "") -> EmailMessage:
    message = EmailMessage(policy=default)
    message["Subject"] = "Öffnung im Bad"
    message["From"] = "Zoë <zoe@example.org>"
    message["To"] = "all@example.org"
    message["Date"] = "Tue, 12 Mar 2024 09:00:00 +0100"
    if text:
        message.set_content(text, charset="iso-8859-1", cte="quoted-printable")
    if html:
        message.add_alternative(html, subtype="html")
    return message


HEAD = (
    "# Öffnung im Bad\n\nFrom: Zoë <zoe@example.org>\nTo: all@example.org\n"
    "Date: Tue, 12 Mar 2024 09:00:00 +0100"
)


def test_headers_and_plain_text_are_read() -> None:
    message = make("Geöffnet ab 9.\n", "<p>The same in HTML</p>")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="plän.pdf")
    content = load(message.as_bytes(policy=SMTP), "a.eml")
    assert (content.title, content.date) == ("Öffnung im Bad", "2024-03-12")
    assert [(part.text, part.format) for part in content.parts] == [
        (f"{HEAD}\nattachments: plän.pdf\n\nGeöffnet ab 9.", Format.MARKDOWN)
    ]


def test_html_is_read_where_there_is_no_plain_text() -> None:
    content = load(make(html="<h2>Fees</h2><p>Five €</p>").as_bytes(), "a.eml")
    assert content.parts[0].text == f"{HEAD}\n\n## Fees\n\nFive €"


def test_html_is_read_where_the_plain_text_is_blank() -> None:
    content = load(make("\n \n", "<p>Five €</p>").as_bytes(), "a.eml")
    assert content.parts[0].text == f"{HEAD}\n\nFive €"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_headers_and_bodies_without_a_declared_encoding_are_decoded(encoding: str) -> None:
    raw = "Subject: Größe\nFrom: a@b.c\n\nEs öffnet um neun für alle.\n".encode(encoding)
    content = load(raw, "a.eml")
    assert content.title == "Größe"
    assert content.parts[0].text.endswith("Es öffnet um neun für alle.")


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\nContent-Type: text/plain; charset=no-such\n\nWords here\n",
        b"Subject: x\nContent-Transfer-Encoding: base64\n\nV29yZHMgaGVyZQ\n",
        b"Subject: x\nDate: soon\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\nWords here",
    ],
)
def test_sloppy_mails_are_read(raw: bytes) -> None:
    content = load(raw, "a.eml")
    assert content.parts[0].text.endswith("Words here")
    assert content.date == ""


@pytest.mark.parametrize("data", [b"Just some text.\n", b"\x89PNG\r\n\x1a\n", b"\xff\xfe" * 50])
def test_what_is_no_mail_is_refused(data: bytes, refuse: Refuse) -> None:
    assert "is no mail" in refuse(data, "a.eml").message


def test_an_empty_file_has_no_parts() -> None:
    assert load(b"", "a.eml").parts == ()
