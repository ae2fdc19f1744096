"""Sentences and their tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from overlay.sentences import sentence_spans, split_sentences

TEXT = "Dr. Smith paid 3.50 crowns. He left at noon!\n\nThe hut is shut."


def test_abbreviations_and_decimals_end_no_sentence() -> None:
    assert [sentence.strip() for sentence in split_sentences(TEXT)] == [
        "Dr. Smith paid 3.50 crowns.",
        "He left at noon!",
        "The hut is shut.",
    ]


@given(st.text(max_size=200))
def test_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(split_sentences(text)) == text


def test_the_blank_before_a_word_goes_with_the_word() -> None:
    pieces = [b"One", b" two", b".", b" Three", b".", b"\n"]
    assert sentence_spans(["One two. ", "Three."], pieces) == [
        ("One two.", (0, 3)),
        ("Three.", (3, 6)),
    ]


def test_a_sentence_inside_one_token_has_no_span() -> None:
    assert sentence_spans(["A. ", "B. ", "C."], [b"A. B. ", b"C."]) == [
        ("B.", (0, 1)),
        ("C.", (1, 2)),
    ]


@given(st.lists(st.text(alphabet="ab. é", min_size=1, max_size=6), min_size=1, max_size=20))
def test_the_spans_hold_every_token_once(words: list[str]) -> None:
    text = "".join(words)
    spans = sentence_spans(split_sentences(text), [word.encode() for word in words])
    places = [place for _, (start, stop) in spans for place in range(start, stop)]
    assert places == list(range(len(words)))
