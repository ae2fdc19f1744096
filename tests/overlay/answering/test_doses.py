"""Doses: what each moved is read before the answer, and what is over budget is rolled back."""

from __future__ import annotations

import pytest

from overlay.answer import Answer, Outcome
from overlay.options import AskOptions
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from selector.profile import Profile
from selector.weights import Weights
from tests.overlay.test_runtime import HELPFUL, QUESTION, SUPPORT, Shelf

pytestmark = pytest.mark.usefixtures("all_sequences_come_back")

ANY = Weights(bias=9.0, typical_gain=0.0, gain=0.1)
STEEP = -40.0
TEXTS = (HELPFUL, SUPPORT)


def ask(model: LlamaCppModel, weights: Weights, *texts: str, judge_doses: bool = True) -> Answer:
    profile = Profile(
        model="m", sha256=model.info.sha256, layer=7, with_states=weights, without_states=weights
    )
    settings = Settings(max_tokens=8, judge_doses=judge_doses, majority=False)
    overlay = Overlay(model, Shelf(texts), settings, profile=profile)
    return overlay.ask(QUESTION, AskOptions(budget=Budget(0.5, 4)))


def shaken(model: LlamaCppModel) -> Weights:
    """Weights under which each of the two is steady alone, and both together are not.

    A chunk is the shakier the likelier it makes the question, and two make it likelier than one.
    """
    answer = ask(model, ANY, *TEXTS)
    [tried] = answer.variants
    gains = [step.question_gain or 0.0 for step in answer.steps]
    # Beside the readings three typical chunks are counted, whose gain is 0.
    one = max(gain - sum(gains) / 5 for gain in gains)
    both = (tried.doses[1].question_gain or 0.0) * 3 / 4
    assert both > one + 0.1
    return Weights(bias=-STEEP * (one + both) / 2, typical_gain=0.0, gain=STEEP, typical_chunks=3)


def test_each_dose_says_what_it_moved(model: LlamaCppModel) -> None:
    answer = ask(model, ANY, *TEXTS)
    [tried] = answer.variants
    first, second = tried.doses
    assert first.chunks == tried.chunks[:1]
    assert second.chunks == tried.chunks[1:]
    assert first.accepted
    assert second.accepted
    alone = {step.chunk.rank: step for step in answer.steps}[first.chunks[0]]
    assert first.question_gain == alone.question_gain
    assert first.volatility == alone.verdict.volatility
    assert second.question_gain is not None
    assert second.question_gain != first.question_gain
    assert 0 < second.volatility < 0.5
    written = report(answer)["variants"]
    assert isinstance(written, list)
    assert written[0]["doses"][1]["volatility"] == second.volatility


def test_a_dose_over_budget_is_rolled_back(model: LlamaCppModel) -> None:
    answer = ask(model, shaken(model), *TEXTS)
    [tried] = answer.variants
    assert [dose.accepted for dose in tried.doses][:2] == [True, False]
    assert tried.doses[1].volatility > 0.5
    assert answer.outcome is Outcome.ANSWERED
    kept, *_ = [step for step in answer.steps if step.verdict.accepted]
    out = [step for step in answer.steps if not step.verdict.accepted]
    if len(tried.chunks) == 1:
        assert [step.verdict.short for step in out] == ["rolled back"]
        assert out[0].verdict.spent == 0
        assert answer.spent == kept.verdict.spent
    else:
        assert answer.steps[1].halved, "the half of it was tried once more, and stayed"


def test_by_default_doses_are_read_and_stay(model: LlamaCppModel) -> None:
    answer = ask(model, shaken(model), *TEXTS, judge_doses=False)
    [tried] = answer.variants
    assert all(dose.accepted for dose in tried.doses)
    assert tried.doses[1].volatility > 0.5
    assert all(step.verdict.accepted for step in answer.steps)


def test_of_a_dose_of_several_the_shakiest_chunk_goes(model: LlamaCppModel) -> None:
    third = "The Thread has an engineer, and the engineer of the Thread is Emrys Pask."
    answer = ask(model, shaken(model), *TEXTS, third)
    [tried] = answer.variants
    together, fewer = tried.doses[1:]
    assert not together.accepted
    assert len(together.chunks) == 2
    [gone] = set(together.chunks) - set(fewer.chunks)
    judged = {step.chunk.rank: step.verdict for step in answer.steps}
    assert gone == max(together.chunks, key=lambda rank: judged[rank].volatility or 0.0)
    assert judged[gone].short == "rolled back"
