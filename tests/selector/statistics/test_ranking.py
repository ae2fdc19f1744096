"""AUROC against scikit-learn's; intervals over questions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from overlay.errors import InputError
from selector.statistics.ranking import clustered_auroc, wrong_answer_auroc

levels = st.integers(0, 4).map(float)  # few values, so that ties are frequent
groups = st.lists(
    st.tuples(st.lists(levels, max_size=4), st.lists(levels, max_size=4)), min_size=1, max_size=6
).filter(lambda found: any(p for p, _ in found) and any(n for _, n in found))


@given(groups)
def test_it_is_scikit_learns(found: list[tuple[list[float], list[float]]]) -> None:
    positives = [value for own, _ in found for value in own]
    negatives = [value for _, others in found for value in others]
    labels = [1] * len(positives) + [0] * len(negatives)
    expected = roc_auc_score(labels, positives + negatives)
    assert clustered_auroc(found, seed=0, resamples=20).value == pytest.approx(expected)


@given(st.lists(st.tuples(levels, st.booleans(), st.integers(0, 3)), min_size=2, max_size=20))
def test_wrong_answers_are_the_positives(rows: list[tuple[float, bool, int]]) -> None:
    scores, wrong, questions = zip(*rows, strict=True)
    found = wrong_answer_auroc(scores, wrong, questions, seed=0, resamples=20)
    if all(wrong) or not any(wrong):
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx(roc_auc_score(wrong, scores))


def test_a_resample_is_scikit_learns_on_the_drawn_items() -> None:
    """The interval's ends are quantiles of the AUROC of resampled questions."""
    draw = np.random.default_rng(1)
    found = [(draw.normal(1, 1, 2).tolist(), draw.normal(0, 1, 3).tolist()) for _ in range(12)]
    interval = clustered_auroc(found, seed=7, resamples=200)
    counts = np.random.default_rng(7).multinomial(12, [1 / 12] * 12, size=200)
    values = []
    for row in counts:
        drawn = [group for group, times in zip(found, row, strict=True) for _ in range(times)]
        positives = [value for own, _ in drawn for value in own]
        negatives = [value for _, others in drawn for value in others]
        labels = [1] * len(positives) + [0] * len(negatives)
        values.append(roc_auc_score(labels, positives + negatives))
    assert (interval.low, interval.high) == pytest.approx(np.quantile(values, [0.025, 0.975]))


def test_shuffled_labels_give_one_half() -> None:
    draw = np.random.default_rng(0)
    scores = draw.random(400)
    wrong = draw.permutation(scores > 0.5)
    found = wrong_answer_auroc(scores, wrong, seed=0)
    assert found is not None
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.15
    real = wrong_answer_auroc(scores, scores > 0.5, seed=0)
    assert real is not None
    assert real.value == 1.0


def test_questions_are_drawn_whole() -> None:
    """Ten copies of every item, in the same question, tell no more than one."""
    draw = np.random.default_rng(3)
    scores, wrong = draw.random(30), draw.random(30) < 0.5
    once = wrong_answer_auroc(scores, wrong, range(30), seed=0)
    often = wrong_answer_auroc(
        np.tile(scores, 10), np.tile(wrong, 10), list(range(30)) * 10, seed=0
    )
    assert often == pytest.approx(once)


@pytest.mark.parametrize("found", [[([1.0], [])], [([], [1.0])]])
def test_both_kinds_are_needed(found: list[tuple[list[float], list[float]]]) -> None:
    with pytest.raises(InputError, match="positives and negatives"):
        clustered_auroc(found, seed=0)


@pytest.mark.parametrize(
    ("scores", "wrong"), [([0.1], [True, False]), ([], []), ([np.nan, 1.0], [True, False])]
)
def test_what_cannot_be_ranked_is_refused(scores: list[float], wrong: list[bool]) -> None:
    with pytest.raises(InputError):
        wrong_answer_auroc(scores, wrong, seed=0)
