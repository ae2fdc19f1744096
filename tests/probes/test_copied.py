"""How much of an answer stands in its chunks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.copied import copied_share

QUESTION = "When was the lighthouse of Corrin built?"


@pytest.mark.parametrize(
    ("answer", "context", "share"),
    [
        ("The lighthouse was built in 1871.", "Masons built it in 1871.", 1.0),
        ("The lighthouse was built in 1901.", "Masons built it in 1871.", 0.0),
        ("Masons finished it in 1901.", "MASONS built it in 1871.", 1 / 3),
        ("It was built.", "Masons built it in 1871.", 0.0),
        ("", "Masons built it in 1871.", 0.0),
        ("Masons", "", 0.0),
        ("Маяк построили каменщики", "каменщики строили маяк", 2 / 3),
    ],
)
def test_content_words_that_the_question_lacks_are_looked_up(
    answer: str, context: str, share: float
) -> None:
    assert copied_share(answer, QUESTION, context) == pytest.approx(share)


@given(st.text(), st.text(), st.text(), st.text())
def test_it_is_a_share_and_grows_with_the_context(
    answer: str, question: str, context: str, more: str
) -> None:
    share = copied_share(answer, question, context)
    assert 0 <= share <= copied_share(answer, question, f"{context} {more}") <= 1
    assert copied_share(answer, question, answer) in {0.0, 1.0}


def test_words_must_stand_in_every_text() -> None:
    answer = "Pask tends the Thread at Corrin"
    assert copied_share(answer, "", "Pask tends it", "Pask at Corrin") == pytest.approx(1 / 4)
    assert copied_share(answer, "", "Pask tends it") == pytest.approx(2 / 4)
