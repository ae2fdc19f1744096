"""What is searched for in a later turn of a chat."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from overlay.follow_ups import search_queries
from probes.chat import Message


def chat(*texts: str) -> list[Message]:
    """Texts of the user and the assistant by turns."""
    return [Message("assistant" if place % 2 else "user", text) for place, text in enumerate(texts)]


def test_a_first_question_is_searched_for_as_it_is() -> None:
    question = " When does\n it open? " * 200
    assert search_queries(chat(question)) == (question,)


def test_no_system_message_or_greeting_makes_a_follow_up() -> None:
    greeted = [Message("system", "Be kind."), Message("assistant", "Hello."), *chat("When?")]
    assert search_queries(greeted) == ("When?",)


def test_a_later_question_is_searched_for_with_the_one_before_it_and_with_all() -> None:
    assert search_queries(chat("Where is it?", "In Vardle.", "And the mill?")) == (
        "Where is it? And the mill?",
        "Where is it? In Vardle. And the mill?",
    )
    assert search_queries(chat("A?", "b", "C?", "d", "E?")) == ("C? E?", "A? C? d E?")


def test_two_questions_without_a_reply_are_one_query() -> None:
    assert search_queries([Message("user", "A?"), Message("user", "B?")]) == ("A? B?",)


def test_the_oldest_is_cut_off_and_of_the_reply_its_end() -> None:
    near, whole = search_queries(chat("x" * 1000, "o", "Far? ", "Yes. " * 500, "Near?"))
    assert near == "Far?  Near?"
    assert whole.startswith("x")
    assert whole.endswith("x Far?  Near?")
    assert len(whole) <= 1002
    _, whole = search_queries(chat("Far?", "Yes. " * 500, "Near?"))
    assert whole.startswith("Far? Yes. Yes.")
    assert whole.endswith(" Near?")


def test_a_long_question_is_searched_for_alone() -> None:
    assert search_queries(chat("Far?", "Yes.", "y" * 1000)) == ("y" * 1000,)


@given(st.lists(st.text(min_size=1, max_size=700), min_size=1, max_size=7))
def test_the_question_is_whole_in_every_query_and_no_query_is_much_longer(texts: list[str]) -> None:
    turns = chat(*texts)
    queries = search_queries(turns)
    assert 1 <= len(set(queries)) == len(queries) <= 2
    for query in queries:
        assert query.endswith(texts[-1])
        assert len(query) <= 1002
