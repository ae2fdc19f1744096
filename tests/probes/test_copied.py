"""How much of an answer stands in its chunks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.copied import backing, consensus, copied_share

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


MASONS = "Masons built the lighthouse of Corrin in 1871."
KEEPER = "In 1901 the keeper of Corrin painted his boat."


def test_a_sentence_about_the_question_backs_what_it_says() -> None:
    right = backing("It was built in 1871.", QUESTION, [MASONS, KEEPER])
    wrong = backing("It was built in 1901.", QUESTION, [MASONS, KEEPER])
    assert right > 0.5
    assert 0 < wrong < right / 2
    # Half of what is said, by the same sentence.
    assert backing("In 1871 or 1872", QUESTION, [MASONS]) == pytest.approx(right / 2)


def test_a_sentence_that_is_the_question_and_the_answer_backs_it_wholly() -> None:
    assert backing("1871", "Built in 1871", ["Built, in 1871!"]) == 0.0, "the question says it"
    assert backing("1871", "", ["1871"]) == 0.0, "nothing is asked"
    assert backing("каменщики", "Кто построил маяк?", ["Маяк построили каменщики."]) > 0.4


@pytest.mark.parametrize("answer", ["", "It was built.", "a lighthouse"])
def test_nothing_backs_what_says_nothing_of_its_own(answer: str) -> None:
    assert backing(answer, QUESTION, [MASONS]) == 0.0


@given(st.text(), st.text(), st.lists(st.text(), max_size=4), st.text())
def test_backing_is_a_share_and_grows_with_the_sentences(
    answer: str, question: str, sentences: list[str], more: str
) -> None:
    share = backing(answer, question, sentences)
    assert 0 <= share <= backing(answer, question, [*sentences, more]) <= 1
    assert backing(answer, question, []) == 0


def test_the_consensus_is_the_share_that_other_answers_say_too() -> None:
    others = ["Masons built it.", "The keeper, in 1871."]
    assert consensus("Masons built it in 1871.", QUESTION, others) == pytest.approx(1 / 2)
    assert consensus("Masons built it in 1871.", QUESTION, others[:1] * 2) == pytest.approx(1 / 2)
    assert consensus("Masons", QUESTION, others) == pytest.approx(1 / 2)
    assert consensus("Masons", QUESTION, others[:1]) == 1.0
    assert consensus("The lighthouse was built.", QUESTION, others) == 0.0


@given(st.text(), st.text(), st.lists(st.text(), min_size=1, max_size=4))
def test_who_says_the_same_words_does_not_lower_the_consensus(
    answer: str, question: str, others: list[str]
) -> None:
    share = consensus(answer, question, others)
    assert 0 <= share <= consensus(answer, question, [*others, answer]) + 1e-12 <= 1 + 1e-12
