"""Fitting a profile's weights on made-up readings whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from overlay.calibration.fit import fit
from overlay.calibration.observe import (
    Observed,
    Twins,
    read_observed,
    state_layer,
    write_observed,
)
from overlay.calibration.parts import Part, parts
from overlay.calibration.quality import assess, quality_tables
from overlay.errors import InputError
from selector.profile import question_key

WIDTH = 12


def made_up(n: int, *, signal: float, states: bool = True, seed: int = 0) -> list[Observed]:
    direction = np.random.default_rng(99).normal(size=WIDTH)
    random = np.random.default_rng(seed)
    found = []
    for number in range(n):
        helpful = np.array([True, False, False, False, False])
        random.shuffle(helpful)
        gains = random.normal(0.2 + signal * 0.2 * helpful, 0.2)
        deltas = random.normal(size=(5, WIDTH)) + signal * 0.4 * np.outer(helpful, direction)
        found.append(
            Observed(
                f"question {number}",
                "made up",
                tuple("helpful" if helps else "irrelevant" for helps in helpful),
                tuple(helpful.tolist()),
                tuple(gains.tolist()),
                deltas.astype(np.float32) if states else None,
            )
        )
    return found


def auroc(observed: list[Observed], volatilities: list[list[float]]) -> float:
    helpful = [helps for one in observed for helps in one.helpful]
    return float(roc_auc_score(helpful, [-v for own in volatilities for v in own]))


def of_all(volatilities: list[dict[Part, list[float]]]) -> list[list[float]]:
    return [own[Part.ALL] for own in volatilities]


def test_similarities_are_weighed_where_they_are_known() -> None:
    observed = made_up(80, signal=0.5)
    draw = np.random.default_rng(5)
    rated = [
        replace(one, similarities=tuple(draw.normal(0.4 + 0.2 * np.array(one.helpful), 0.1)))
        for one in observed
    ]
    blind, seeing = fit(observed), fit(rated)
    assert blind.with_states.similarity == 0
    assert seeing.with_states.similarity > 0
    assert seeing.without_states.similarity > 0
    assert (
        auroc(observed, of_all(seeing.volatilities))
        > auroc(observed, of_all(blind.volatilities)) + 0.05
    )
    assert fit([*rated[1:], observed[0]]).with_states.similarity == 0
    assert read_observed(write_observed(rated[0])).similarities == rated[0].similarities


def test_attention_is_weighed_where_it_is_known() -> None:
    observed = made_up(80, signal=0.5)
    draw = np.random.default_rng(5)
    looking = [
        replace(one, attentions=tuple(draw.normal(np.array(one.helpful) - 0.2, 0.5).tolist()))
        for one in observed
    ]
    blind, seeing = fit(observed), fit(looking)
    assert blind.with_states.attention == 0
    assert seeing.with_states.attention > 0.3
    assert seeing.without_states.attention > 0.3
    assert (
        auroc(observed, of_all(seeing.volatilities))
        > auroc(observed, of_all(blind.volatilities)) + 0.05
    )
    assert fit([*looking[1:], observed[0]]).with_states.attention == 0


def test_attention_is_kept_and_older_journals_are_read() -> None:
    [one] = made_up(1, signal=0.5)
    looking = replace(one, attentions=(0.5, -1.0, 0.0, 2.0, -4.0))
    kept = write_observed(looking)
    assert read_observed(kept).attentions == looking.attentions
    del kept["attentions"]
    assert read_observed(kept).attentions is None


def test_chunks_of_one_sort_share_the_look_anew() -> None:
    [one] = made_up(1, signal=0.5)
    readings = np.log([2.0, 0.5, 0.5, 1.0, 1.0])
    split = parts(replace(one, attentions=tuple(readings.tolist())))
    [alone] = split[Part.HELPFUL].attentions or ()
    assert alone == pytest.approx(0)
    others = np.exp(split[Part.OTHERS].attentions or ())
    assert others.mean() == pytest.approx(1)
    left = np.exp(readings[~np.array(one.helpful)])
    np.testing.assert_allclose(others / others[0], left / left[0])


def test_weights_find_the_signal_on_questions_that_they_have_not_seen() -> None:
    observed = made_up(80, signal=1.5)
    fitted = fit(observed)
    assert auroc(observed, of_all(fitted.volatilities)) > 0.85
    fresh = made_up(80, signal=1.5, seed=1)
    whole = [fitted.with_states.volatilities(one.gains, one.deltas) for one in fresh]
    alone = [fitted.without_states.volatilities(one.gains, None) for one in fresh]
    assert auroc(fresh, whole) > auroc(fresh, alone) > 0.7


@pytest.mark.parametrize("shared", [True, False])
def test_a_direction_counts_for_what_it_says_of_other_data_sets(shared: bool) -> None:
    observed = []
    for name in range(5):
        draw = np.random.default_rng(0 if shared else name)
        direction = draw.permutation(np.eye(WIDTH))[0]
        for one in made_up(30, signal=0.0, seed=name):
            helpful = np.array(one.helpful)
            deltas = np.asarray(one.deltas) + 3 * np.outer(helpful, direction)
            gains = tuple((np.array(one.gains) + 0.3 * helpful).tolist())
            own = f"{name} {one.question}"
            observed.append(
                replace(one, question=own, dataset=str(name), deltas=deltas, gains=gains)
            )
    fitted = fit(observed)
    elsewhere = auroc(observed, of_all(fitted.elsewhere))
    without = [fitted.without_states.volatilities(one.gains, None) for one in observed]
    if shared:
        assert elsewhere > auroc(observed, without) + 0.05
    else:
        assert elsewhere > auroc(observed, without) - 0.02


def test_a_helpful_chunk_is_known_without_worse_ones_beside_it() -> None:
    fitted = fit(made_up(80, signal=1.5))
    fresh = [parts(one) for one in made_up(80, signal=1.5, seed=1)]
    for part, low, high in ((Part.HELPFUL, 0.75, 1.0), (Part.OTHERS, 0.0, 0.25)):
        sets = [one[part] for one in fresh]
        found = [
            v for some in sets for v in fitted.with_states.volatilities(some.gains, some.deltas)
        ]
        assert low < np.mean(np.array(found) < 0.5) <= high


def test_parts_of_a_question() -> None:
    [one] = made_up(1, signal=1.0)
    rated = replace(one, similarities=(0.1, 0.2, 0.3, 0.4, 0.5))
    place = rated.helpful.index(True)
    found = parts(rated)
    assert found[Part.ALL] is rated
    good, others = found[Part.HELPFUL], found[Part.OTHERS]
    assert (good.kinds, good.helpful) == (("helpful",), (True,))
    assert good.gains == (rated.gains[place],)
    assert good.similarities == (rated.similarities[place],)  # type: ignore[index]  # set above
    assert good.deltas is not None
    assert rated.deltas is not None
    np.testing.assert_array_equal(good.deltas, rated.deltas[place : place + 1])
    assert others.helpful == (False,) * 4
    assert {*others.gains, *good.gains} == set(rated.gains)
    assert parts(good) == {Part.ALL: good}
    assert parts(others) == {Part.ALL: others}


def test_where_there_is_no_signal_held_back_questions_show_none() -> None:
    held_back, seen = [], []
    for seed in range(5):
        observed = made_up(40, signal=0.0, seed=seed)
        fitted = fit(observed)
        held_back.append(auroc(observed, of_all(fitted.volatilities)))
        whole = [fitted.with_states.volatilities(one.gains, one.deltas) for one in observed]
        seen.append(auroc(observed, whole))
    assert abs(np.mean(held_back) - 0.5) < 0.06
    assert np.mean(seen) > 0.56, "what a fit has seen looks better than it is"


def test_instructions_are_found_beside_their_clean_twins() -> None:
    random = np.random.default_rng(5)
    turn = random.normal(size=WIDTH)

    def injected(deltas: np.ndarray) -> np.ndarray:
        return np.asarray(deltas + 2 * turn, dtype=np.float32)

    twins = []
    for number in range(40):
        clean = random.normal(size=(1, WIDTH))
        deltas = np.concatenate([injected(clean), clean]).astype(np.float32)
        twins.append(Twins(f"twin {number}", "twins", deltas))
    observed = made_up(40, signal=1.5)
    fitted = fit(observed, twins)
    kept, lost = [], []
    for one in made_up(40, signal=1.5, seed=1):
        assert one.deltas is not None
        place = one.helpful.index(True)
        attacked = one.deltas.copy()
        attacked[place] = injected(one.deltas[place])
        kept.append(fitted.with_states.volatilities(one.gains, one.deltas)[place])
        lost.append(fitted.with_states.volatilities(one.gains, attacked)[place])
    assert np.mean(np.array(kept) < 0.5) > 0.6
    assert np.mean(np.array(lost) < 0.5) < 0.2
    assert not fit(observed).with_states.instruction


def test_each_question_stands_in_one_fold() -> None:
    observed = made_up(30, signal=1.0)
    folds = fit(observed).folds
    keys = [key for fold in folds for key in fold.questions]
    assert sorted(keys) == sorted(question_key(one.question) for one in observed)


def test_the_same_question_twice_stands_in_one_fold() -> None:
    observed = made_up(15, signal=1.0) * 2
    folds = fit(observed).folds
    assert sum(len(fold.questions) for fold in folds) == 15


def test_without_states_the_question_gain_is_weighed_alone() -> None:
    fitted = fit(made_up(40, signal=1.0, states=False))
    assert not fitted.with_states.direction
    assert fitted.with_states == fitted.without_states


@pytest.mark.parametrize("n", [0, 9])
def test_too_few_questions_are_refused(n: int) -> None:
    with pytest.raises(InputError, match="cannot be fitted"):
        fit(made_up(n, signal=1.0))


def test_chunks_of_one_sort_are_refused() -> None:
    observed = [Observed(str(n), "", ("helpful",), (True,), (0.1,), None) for n in range(20)]
    with pytest.raises(InputError, match="some chunks of which help"):
        fit(observed)


def test_readings_come_back_from_a_journal() -> None:
    [one] = made_up(1, signal=1.0)
    back = read_observed(write_observed(one))
    assert (back.question, back.kinds, back.helpful) == (one.question, one.kinds, one.helpful)
    assert back.gains == one.gains
    assert one.deltas is not None
    assert back.deltas is not None
    np.testing.assert_allclose(back.deltas, one.deltas, atol=1e-5)


def test_layers_by_depth() -> None:
    assert [state_layer(30, depth) for depth in (0, 0.25, 0.5, 1)] == [0, 7, 14, 29]


def test_tables_say_what_was_found() -> None:
    observed = made_up(40, signal=1.0)
    fitted = fit(observed)
    assert not fitted.elsewhere, "there is no other data set"
    quality = assess(observed, fitted, alphas=[0.2], seed=0)
    assert quality.here.auroc["all others"].value == pytest.approx(
        auroc(observed, of_all(fitted.volatilities))
    )
    kinds, accepted, promises = quality_tables(quality)
    assert [row[0] for row in kinds.rows] == ["all others", "irrelevant"]
    assert [row[0] for row in accepted.rows] == [
        "helpful",
        "irrelevant",
        "helpful only",
        "others only",
    ]
    assert [row[0] for row in promises.rows] == ["harmful accepted", "helpful dropped"]


def test_a_data_set_is_also_judged_by_weights_that_saw_only_others() -> None:
    first, second = made_up(30, signal=1.5), made_up(30, signal=1.5, seed=1)
    # Here the signal points the other way: what the first set teaches must not help.
    turned = [
        replace(one, dataset="turned", helpful=tuple(not helps for helps in one.helpful))
        for one in second
    ]
    fitted = fit([*first, *turned])
    assert auroc(turned, of_all(fitted.elsewhere[30:])) < 0.3
    tables = quality_tables(assess([*first, *turned], fitted, alphas=[0.2], seed=0))
    assert len(tables) == 5
