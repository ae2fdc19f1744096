"""Conformal risk control: what it promises, and that the promise holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.errors import InputError
from selector.guarantee import (
    BUDGETS,
    Loss,
    harmful_accepted,
    helpful_dropped,
    loosest_budget,
    loss_table,
)

chunks = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=6)


@given(chunks, st.sampled_from(BUDGETS), st.sampled_from(BUDGETS))
def test_a_looser_budget_lets_in_more_harm_and_drops_less_help(
    question: list[tuple[float, bool]], first: float, second: float
) -> None:
    volatilities, helpful = zip(*question, strict=True)
    low, high = sorted((first, second))
    harm = [harmful_accepted(volatilities, helpful, budget) for budget in (low, high)]
    drop = [helpful_dropped(volatilities, helpful, budget) for budget in (low, high)]
    if harm[0] is not None and harm[1] is not None:
        assert 0 <= harm[0] <= harm[1] <= 1
    if drop[0] is not None and drop[1] is not None:
        assert 1 >= drop[0] >= drop[1] >= 0


def draw(n: int, seed: int) -> tuple[list[list[float]], list[list[bool]]]:
    """Questions whose helpful chunks have the lower volatilities, by and large."""
    random = np.random.default_rng(seed)
    helpful = random.random((n, 5)) < 0.3
    volatilities = 1 / (1 + np.exp(-random.normal(np.where(helpful, -1.5, 1.5), 1.5)))
    return volatilities.tolist(), helpful.tolist()


@pytest.mark.parametrize("loss", [harmful_accepted, helpful_dropped])
@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2])
def test_the_promise_holds_on_average_and_is_not_idle(loss: Loss, alpha: float) -> None:
    seen = []
    for seed in range(200):
        promise = loosest_budget(loss_table(*draw(60, seed), loss), alpha)
        if promise.budget is not None:
            rows = zip(*draw(40, 10_000 + seed), strict=True)
            losses = [loss(v, helps, promise.budget) for v, helps in rows]
            seen.append(np.mean([value for value in losses if value is not None]))
    assert len(seen) > 150
    noise = 3 * np.std(seen) / np.sqrt(len(seen))
    assert np.mean(seen) <= alpha + noise
    # Sixty questions leave 1/61 for the one to come, and budgets have steps of 0.01.
    assert np.mean(seen) >= alpha - 1 / 61 - 0.02 - noise


def test_too_few_questions_can_promise_nothing() -> None:
    promise = loosest_budget(loss_table(*draw(5, 0), harmful_accepted), 0.1)
    assert promise.budget is None
    assert promise.lowest == pytest.approx(1 / 6)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha is"):
        loosest_budget(loss_table(*draw(20, 0), harmful_accepted), alpha)


def test_chunks_of_one_sort_promise_nothing() -> None:
    with pytest.raises(InputError, match="no question has a chunk"):
        loosest_budget(loss_table([[0.5]], [[True]], harmful_accepted), 0.1)
