"""The sentence that is said again beside the question."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.anchor import anchors
from overlay.answer import Answer, AnswerFinished, Outcome
from overlay.options import AskOptions, Mode
from overlay.report import report
from overlay.runtime import Overlay
from overlay.sentences import split_sentences
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

EVERYTHING = AskOptions(budget=Budget(1, 10))
WITHOUT_HEADINGS = st.characters(exclude_categories=["Cs"], exclude_characters="#")
SENTENCE = "Emrys Pask is the engineer of the Thread."


def nearest(question: str, texts: list[str]) -> str:
    """The one sentence that is said again where nothing has been drafted."""
    [found] = anchors(question, texts, "")
    return found


def test_the_sentence_that_shares_most_with_the_question() -> None:
    texts = ["Soup is served from noon. The hut stands at 1640 metres.", "The hut is shut."]
    assert nearest("At how many metres does the hut stand?", texts) == (
        "The hut stands at 1640 metres."
    )
    assert nearest("When is soup served?", texts) == "Soup is served from noon."


def test_the_sentence_that_a_draft_of_the_answer_is_from_stands_behind_it() -> None:
    names = "The Ferry is a series."
    says = "From 9 October it is on every Thursday."
    draft = "Thursday, 9 October"
    assert anchors("When does The Ferry begin?", [f"{says} {names}"], draft) == (names, says)


def test_one_sentence_is_not_said_twice() -> None:
    texts = ["Soup is served from noon. The hut stands at 1640 metres."]
    question = "At how many metres does the hut stand?"
    assert anchors(question, texts, "1640 metres") == ("The hut stands at 1640 metres.",)


def test_rare_words_count_more_than_frequent_ones() -> None:
    texts = ["The ship and the ship and the crew. The ferry sank. The ship and the captain."]
    assert nearest("The ship, the ferry?", texts) == "The ferry sank."


def test_other_forms_of_a_word_count() -> None:
    texts = ["Bread is baked at dawn. Inspections of the cable are made on Mondays."]
    assert nearest("Who inspected it?", texts) == "Inspections of the cable are made on Mondays."


def test_a_sentence_that_goes_on_in_the_next_line_is_said_in_one() -> None:
    assert nearest("How many bunks are there?", ["It has 34\n  bunks."]) == "It has 34 bunks."


def test_headings_are_passed_over() -> None:
    for gap in ("\n", "\n\n"):
        text = f"# Work weekend at Fennick Hut{gap}Fennick Hut is painted. Soup is served."
        assert nearest("What work is there at Fennick Hut?", [text]) == "Fennick Hut is painted."


@pytest.mark.parametrize("question", ["qqq zzz", "?", " "])
@pytest.mark.parametrize("draft", ["", "qq z"])
def test_nothing_in_common_is_no_anchor(question: str, draft: str) -> None:
    assert anchors(question, ["The hut is shut."], draft) == ()


def test_no_texts_are_no_anchor() -> None:
    assert anchors("Who?", [], "He") == ()
    assert anchors("Who?", [" "], "He") == ()


@given(
    st.text(max_size=60),
    st.lists(st.text(WITHOUT_HEADINGS, max_size=120), max_size=4),
    st.text(max_size=40),
)
def test_they_are_sentences_of_the_texts(question: str, texts: list[str], draft: str) -> None:
    found = anchors(question, texts, draft)
    sentences = [" ".join(each.split()) for text in texts for each in split_sentences(text)]
    assert set(found) <= set(sentences)
    assert len(found) == len(set(found)) <= 2
    assert found[:1] == anchors(question, texts, "") or not anchors(question, texts, "")


class TestAnswers:
    """On the real model."""

    def ask(
        self,
        model: LlamaCppModel,
        *texts: str,
        options: AskOptions = EVERYTHING,
        **settings: object,
    ) -> Answer:
        given = {"anchor": True, **settings}
        chosen = Settings(max_tokens=12, profile="default", variants=1, budget_index=1, **given)  # type: ignore[arg-type]  # pydantic checks the settings
        overlay = Overlay(model, Shelf(texts), chosen)
        return overlay.ask(QUESTION, options)

    def test_it_stands_behind_the_chunks(self, model: LlamaCppModel) -> None:
        answer = self.ask(model, HELPFUL, IRRELEVANT)
        without = self.ask(model, HELPFUL, IRRELEVANT, anchor=False)
        assert answer.anchor[0] == SENTENCE
        assert report(answer)["anchor"] == list(answer.anchor)
        assert without.anchor == ()
        added = answer.usage.prompt_tokens - without.usage.prompt_tokens
        assert added == sum(len(model.tokenize(f'"{said}"\n')) for said in answer.anchor)
        assert "anchor" in answer.usage.phases
        assert "anchor" not in without.usage.phases

    def test_the_answer_is_that_of_a_prompt_with_the_sentence_in_it(
        self, model: LlamaCppModel
    ) -> None:
        answer = self.ask(model, HELPFUL, SUPPORT, order="rank")
        plain = AskOptions(mode=Mode.PLAIN)
        said = [f'"{sentence}"' for sentence in answer.anchor]
        spelt_out = self.ask(model, HELPFUL, SUPPORT, *said, options=plain)
        assert answer.anchor
        assert answer.text == spelt_out.text
        assert answer.usage.prompt_tokens == spelt_out.usage.prompt_tokens

    def test_no_chunk_that_was_kept_out_is_said_again(self, model: LlamaCppModel) -> None:
        answer = self.ask(model, HELPFUL, options=AskOptions(budget=Budget(0, 10)))
        assert answer.anchor == ()

    def test_plain_answers_say_nothing_again(self, model: LlamaCppModel) -> None:
        assert self.ask(model, HELPFUL, options=AskOptions(mode=Mode.PLAIN)).anchor == ()

    def test_texts_to_be_continued_say_nothing_again(self, model: LlamaCppModel) -> None:
        overlay = Overlay(model, Shelf((HELPFUL,)), Settings(max_tokens=4, anchor=True))
        *_, last = overlay.complete("The engineer of the Thread is", EVERYTHING)
        assert isinstance(last, AnswerFinished)
        assert any(step.verdict.accepted for step in last.answer.steps)
        assert last.answer.anchor == ()

    def test_it_is_left_out_where_there_is_no_room(self, tiny_gguf: Path) -> None:
        small = LlamaCppModel(tiny_gguf, context_size=1100)
        try:
            # All but some tokens of what the context holds.
            answer = self.ask(small, HELPFUL + " The bread comes from Vardle." * 127)
            shorter = self.ask(small, HELPFUL + " The bread comes from Vardle." * 125)
            assert answer.outcome is shorter.outcome is Outcome.ANSWERED
            assert answer.anchor == ()
            assert shorter.anchor[0] == SENTENCE
        finally:
            small.close()
