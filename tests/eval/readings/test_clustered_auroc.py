"""AUROC over clusters against scikit-learn on the same items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from eval.readings.clustered_auroc import clustered_auroc

values = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=4)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=6))
def test_the_value_is_that_of_scikit_learn(groups: list[tuple[list[float], list[float]]]) -> None:
    labels = [label for p, n in groups for label in [1] * len(p) + [0] * len(n)]
    items = [value for p, n in groups for value in p + n]
    value, low, high = clustered_auroc(groups, seed=0, resamples=50)
    assert value == pytest.approx(roc_auc_score(labels, items))
    assert 0 <= low <= high <= 1


def test_the_interval_is_that_of_resampled_clusters() -> None:
    draw = np.random.default_rng(5)
    groups = [(list(draw.normal(0.6, 1, 2)), list(draw.normal(0, 1, 3))) for _ in range(30)]
    _, low, high = clustered_auroc(groups, seed=1, resamples=4000)
    resampled = []
    for _ in range(1000):
        chosen = [groups[i] for i in draw.integers(0, 30, 30)]
        labels = [label for p, n in chosen for label in [1] * len(p) + [0] * len(n)]
        resampled.append(roc_auc_score(labels, [value for p, n in chosen for value in [*p, *n]]))
    assert low == pytest.approx(np.quantile(resampled, 0.025), abs=0.02)
    assert high == pytest.approx(np.quantile(resampled, 0.975), abs=0.02)


def test_shuffled_labels_tell_nothing() -> None:
    draw = np.random.default_rng(0)
    groups = [(list(draw.random(2)), list(draw.random(2))) for _ in range(100)]
    _, low, high = clustered_auroc(groups, seed=0)
    assert low < 0.5 < high
