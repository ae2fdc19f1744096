"""Budgets and verdicts."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from probes.reading import Reading
from selector.axes import evidence, utility, volatility
from selector.budget import Budget, budget_for
from selector.errors import BudgetError
from selector.judge import judge
from selector.thresholds import Scale, Thresholds, thresholds_for

THRESHOLDS = thresholds_for("a model that nobody has measured")
numbers = st.floats(-1e6, 1e6)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    return Reading(
        hidden_drift=draw(st.none() | st.lists(st.floats(0, 2), min_size=1, max_size=5).map(tuple)),
        hidden_l2=None,
        hidden_standardised=None,
        logit_drift=draw(st.floats(0, 1)),
        kl_divergence=draw(st.floats(0, 20)),
        rank_change=draw(st.floats(-5, 5)),
        entropy_drop=draw(st.floats(-1, 1)),
        information_gain=draw(st.floats(-20, 20)),
        question_gain=draw(st.floats(-20, 20)),
        support_max=draw(st.none() | st.floats(-20, 20)),
        support_mean=draw(st.none() | st.floats(-20, 20)),
        conflict_loss=draw(st.none() | st.floats(0, 20)),
    )


@given(numbers, numbers, st.floats(1e-3, 1e3))
def test_evidence_is_a_share_and_rises(x: float, y: float, width: float) -> None:
    scale = Scale(centre=0.0, width=width)
    assert 0 < evidence(x, scale) < 1 or abs(x / width) > 36
    assert evidence(0.0, scale) == 0.5
    assume(x < y)
    assert evidence(x, scale) <= evidence(y, scale)


@given(readings(), st.none() | st.floats(0, 1))
def test_axes_are_shares(reading: Reading, drift: float | None) -> None:
    assert 0 <= utility(reading, THRESHOLDS) <= 1
    assert 0 <= volatility(reading, THRESHOLDS, drift) <= 1


@given(readings(), st.floats(0, 1), st.floats(0, 4), st.floats(0, 4))
def test_what_is_accepted_is_within_budget(
    reading: Reading, step: float, answer: float, spent: float
) -> None:
    verdict = judge(reading, THRESHOLDS, Budget(step, answer), spent=spent, draft="x")
    if verdict.accepted:
        assert 0 <= verdict.spent <= step
        assert spent + verdict.spent <= answer
    else:
        assert verdict.spent == 0
    assert verdict.reason


@given(readings())
def test_a_budget_of_one_a_step_rejects_nothing(reading: Reading) -> None:
    assert judge(reading, THRESHOLDS, Budget(1, 100), spent=0, draft="").accepted


@given(readings())
def test_a_larger_budget_never_rejects_what_a_smaller_accepts(reading: Reading) -> None:
    verdicts = [
        judge(reading, THRESHOLDS, Budget(step, 10), spent=0, draft="").accepted
        for step in (0.05, 0.2, 0.4, 0.8)
    ]
    assert verdicts == sorted(verdicts)


def reading(**values: float) -> Reading:
    usual = {
        name: getattr(THRESHOLDS, name).centre
        for name in ("logit_drift", "entropy_drop", "information_gain", "support_max")
    }
    usual |= {"conflict_loss": THRESHOLDS.conflict_loss.centre, "support_mean": 0.0}
    usual |= {"kl_divergence": 0.0, "rank_change": 0.0, "question_gain": 0.0}
    return Reading(
        hidden_drift=(THRESHOLDS.hidden_drift.centre,),
        hidden_l2=None,
        hidden_standardised=None,
        **{**usual, **values},
    )


def test_the_usual_reading_lies_in_the_middle() -> None:
    assert utility(reading(), THRESHOLDS) == pytest.approx(0.5)
    assert volatility(reading(), THRESHOLDS) == pytest.approx(0.5)


def test_the_reason_of_a_rejection_says_what_the_chunk_does() -> None:
    shaky = reading(support_max=-3.0, entropy_drop=-0.5, logit_drift=0.9, conflict_loss=3.0)
    verdict = judge(shaky, THRESHOLDS, Budget(0.3, 2), spent=0, draft="99-40-12")
    assert not verdict.accepted
    assert '"99-40-12"' in verdict.reason
    assert "-3.00 nats" in verdict.reason
    assert "a step may spend 0.3." in verdict.reason


def test_the_marginal_drift_takes_the_place_of_the_drift_alone() -> None:
    calm = volatility(reading(logit_drift=0.9), THRESHOLDS, marginal_drift=0.0)
    assert calm < volatility(reading(logit_drift=0.9), THRESHOLDS)


def test_the_answers_budget_runs_out() -> None:
    verdict = judge(reading(), THRESHOLDS, Budget(0.5, 1.0), spent=0.9, draft="")
    assert not verdict.accepted
    assert "0.100 of 1 is left" in verdict.reason


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["step", "answer"])
def test_budgets_are_checked(name: str, value: float) -> None:
    with pytest.raises(BudgetError, match=f"budget.{name}"):
        Budget(**{"step": 0.5, "answer": 1.0, name: value})


def test_what_may_be_spent_by_default_depends_on_who_judges() -> None:
    judged, plain = (budget_for(None, 2.0, profile=profile) for profile in (True, False))
    # Chances that a chunk does not help, and volatility, are not to be compared.
    assert judged == Budget(0.6, 2.0)
    assert plain == Budget(0.5, 2.0)
    assert budget_for(0.0, 1.0, profile=True) == Budget(0.0, 1.0)
    assert budget_for(None, 3.0, profile=False) == Budget(0.5, 3.0)


def test_an_unknown_model_is_judged_on_the_default_scales() -> None:
    assert isinstance(THRESHOLDS, Thresholds)
    shipped = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert thresholds_for(shipped) == THRESHOLDS
