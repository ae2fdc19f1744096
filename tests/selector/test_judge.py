"""Budgets, and who judges by them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.budget import Budget
from selector.errors import BudgetError
from selector.judge import AcceptAll, ProfileJudge
from selector.profile_files import default_profile
from selector.weights import Rated, Readings

shares = st.floats(0.001, 0.999)


def judge(step: float, answer: float = 10.0) -> ProfileJudge:
    return ProfileJudge(
        default_profile(), "Who?", Budget(step, answer), embedder="packaged", states=True
    )


@given(shares, st.floats(0, 1), st.floats(0, 4), st.floats(0, 4))
def test_what_is_accepted_is_within_budget(
    v: float, step: float, answer: float, spent: float
) -> None:
    verdict = judge(step, answer).verdict(Rated(v, 0.0), spent)
    if verdict.accepted:
        assert 0 <= verdict.spent <= step
        assert spent + verdict.spent <= answer
    else:
        assert verdict.spent == 0
    assert verdict.reason


@given(shares)
def test_a_larger_budget_never_rejects_what_a_smaller_accepts(v: float) -> None:
    verdicts = [
        judge(step).verdict(Rated(v, 0.0), 0.0).accepted for step in (0.05, 0.2, 0.4, 0.8, 1)
    ]
    assert verdicts == sorted(verdicts)
    assert verdicts[-1]


def test_the_answers_budget_runs_out() -> None:
    verdict = judge(0.5, 1.0).verdict(Rated(0.5, 0.0), 0.9)
    assert not verdict.accepted
    assert "0.10 of 1 is left" in verdict.reason


def similar(*similarities: float) -> list[Readings]:
    return [Readings(similarity) for similarity in similarities]


def test_similarities_of_another_embedder_are_not_weighed() -> None:
    own = judge(0.6)
    foreign = ProfileJudge(default_profile(), "Who?", Budget(0.6, 2), "another/one", states=True)
    alike = own.rate(similar(0.2, 0.2))
    assert own.rate(similar(0.2, 0.9))[1].volatility < alike[1].volatility
    assert foreign.rate(similar(0.2, 0.9)) == foreign.rate(similar(0.2, 0.2))
    # What the model shows counts all the same.
    first, second = foreign.rate([Readings(0.2, 1.0), Readings(0.9, -1.0)])
    assert first.volatility < second.volatility


def test_a_profile_that_weighs_attention_looks() -> None:
    weighing = judge(0.6)
    assert weighing.looks
    weights = default_profile().without_states.model_copy(update={"attention": 0.0})
    blind = default_profile().model_copy(update={"with_states": weights, "without_states": weights})
    own = replace(weighing, profile=blind)
    assert not own.looks
    looked_at = [Readings(0.2, 1.0), Readings(0.2)]
    first, second = weighing.rate(looked_at)
    assert first.volatility < second.volatility
    assert own.rate(looked_at) == own.rate(similar(0.2, 0.2))


def test_a_profile_that_knows_instructions_asks_for_states_where_the_model_shows_them() -> None:
    plain = judge(0.6)
    assert plain.layer is None
    weights = default_profile().with_states.model_copy(update={"instruction": (1.0, 0.0)})
    wary = default_profile().model_copy(update={"with_states": weights, "layer": 5})
    assert replace(plain, profile=wary).layer == 5
    assert replace(plain, profile=wary, states=False).layer is None


def test_plain_rag_lets_everything_in_unread() -> None:
    everything = AcceptAll(Budget(0, 0))
    assert not everything.reads
    assert not everything.looks
    verdict = everything.verdict(None, 3.0)
    assert verdict.accepted
    assert (verdict.volatility, verdict.spent) == (None, 0)
    assert everything.guarantee(3) is None
    assert everything.rate(similar(0.5, 0.2)) == [Rated(0, 0), Rated(0, 0)]


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["step", "answer"])
def test_budgets_are_checked(name: str, value: float) -> None:
    with pytest.raises(BudgetError, match=f"budget.{name}"):
        Budget(**{"step": 0.5, "answer": 1.0, name: value})


def test_similarities_on_the_scale_of_the_profiles_embedder_are_weighed() -> None:
    mapped = ProfileJudge(
        default_profile(), "Who?", Budget(0.6, 2), "another/one", states=True, scale="packaged"
    )
    assert mapped.rate(similar(0.2, 0.9)) == judge(0.6).rate(similar(0.2, 0.9))
    assert mapped.rate(similar(0.2, 0.9)) != mapped.rate(similar(0.2, 0.2))
    # What was promised, was promised of another embedder's verdicts.
    assert mapped.guarantee(3) is None
