from __future__ import annotations

import mailbox
from pathlib import Path

import pytest

from retriever.loaders import load
from tests.retriever.loaders.conftest import Refuse
from tests.retriever.loaders.test_email_file import HEAD, make


def test_a_mailbox_of_the_standard_library_is_read(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "all.mbox")
    for text in ("One.\n\nFrom here on it gets warmer.\n", "Two.\n", "Three.\n"):
        box.add(make(text))
    box.close()
    content = load((tmp_path / "all.mbox").read_bytes(), "all.mbox")
    assert [(part.place, part.text) for part in content.parts] == [
        ("message 1", f"{HEAD}\n\nOne.\n\nFrom here on it gets warmer."),
        ("message 2", f"{HEAD}\n\nTwo."),
        ("message 3", f"{HEAD}\n\nThree."),
    ]


@pytest.mark.parametrize(
    "data", [b"Just text", b"From a@b.c Tue Mar 12\nno headers, only text\n", b"From x"]
)
def test_what_is_no_mailbox_is_refused(data: bytes, refuse: Refuse) -> None:
    refuse(data, "a.mbox")


def test_windows_line_ends_are_read() -> None:
    data = b"From a\r\nSubject: x\r\n\r\nOne\r\n\r\nFrom b\r\nSubject: y\r\n\r\nTwo\r\n"
    assert [part.text for part in load(data, "a.mbox").parts] == ["# x\n\nOne", "# y\n\nTwo"]


def test_an_empty_file_has_no_parts() -> None:
    assert load(b"\n", "a.mbox").parts == ()


def test_a_message_that_is_none_is_noted_and_the_others_are_read() -> None:
    content = load(b"From a\nSubject: x\n\nOne\n\nFrom b\nno header\n\nText\n", "a.mbox")
    assert [part.place for part in content.parts] == ["message 1"]
    assert content.note == "messages not readable: 2"
