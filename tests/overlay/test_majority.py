"""A chunk against which the others agree, on the real model."""

from __future__ import annotations

import pytest

from overlay.answer import Answer
from overlay.options import AskOptions
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Fallback, Settings
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from selector.order import Order
from selector.profile import Profile
from selector.weights import Weights
from tests.leads import LEAD_NATS, least_lead
from tests.overlay.test_runtime import IRRELEVANT, Shelf

QUESTION = "What is the name of the engineer?"
HELPFUL = "The name of the engineer is Emrys Pask. He inspects the cable every Monday."
SUPPORT = "Before you load anything, ask the engineer, whose name is Emrys Pask."
CONTRADICTING = "The name of the engineer is Ilse Varn. She inspects the cable every Monday."
ANY = Weights(bias=9.0)


def ask(
    model: LlamaCppModel, *texts: str, majority: bool = True, order: str = "best-first"
) -> Answer:
    """Under a profile that puts every chunk within budget."""
    profile = Profile(
        model="m", sha256=model.info.sha256, layer=7, with_states=ANY, without_states=ANY
    )
    settings = Settings(
        max_tokens=16, majority=majority, order=Order(order), fallback=Fallback.ABSTAIN
    )
    overlay = Overlay(model, Shelf(texts), settings, profile=profile)
    return overlay.ask(QUESTION, AskOptions(budget=Budget(0.5, 4), top_log_probs=2))


@pytest.mark.parametrize("order", ["best-first", "similar-last"])
def test_two_that_agree_keep_a_third_out(model: LlamaCppModel, order: str) -> None:
    answer = ask(model, CONTRADICTING, HELPFUL, SUPPORT, order=order)
    [out] = [step for step in answer.steps if not step.verdict.accepted]
    assert out.verdict.outvoted
    assert out.chunk.rank == 0
    assert out.verdict.spent == 0
    assert f'it makes the model say "{out.draft}"' in out.verdict.reason
    assert "2 of 3 steady chunks support each other" in out.verdict.reason
    assert out.reading is not None
    assert out.reading.support_max is not None
    assert out.marginal_drift is None, "it was never injected"
    assert least_lead(answer, "Emrys Pask") > LEAD_NATS
    assert "1 speaks against them" in answer.note
    assert answer.spent == pytest.approx(
        sum(step.verdict.volatility or 0 for step in answer.steps if step.verdict.accepted)
    )
    steps = report(answer)["steps"]
    assert isinstance(steps, list)
    assert [step["outvoted"] for step in steps] == [False, False, True]


def test_without_the_switch_all_enter(model: LlamaCppModel) -> None:
    answer = ask(model, CONTRADICTING, HELPFUL, SUPPORT, majority=False)
    assert all(step.verdict.accepted for step in answer.steps)
    assert answer.note == ""
    [first, *_] = answer.steps
    assert first.reading is not None
    assert first.reading.support_max is None
    assert "support_max" in first.reading.unavailable


def test_one_against_one_is_no_majority(model: LlamaCppModel) -> None:
    for texts in ((CONTRADICTING, HELPFUL), (CONTRADICTING, HELPFUL, IRRELEVANT)):
        answer = ask(model, *texts)
        assert all(step.verdict.accepted for step in answer.steps)
        assert answer.note == ""


def test_the_same_text_twice_outvotes_nobody(model: LlamaCppModel) -> None:
    answer = ask(model, CONTRADICTING, CONTRADICTING, HELPFUL)
    assert all(step.verdict.accepted for step in answer.steps)
