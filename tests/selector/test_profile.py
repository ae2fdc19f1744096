"""Profiles: weights to volatilities, folds, files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.errors import InputError
from selector.budget import Budget
from selector.judge import ProfileJudge
from selector.profile import Fold, Profile, question_key
from selector.profile_files import default_profile, load_profile, shipped_profile
from selector.weights import Rated, Weights

numbers = st.floats(-1e3, 1e3)
SMOLLM2 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
QWEN = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


def profile(**changes: object) -> Profile:
    weights = Weights(bias=0.0, typical_gain=0.0, gain=1.0)
    known = {"model": "m", "sha256": "0", "layer": 1}
    known |= {"with_states": weights, "without_states": weights}
    return Profile.model_validate(known | changes)


@given(st.lists(numbers, min_size=1, max_size=8), numbers, numbers, numbers)
def test_volatilities_are_shares_and_never_whole(
    gains: list[float], bias: float, gain: float, typical: float
) -> None:
    weights = Weights(bias=bias, typical_gain=typical, gain=gain)
    assert all(0 < v < 1 for v in weights.volatilities(gains, None))


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=6), st.integers(0, 10), st.integers(1, 5))
def test_the_formula(gains: list[float], seed: int, beside: int) -> None:
    draw = np.random.default_rng(seed)
    deltas = draw.normal(size=(len(gains), 3)).astype(np.float32)
    similarities = draw.uniform(size=len(gains)).tolist()
    weights = Weights(
        bias=0.3,
        typical_gain=0.4,
        gain=1.5,
        typical_similarity=0.6,
        similarity=4.0,
        direction=(0.2, -1.0, 0.5),
        typical_chunks=beside,
    )
    mean = (sum(gains) + beside * 0.4) / (len(gains) + beside)
    alike = (sum(similarities) + beside * 0.6) / (len(gains) + beside)
    turns = [d / np.linalg.norm(d) for d in deltas]
    turn = sum(turns) / (len(gains) + beside)
    with_all = weights.volatilities(gains, deltas, similarities)
    without = weights.volatilities(gains, deltas)
    for place, (g, c, u) in enumerate(zip(gains, similarities, turns, strict=True)):
        v = u - turn
        score = 0.3 + 1.5 * (g - mean) + 0.2 * v[0] - 1.0 * v[1] + 0.5 * v[2]
        assert without[place] == pytest.approx(1 / (1 + math.exp(score)), abs=1e-6)
        score += 4.0 * (c - alike)
        assert with_all[place] == pytest.approx(1 / (1 + math.exp(score)), abs=1e-6)


@given(st.lists(st.one_of(st.none(), st.floats(-4, 4)), min_size=1, max_size=6), st.integers(1, 5))
def test_attention_counts_above_the_mean(attentions: list[float | None], beside: int) -> None:
    weights = Weights(bias=0.3, typical_gain=0.0, gain=1.0, attention=0.7, typical_chunks=beside)
    gains = [0.0] * len(attentions)
    known = [one or 0.0 for one in attentions]
    mean = sum(known) / (len(known) + beside)
    for one, v in zip(known, weights.volatilities(gains, None, None, attentions), strict=True):
        assert v == pytest.approx(1 / (1 + math.exp(0.3 + 0.7 * (one - mean))), abs=1e-6)
    without = weights.volatilities(gains, None)
    assert without == weights.volatilities(gains, None, None, [None] * len(gains))


def test_what_turns_the_state_as_an_instruction_does_adds_volatility() -> None:
    deltas = np.eye(2, 3, dtype=np.float32)
    plain = Weights(bias=1.0, typical_gain=0.0, gain=0.0, direction=(0.1, 0.1, 0.1))
    wary = plain.model_copy(update={"instruction": (9.0, 0.0, 0.0), "instruction_bias": -3.0})
    before, after = (weights.volatilities([0.0, 0.0], deltas) for weights in (plain, wary))
    # Turns above the mean are (2/3, -1/3, 0) and (-1/3, 2/3, 0).
    assert 1 - after[0] == pytest.approx((1 - before[0]) / (1 + math.exp(3.0)))
    assert 1 - after[1] == pytest.approx((1 - before[1]) / (1 + math.exp(-6.0)))


@pytest.mark.parametrize("deltas", [None, np.zeros((2, 4), dtype=np.float32)])
def test_states_of_another_width_are_refused(deltas: np.ndarray | None) -> None:
    weights = Weights(bias=0.0, typical_gain=0.0, gain=1.0, direction=(1.0, 2.0))
    with pytest.raises(InputError, match="states of 2 numbers") as caught:
        weights.volatilities([0.1, 0.2], deltas)
    assert caught.value.param == "profile"


def test_a_question_that_was_calibrated_on_gets_weights_that_have_not_seen_it() -> None:
    own = Weights(bias=7.0, typical_gain=0.0, gain=0.0)
    fold = Fold(questions=frozenset({question_key("Who?")}), with_states=own, without_states=own)
    folded = profile(folds=(fold,))
    assert folded.weights("Who? ", states=False) is folded.folds[0].without_states
    assert folded.weights("Who else?", states=True) is folded.with_states


def test_a_profile_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    kept = profile(measured={"questions": 3})
    path.write_text(kept.model_dump_json(), encoding="utf-8")
    assert load_profile(path) == kept


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "JSON"), ("{}", "model"), ('{"model": "m", "layer": -1}', "layer"), (None, "No such")],
)
def test_a_file_that_is_no_profile_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "profile.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="is no profile") as caught:
        load_profile(path)
    assert str(path) in caught.value.message
    assert caught.value.hint.startswith("`overlay calibrate` makes one")


@pytest.mark.parametrize(("sha256", "width"), [(SMOLLM2, 576), (QWEN, 896)])
def test_profiles_are_shipped(sha256: str, width: int) -> None:
    shipped = shipped_profile(sha256)
    assert shipped is not None
    assert shipped.sha256 == sha256
    assert len(shipped.with_states.instruction) == width
    assert not shipped.without_states.instruction
    assert all(len(fold.with_states.instruction) == width for fold in shipped.folds)
    # Measured on sets left out; far from chance, or it would not be shipped.
    assert shipped.measured["index_elsewhere"]["auroc"] > 0.65
    assert shipped_profile("no such model") is None


@given(st.floats(0, 1.5))
def test_a_budget_between_two_promises_the_weaker(step: float) -> None:
    harm = tuple(place / 100 for place in range(101))
    folded = profile(harm=harm, loss=harm[::-1])
    promised = folded.guarantee(Budget(step, 4 * step), chunks=4)
    assert promised is not None
    assert promised.loss is not None
    assert promised.harm >= min(step, 1) - 1e-9
    assert promised.loss >= 1 - min(step, 1) - 1e-9
    assert promised.harm + promised.loss <= 1 + 0.01 + 1e-9


def test_a_profile_without_promises_promises_nothing() -> None:
    assert profile().guarantee(Budget(0.5, 2), chunks=4) is None


def test_an_answers_budget_that_keeps_chunks_out_promises_nothing_of_loss() -> None:
    harm = tuple(place / 100 for place in range(101))
    folded = profile(harm=harm, loss=harm[::-1])
    limited, unlimited = (folded.guarantee(Budget(0.5, answer), chunks=4) for answer in (0.5, 2))
    assert limited is not None
    assert unlimited is not None
    assert limited.harm == unlimited.harm
    assert limited.loss is None
    assert unlimited.loss == 0.5


def judged(budget: Budget) -> ProfileJudge:
    return ProfileJudge(profile(), "Who?", budget, embedder="packaged", states=False)


@given(st.floats(0.001, 0.999), st.floats(0, 1), st.floats(0, 3), st.floats(0, 3))
def test_what_a_step_spends_is_its_volatility(
    v: float, step: float, answer: float, spent: float
) -> None:
    verdict = judged(Budget(step, answer)).verdict(Rated(v, instructs=0.0), 0.1, spent)
    assert verdict.accepted == (v <= step and spent + v <= answer)
    assert verdict.spent == (v if verdict.accepted else 0)
    assert verdict.volatility == v
    assert f"{v:.2f}" in verdict.reason


def test_a_chunk_that_instructs_is_told_so() -> None:
    judge = judged(Budget(0.5, 2))
    verdict = judge.verdict(Rated(0.99, 0.98), 1.0, 0.0)
    assert "as injected instructions do (0.98 of 1)" in verdict.reason
    verdict = judge.verdict(Rated(0.99, 0.2), 0.1, 0.0)
    assert "not likely to help" in verdict.reason
    assert "instruct" not in verdict.reason


def test_the_default_profile_judges_by_what_every_model_shows() -> None:
    found = default_profile().weights("Who?", states=True)
    assert found.direction == found.instruction == ()
    assert min(found.gain, found.similarity, found.attention) > 0
    assert default_profile().guarantee(Budget(0.5, 4), 3) is None
    index = default_profile().index_for("Who?", states=True)
    assert index is not None
    assert not index.state
    for sha256 in (SMOLLM2, QWEN):
        own = shipped_profile(sha256)
        assert own is not None
        assert own.without_states == found
