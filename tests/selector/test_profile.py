"""Profiles: weights to volatilities, folds, files."""

from __future__ import annotations

import json
import math
from dataclasses import replace
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
from selector.weights import Rated, Readings, Weights, directions

numbers = st.floats(-1e3, 1e3)
SMOLLM2 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
QWEN = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


def profile(**changes: object) -> Profile:
    weights = Weights(bias=0.0, similarity=1.0)
    known = {"model": "m", "sha256": "0", "layer": 1}
    known |= {"with_states": weights, "without_states": weights}
    return Profile.model_validate(known | changes)


@st.composite
def readings(draw: st.DrawFn, width: int = 3) -> list[Readings]:
    """Of the chunks of one question; of each, a model may show attention and state, or not."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    similarities = draw(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
    return [
        Readings(
            similarity,
            draw(st.one_of(st.none(), st.floats(-4, 4))),
            random.normal(size=width).astype(np.float32) if draw(st.booleans()) else None,
        )
        for similarity in similarities
    ]


@given(readings(), numbers, numbers, numbers, numbers)
def test_volatilities_are_shares_and_never_whole(
    given: list[Readings], bias: float, similarity: float, attention: float, typical: float
) -> None:
    weights = Weights(
        bias=bias,
        typical_similarity=typical,
        similarity=similarity,
        attention=attention,
    )
    volatilities = weights.volatilities(given)
    assert all(0 < v < 1 for v in volatilities)
    # What instructs is not let in for it, and no budget of 0 lets anything in.
    wary = weights.model_copy(
        update={"instruction": (similarity, attention, bias), "instruction_bias": bias}
    )
    for before, after in zip(volatilities, wary.rate(given), strict=True):
        assert before <= after.volatility <= 1
        assert 0 <= after.instructs < 1


def direction_over(given: list[Readings], beside: int) -> list[np.ndarray]:
    known = [one.state for one in given if one.state is not None]
    pointing = [state / np.linalg.norm(state) for state in known]
    return [one - sum(pointing) / (len(pointing) + beside) for one in pointing]


@given(readings(), st.integers(1, 5))
def test_the_formula(given: list[Readings], beside: int) -> None:
    weights = Weights(
        bias=0.3,
        typical_similarity=0.6,
        similarity=4.0,
        attention=0.7,
        instruction=(0.2, -1.0, 0.5),
        instruction_bias=-0.4,
        typical_chunks=beside,
    )
    similarities = [one.similarity or 0.0 for one in given]
    attentions = [one.attention or 0.0 for one in given]
    alike = (sum(similarities) + beside * 0.6) / (len(given) + beside)
    looked = sum(attentions) / (len(given) + beside)
    pointing = iter(direction_over(given, beside))
    unlike = weights.rate([replace(one, similarity=None) for one in given])
    for one, rated, other in zip(given, weights.rate(given), unlike, strict=True):
        instructs = 0.0
        if one.state is not None:
            v = next(pointing)
            instructs = 1 / (1 + math.exp(0.4 - 0.2 * v[0] + 1.0 * v[1] - 0.5 * v[2]))
        assert rated.instructs == other.instructs == pytest.approx(instructs, abs=1e-6)
        score = 0.3 + 0.7 * ((one.attention or 0.0) - looked)
        helps = (1 - instructs) / (1 + math.exp(-score))
        assert other.volatility == pytest.approx(1 - helps, abs=1e-6)
        score += 4.0 * ((one.similarity or 0.0) - alike)
        helps = (1 - instructs) / (1 + math.exp(-score))
        assert rated.volatility == pytest.approx(1 - helps, abs=1e-6)


@given(st.lists(st.one_of(st.none(), st.floats(-4, 4)), min_size=1, max_size=6), st.integers(1, 5))
def test_attention_counts_above_the_mean(attentions: list[float | None], beside: int) -> None:
    weights = Weights(bias=0.3, attention=0.7, typical_chunks=beside)
    known = [one or 0.0 for one in attentions]
    mean = sum(known) / (len(known) + beside)
    found = weights.volatilities([Readings(None, one) for one in attentions])
    for one, v in zip(known, found, strict=True):
        assert v == pytest.approx(1 / (1 + math.exp(0.3 + 0.7 * (one - mean))), abs=1e-6)
    assert found == weights.volatilities([Readings(None, one) for one in known])


def test_where_one_similarity_is_not_known_none_counts() -> None:
    weights = Weights(bias=0.3, typical_similarity=0.5, similarity=4.0, attention=1.0)
    some = [Readings(0.9, 1.0), Readings(None, 0.0)]
    none = [replace(one, similarity=None) for one in some]
    assert weights.rate(some) == weights.rate(none)
    assert weights.rate(some) != weights.rate([some[0], replace(some[1], similarity=0.1)])


def wary(**changes: object) -> Weights:
    return Weights.model_validate(
        {"bias": 1.0, "instruction": (9.0, 0.0, 0.0), "instruction_bias": -3.0} | changes
    )


def test_what_moves_the_state_as_an_instruction_does_adds_volatility() -> None:
    given = [Readings(0.5, 0.0, state) for state in np.eye(2, 3, dtype=np.float32)]
    before, after = (one.volatilities(given) for one in (Weights(bias=1.0), wary()))
    # Directions above the mean are (2/3, -1/3, 0) and (-1/3, 2/3, 0).
    assert 1 - after[0] == pytest.approx((1 - before[0]) / (1 + math.exp(3.0)))
    assert 1 - after[1] == pytest.approx((1 - before[1]) / (1 + math.exp(-6.0)))


def test_a_chunk_whose_state_was_not_read_instructs_nothing_and_is_no_rival() -> None:
    shown = [Readings(0.5, 0.0, state) for state in np.eye(2, 3, dtype=np.float32)]
    first, unread, second = wary().rate([shown[0], Readings(0.5, 0.0), shown[1]])
    assert unread == (Weights(bias=1.0).volatilities([Readings(0.5)])[0], 0.0)
    assert [first, second] == wary().rate(shown)
    assert [one.instructs for one in wary().rate([Readings(0.5), Readings(0.1)])] == [0.0, 0.0]


def test_states_of_another_width_are_refused() -> None:
    state = np.zeros(4, dtype=np.float32)
    with pytest.raises(InputError, match="states of 3 numbers") as caught:
        wary().volatilities([Readings(0.1, None, state), Readings(0.2)])
    assert caught.value.param == "profile"


@given(st.integers(1, 6), st.integers(0, 100), st.floats(0.01, 100))
def test_a_direction_knows_no_length(k: int, seed: int, scale: float) -> None:
    states = np.random.default_rng(seed).normal(size=(k, 3)).astype(np.float32)
    np.testing.assert_allclose(directions(states), directions(scale * states), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(directions(states), axis=1), 1, atol=1e-6)


def test_states_that_all_point_as_plain_chunks_do_instruct_alike_however_many() -> None:
    weights = wary(typical_instruction=9.0)
    state = np.array([1.0, 0.0, 0.0], dtype=np.float32)
    for count in (1, 2, 8):
        rated = weights.rate([Readings(0.5, 0.0, state)] * count)
        assert [one.instructs for one in rated] == pytest.approx([1 / (1 + math.exp(3.0))] * count)


def test_a_question_that_was_calibrated_on_gets_weights_that_have_not_seen_it() -> None:
    own = Weights(bias=7.0)
    fold = Fold(questions=frozenset({question_key("Who?")}), with_states=own, without_states=own)
    folded = profile(folds=(fold,))
    assert folded.weights("Who? ", states=False) is folded.folds[0].without_states
    assert folded.weights("Who else?", states=True) is folded.with_states


def test_a_profile_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    kept = profile(measured={"questions": 3})
    path.write_text(kept.model_dump_json(), encoding="utf-8")
    assert load_profile(path) == kept


OLDER = json.dumps(
    {
        **default_profile().model_dump(mode="json"),
        "index": {**(default_profile().index or Weights(bias=0.0)).model_dump(), "state": []},
    }
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "JSON"),
        ("{}", "model"),
        (OLDER, "another version made it, which knew index.state"),
        ('{"model": "m", "layer": -1}', "layer"),
        (None, "No such"),
    ],
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
    assert shipped.measured["fitted_on"] == "the other data sets"
    assert shipped.measured["auroc"]["all others"] > 0.75
    assert shipped.measured["ece"] < 0.08
    assert shipped.measured["index"]["auroc"] > 0.6
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
    verdict = judged(Budget(step, answer)).verdict(Rated(v, instructs=0.0), spent)
    assert verdict.accepted == (v <= step and spent + v <= answer)
    assert verdict.spent == (v if verdict.accepted else 0)
    assert verdict.volatility == v
    assert f"{v:.2f}" in verdict.reason


def test_a_chunk_that_instructs_is_told_so() -> None:
    judge = judged(Budget(0.5, 2))
    verdict = judge.verdict(Rated(0.99, 0.98), 0.0)
    assert "as injected instructions do (0.98 of 1)" in verdict.reason
    verdict = judge.verdict(Rated(0.99, 0.2), 0.0)
    assert "not likely to help" in verdict.reason
    assert "instruct" not in verdict.reason


def test_the_default_profile_judges_by_what_every_model_shows() -> None:
    found = default_profile().weights("Who?", states=True)
    assert found.instruction == ()
    assert min(found.similarity, found.attention) > 0
    assert default_profile().guarantee(Budget(0.5, 4), 3) is None
    assert default_profile().index_for("Who?") is not None
    for sha256 in (SMOLLM2, QWEN):
        own = shipped_profile(sha256)
        assert own is not None
        # Fitted on one of its two models each: nearly the same.
        assert own.without_states.similarity == pytest.approx(found.similarity, rel=0.2)
