"""Answers in a form, several answers, and log-probabilities that join to the text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from overlay.answer import Answer, AnswerFinished, Outcome, TextAdded
from overlay.answering.variants import QUOTE
from overlay.errors import InputError
from overlay.options import AskOptions, Mode
from overlay.prompt import build_prompt, in_form
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.chat import Message
from probes.form import Form
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

SCHEMA = {
    "type": "object",
    "properties": {"engineer": {"type": "string", "maxLength": 40}, "known": {"type": "boolean"}},
    "required": ["engineer", "known"],
    "additionalProperties": False,
}
FORM = Form.json_schema(SCHEMA)
TEXTS = (HELPFUL, SUPPORT, IRRELEVANT)
MESSAGES = [Message("user", QUESTION)]
BUDGET = Budget(1, 10)


def overlay_on(model: LlamaCppModel, **settings: Any) -> Overlay:
    shaky = {"budget_index": 1.0, "retry_index": 1.0}  # is spoken
    chosen: dict[str, Any] = {"max_tokens": 48, "profile": "default", **shaky}
    return Overlay(model, Shelf(TEXTS), Settings(**(chosen | settings)))


def ask(model: LlamaCppModel, options: AskOptions, **settings: Any) -> Answer:
    return overlay_on(model, **settings).ask(QUESTION, options)


def joined(log_probs: Sequence[Any]) -> bytes:
    return b"".join(one.piece for one in log_probs if not one.ends)


@pytest.fixture(scope="module")
def short(tiny_gguf: Path) -> Iterator[LlamaCppModel]:
    """A model whose context is soon full."""
    loaded = LlamaCppModel(tiny_gguf, context_size=128)
    yield loaded
    loaded.close()


@pytest.mark.parametrize("mode", list(Mode))
def test_an_answer_has_the_form_that_was_asked_for(model: LlamaCppModel, mode: Mode) -> None:
    free = ask(model, AskOptions(mode=mode, budget=BUDGET, top_log_probs=20))
    answer = ask(model, AskOptions(mode=mode, budget=BUDGET, top_log_probs=20, form=FORM))
    assert answer.finish_reason == "stop"
    said = json.loads(answer.text)
    jsonschema.validate(said, SCHEMA)
    if mode is not Mode.NO_CONTEXT:
        assert "Emrys Pask" in said["engineer"]
    # It was calibrated for the model's own words, and is read on them.
    assert answer.volatility_index == free.volatility_index
    assert (answer.volatility_index is None) == (mode is not Mode.OVERLAY)
    assert answer.outcome is free.outcome
    assert [step.verdict for step in answer.steps] == [step.verdict for step in free.steps]
    for one in (free, answer):
        assert joined(one.log_probs) == one.text.encode()
        ended = one.finish_reason == "stop"
        assert one.log_probs[-1].ends == ended
        assert all(len(token.top) == 20 for token in one.log_probs)
        assert len(one.log_probs) == one.usage.completion_tokens + ended
    least = [(token.log_prob or 0.0, token.top[-1][1]) for token in answer.log_probs]
    assert any(said < likely for said, likely in least), "what is forced counts as it is"


def test_the_index_is_read_though_nothing_hangs_on_it(model: LlamaCppModel) -> None:
    options = AskOptions(budget=BUDGET, form=FORM)
    deciding = ask(model, options, variants=3, first_dose=0)
    settings = {"variants": 1}
    assert ask(model, options, **settings).volatility_index == deciding.volatility_index is not None
    alone = ask(model, AskOptions(budget=Budget(0, 0), form=FORM), fallback="answer")
    assert alone.outcome is Outcome.WITHOUT_CONTEXT
    assert alone.signs is not None
    jsonschema.validate(json.loads(alone.text), SCHEMA)


def test_nothing_is_quoted_in_a_form(tiny_model: LlamaCppModel) -> None:
    shaky = {"retry_index": 0.0, "variants": 4}
    for form in (None, FORM):
        answer = ask(tiny_model, AskOptions(budget=BUDGET, form=form, max_tokens=9), **shaky)
        names = [tried.name for tried in answer.variants]
        assert len(names) > 2
        assert (QUOTE in names) == (form is None)


def test_who_abstains_says_so_in_its_own_words(tiny_model: LlamaCppModel) -> None:
    options = AskOptions(budget=Budget(0, 0), form=FORM, top_log_probs=3, n=2, temperature=1)
    answer = ask(tiny_model, options, fallback="abstain")
    assert answer.outcome is Outcome.ABSTAINED
    assert not answer.text.startswith("{")
    assert answer.log_probs == ()
    assert answer.usage.completion_tokens == 0
    assert [other.text for other in answer.others] == [answer.text]


def test_a_full_context_cuts_an_answer_short(short: LlamaCppModel) -> None:
    for form in (Form.json_schema({"type": "string", "minLength": 2000}), None):
        options = AskOptions(mode=Mode.NO_CONTEXT, form=form, max_tokens=500, top_log_probs=0)
        answer = ask(short, options)
        assert answer.finish_reason == "length"
        assert answer.usage.completion_tokens < 128
        assert joined(answer.log_probs).decode("utf-8", "replace") == answer.text


@pytest.mark.parametrize(
    "others", [{"select": True}, {"mode": Mode.NO_CONTEXT, "echo": True}], ids=["select", "echo"]
)
def test_a_form_stands_beside_no_quote_and_no_echo(others: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        AskOptions(form=FORM, **others)
    assert refused.value.param == "response_format"


def test_a_continued_text_has_no_form(tiny_model: LlamaCppModel) -> None:
    with pytest.raises(InputError) as refused:
        overlay_on(tiny_model).complete("Once", AskOptions(form=FORM))
    assert refused.value.param == "response_format"


def test_the_prompt_changes_for_a_form_alone(tiny_model: LlamaCppModel) -> None:
    plain = build_prompt(tiny_model, MESSAGES)
    formed = in_form(tiny_model, plain, MESSAGES, FORM)
    assert (formed.prefix, formed.tail, formed.lead) == (plain.prefix, plain.tail, plain.lead)
    assert formed.formed is not None

    def shown(tail: Sequence[int]) -> str:
        return b"".join(tiny_model.piece(token) for token in tail).decode()

    assert FORM.schema in shown(formed.formed)
    assert formed.after == len(formed.formed) > plain.after == len(plain.tail)
    long = Form.json_schema({**SCHEMA, "description": "x" * 3000})
    for form in (long, Form.json_object()):
        asked = in_form(tiny_model, plain, MESSAGES, form).formed
        assert asked is not None
        assert "as JSON.\n" in shown(asked)


@pytest.mark.parametrize("mode", list(Mode))
def test_stop_texts_are_no_part_of_the_log_probabilities(model: LlamaCppModel, mode: Mode) -> None:
    whole = ask(model, AskOptions(mode=mode, budget=BUDGET))
    stop = whole.text[len(whole.text) // 2 :][:3]
    options = AskOptions(mode=mode, budget=BUDGET, stop=(stop, "§"), top_log_probs=1, n=3)
    answer = ask(model, options)
    assert answer.text == whole.text[: whole.text.index(stop)]
    assert answer.finish_reason == "stop"
    assert joined(answer.log_probs) == answer.text.encode()
    assert not any(token.ends for token in answer.log_probs)
    # At temperature 0 nothing is drawn, and nothing is generated again.
    assert len(answer.others) == 2
    for other in answer.others:
        assert (other.text, other.log_probs) == (answer.text, answer.log_probs)
    assert answer.usage.cost.decoded <= whole.usage.cost.decoded


@pytest.mark.parametrize("form", [None, FORM], ids=["free", "form"])
def test_several_answers_are_drawn_from_one_context(
    model: LlamaCppModel, form: Form | None
) -> None:
    options = AskOptions(budget=BUDGET, form=form, temperature=1.0, top_log_probs=0)
    one = ask(model, options)
    *events, last = overlay_on(model).stream(MESSAGES, replace(options, n=3))
    assert isinstance(last, AnswerFinished)
    answer = last.answer
    assert (answer.text, answer.log_probs) == (one.text, one.log_probs), "the first is as ever"
    texts = [answer.text, *(other.text for other in answer.others)]
    assert len(set(texts)) > 1
    added = [event for event in events if isinstance(event, TextAdded)]
    streamed = ["".join(one.text for one in added if one.choice == n) for n in range(3)]
    assert streamed == texts
    found = [answer.log_probs, *(other.log_probs for other in answer.others)]
    assert [joined(one).decode() for one in found] == texts
    tokens = sum(not token.ends for one in found for token in one)
    assert answer.usage.completion_tokens == tokens
    # The prompt is read once; each log-probability is read, and then put in its place.
    phases = answer.usage.phases
    assert phases["probe"].prefilled == one.usage.phases["probe"].prefilled
    assert phases["answer"].prefilled == one.usage.phases["answer"].prefilled
    if form is not None:
        for text, log_probs in zip(texts, found, strict=True):
            if log_probs[-1].ends:
                jsonschema.validate(json.loads(text), SCHEMA)


def test_a_quote_is_said_as_often_as_asked(tiny_model: LlamaCppModel) -> None:
    options = AskOptions(budget=BUDGET, select=True, n=3, temperature=1.0, top_log_probs=0)
    answer = ask(tiny_model, options)
    assert [other.text for other in answer.others] == [answer.text] * 2
    assert joined(answer.log_probs) == answer.text.encode()


def test_the_number_of_answers_has_a_bound() -> None:
    with pytest.raises(InputError) as refused:
        AskOptions(n=17)
    assert refused.value.param == "n"
