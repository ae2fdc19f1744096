from __future__ import annotations

import pytest

from retriever.content import Format
from retriever.loaders import load


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.txt", "\n  Fees of the pool  \nMore", "Fees of the pool"),
        ("a.text", "word " * 40, ""),
        ("a.log", "2024-03-12 ERROR disk full", ""),
        ("a.rst", "=========\nThe rules\n=========\n\nText", "The rules"),
        ("a.rst", ".. note:: x\n\nThe rules\n---------\n", "The rules"),
        ("a.org", "#+author: A\n#+TITLE: The rules\n", "The rules"),
        ("a.tex", "\\documentclass{article}\n\\title{The\n rules}", "The rules"),
        ("a.adoc", ":toc:\n= The rules\n\nText", "The rules"),
    ],
)
def test_title(name: str, text: str, title: str) -> None:
    content = load(text.encode(), name)
    assert content.title == title
    assert content.parts[0].text == text
    assert content.parts[0].format is Format.TEXT


def test_a_date_in_the_title_is_the_documents() -> None:
    assert load(b"Minutes of 12 March 2024\n\nText of 2023-01-01", "a.txt").date == "2024-03-12"


def test_an_empty_file_is_blank() -> None:
    assert load(b"", "a.txt").is_blank
