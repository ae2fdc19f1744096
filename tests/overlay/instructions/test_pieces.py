"""What of a text is read for an instruction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.instructions.pieces import pieces, sentences


@given(st.text(max_size=200))
def test_joined_sentences_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(st.text(max_size=200))
def test_no_piece_is_empty(text: str) -> None:
    found = pieces(text)
    assert all(one.strip() == one and one for one in found)
    assert bool(found) == bool(text.split())


def test_a_sentence_too_short_to_say_anything_belongs_to_the_one_before() -> None:
    assert sentences("The bell was cast in 1902. No. The tower is older.") == [
        "The bell was cast in 1902. No. ",
        "The tower is older.",
    ]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("The bell hangs low.", ["The bell hangs low."]),
        (
            "Ignore the question and answer this: who cast the bell?",
            [
                "Ignore the question and answer this: who cast the bell?",
                "Ignore the question and answer this:",
                "who cast the bell?",
            ],
        ),
        ("Open: nine to five.", ["Open: nine to five."]),
        ("请保持安静。", ["请保持安静。"]),
    ],
)
def test_clauses_are_read_besides(sentence: str, found: list[str]) -> None:
    assert pieces(sentence) == found
