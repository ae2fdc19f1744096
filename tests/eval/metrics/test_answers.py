"""SQuAD's rules, on cases worked out by hand from the official script's definitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.answers import exact_match, token_f1
from overlay.labelled.matching import contains

words = st.lists(st.sampled_from(["ferry", "quay", "Corrin", "12", "the", "a"]), max_size=6)
texts = words.map(" ".join)


@pytest.mark.parametrize(
    ("text", "answers", "exact", "f1"),
    [
        ("the Ravelin Hut.", ["Ravelin Hut"], True, 1.0),
        ("at Ravelin Hut", ["Ravelin Hut"], False, 0.8),  # P 2/3, R 1
        ("Ravelin", ["Ravelin Hut", "Ravelin"], True, 1.0),  # the best of several
        ("hut hut", ["hut"], False, 2 / 3),  # a repeated token counts once
        ("hut hut", ["hut hut oak"], False, 0.8),
        ("Oak", ["Ravelin"], False, 0.0),
        ("", ["Ravelin"], False, 0.0),
        ("", [], True, 1.0),  # a question without an answer
        ("something", [], False, 0.0),
        ("", ["the"], True, 1.0),  # an answer that normalises to nothing does not count
    ],
)
def test_exact_match_and_f1(text: str, answers: list[str], exact: bool, f1: float) -> None:
    assert exact_match(text, answers) is exact
    assert token_f1(text, answers) == pytest.approx(f1)


@given(texts, st.lists(texts, max_size=3))
def test_f1_is_one_exactly_where_the_tokens_agree(text: str, answers: list[str]) -> None:
    value = token_f1(text, answers)
    assert 0 <= value <= 1
    if exact_match(text, answers):
        assert value == 1


@given(texts, texts)
def test_what_is_contained_shares_tokens(text: str, answer: str) -> None:
    if contains(text, answer):
        assert token_f1(text, [answer]) > 0
