"""What each chunk does alone is read behind the answer, and only where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from overlay.answer import Answer, AnswerFinished, Outcome, StepTaken
from overlay.options import AskOptions
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.chat import Message
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from selector.profile import Profile
from selector.weights import Weights
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

TEXTS = (HELPFUL, SUPPORT, IRRELEVANT)
# The last one is kept out: the third of the similarities is far below their mean.
TWO_OF_THREE = Weights(bias=0.0, typical_similarity=0.85, similarity=100.0)
ALL = Weights(bias=9.0)
WITH = AskOptions(budget=Budget(0.5, 4), max_tokens=8)
WITHOUT = replace(WITH, effects=False)


def overlay_on(model: LlamaCppModel, weights: Weights, **settings: object) -> Overlay:
    profile = Profile(
        model="m",
        sha256=model.info.sha256,
        layer=1,
        embedder="packaged",
        with_states=weights,
        without_states=weights,
    )
    chosen = Settings.model_validate({"variants": 1, "majority": False, **settings})
    return Overlay(model, Shelf(TEXTS), chosen, profile=profile)


def ask(model: LlamaCppModel, options: AskOptions, weights: Weights = ALL) -> Answer:
    answer = overlay_on(model, weights).ask(QUESTION, options)
    assert answer.outcome is Outcome.ANSWERED
    return answer


def test_without_effects_no_step_has_a_reading_and_less_is_evaluated(
    tiny_model: LlamaCppModel,
) -> None:
    usual, bare = ask(tiny_model, WITH), ask(tiny_model, WITHOUT)
    assert bare.text == usual.text
    assert [step.verdict for step in bare.steps] == [step.verdict for step in usual.steps]
    for step in bare.steps:
        assert (step.reading, step.question_gain, step.marginal_drift) == (None, None, None)
        assert step.draft == ""
    saved = usual.usage.cost.evaluated - bare.usage.cost.evaluated
    # Each chunk once more, and a draft under each, at least.
    assert saved > sum(len(tiny_model.tokenize(text)) for text in TEXTS)
    steps = report(bare)["steps"]
    assert isinstance(steps, list)
    assert {one["reading"] for one in steps} == {None}


def test_with_effects_each_chunk_that_was_let_in_has_a_reading(tiny_model: LlamaCppModel) -> None:
    answer = ask(tiny_model, WITH, TWO_OF_THREE)
    accepted = [step for step in answer.steps if step.verdict.accepted]
    [out] = [step for step in answer.steps if not step.verdict.accepted]
    assert [step.chunk.rank for step in accepted] == [1, 0]
    for step in accepted:
        assert step.reading is not None
        assert step.question_gain is not None
        assert step.question_gain == step.reading.question_gain
    assert (out.reading, out.question_gain, out.marginal_drift) == (None, None, None)


def test_the_first_one_drifts_as_it_does_alone_and_the_others_together(
    tiny_model: LlamaCppModel,
) -> None:
    first, *others = ask(tiny_model, WITH).steps
    assert first.reading is not None
    assert first.marginal_drift == first.reading.logit_drift
    drifts = [step.marginal_drift for step in others]
    assert None not in drifts
    assert all(one == other for one, other in pairwise(drifts))
    assert drifts[0] != first.marginal_drift


def test_steps_are_told_before_anything_is_read_of_a_chunk_alone(
    tiny_model: LlamaCppModel,
) -> None:
    stream = overlay_on(tiny_model, ALL).stream([Message("user", QUESTION)], WITH)
    events = list(stream)
    told = [event.step for event in events if isinstance(event, StepTaken)]
    assert len(told) == 3
    assert all(step.reading is None and step.question_gain is None for step in told)
    *_, last = events
    assert isinstance(last, AnswerFinished)
    assert all(step.reading is not None for step in last.answer.steps)


@pytest.mark.parametrize(
    ("settings", "read"),
    [({"majority": True}, 3), ({}, 0)],
    ids=["majority", "no majority"],
)
def test_a_majority_is_read_before_the_answer_all_the_same(
    tiny_model: LlamaCppModel, settings: dict[str, object], read: int
) -> None:
    answer = overlay_on(tiny_model, ALL, **settings).ask(QUESTION, WITHOUT)
    assert sum(step.reading is not None for step in answer.steps) == read


def test_an_anchor_drafts_from_the_steadiest_chunk_alone(tiny_model: LlamaCppModel) -> None:
    answer = overlay_on(tiny_model, ALL, anchor=True).ask(QUESTION, WITHOUT)
    assert [step.question_gain is not None for step in answer.steps].count(True) == 1
    assert all(step.reading is None for step in answer.steps)
