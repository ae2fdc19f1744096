"""Fitting a profile's weights on made-up readings whose truth is known."""

from __future__ import annotations

import json
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
    write_twins,
)
from overlay.calibration.parts import Part, parts
from overlay.calibration.quality import assess, quality_tables
from overlay.errors import InputError
from selector.budget import LIKELY
from selector.profile import question_key

WIDTH = 12


def made_up(n: int, *, signal: float, states: bool = True, seed: int = 0) -> list[Observed]:
    random = np.random.default_rng(seed)
    found = []
    for number in range(n):
        helpful = np.array([True, False, False, False, False])
        random.shuffle(helpful)
        found.append(
            Observed(
                f"question {number}",
                "made up",
                tuple("helpful" if helps else "irrelevant" for helps in helpful),
                tuple(helpful.tolist()),
                tuple(random.normal(0.4 + signal * 0.1 * helpful, 0.1).tolist()),
                states=random.normal(size=(5, WIDTH)).astype(np.float32) if states else None,
            )
        )
    return found


def looking(observed: list[Observed], *, signal: float, seed: int = 5) -> list[Observed]:
    """The same, with what their model looks at."""
    random = np.random.default_rng(seed)
    return [
        replace(one, attentions=tuple(random.normal(signal * (h - 0.2), 0.5).tolist()))
        for one in observed
        for h in [np.array(one.helpful)]
    ]


def auroc(observed: list[Observed], volatilities: list[list[float]]) -> float:
    helpful = [helps for one in observed for helps in one.helpful]
    return float(roc_auc_score(helpful, [-v for own in volatilities for v in own]))


def of_all(volatilities: list[dict[Part, list[float]]]) -> list[list[float]]:
    return [own[Part.ALL] for own in volatilities]


def test_similarities_are_weighed_where_they_are_known() -> None:
    rated = looking(made_up(80, signal=1.5), signal=0.5)
    observed = [replace(one, similarities=None) for one in rated]
    blind, seeing = fit(observed), fit(rated)
    assert blind.with_states.similarity == blind.with_states.typical_similarity == 0
    assert blind.with_states.attention > 0
    assert seeing.with_states.similarity > 0
    assert seeing.without_states.similarity > 0
    assert seeing.without_states.typical_similarity == pytest.approx(
        np.mean([one.similarities for one in rated])
    )
    assert (
        auroc(observed, of_all(seeing.volatilities))
        > auroc(observed, of_all(blind.volatilities)) + 0.05
    )
    assert fit([*rated[1:], observed[0]]).with_states.similarity == 0
    assert read_observed(write_observed(rated[0])).similarities == rated[0].similarities


def test_attention_is_weighed_where_it_is_known() -> None:
    observed = made_up(80, signal=0.5)
    seen = looking(observed, signal=1.0)
    blind, seeing = fit(observed), fit(seen)
    assert blind.with_states.attention == 0
    assert seeing.with_states.attention > 0.3
    assert seeing.without_states.attention > 0.3
    assert (
        auroc(observed, of_all(seeing.volatilities))
        > auroc(observed, of_all(blind.volatilities)) + 0.05
    )
    assert fit([*seen[1:], observed[0]]).with_states.attention == 0


def test_where_neither_is_known_nothing_is_fitted() -> None:
    observed = [replace(one, similarities=None) for one in made_up(20, signal=1.0)]
    with pytest.raises(InputError, match="neither the similarity") as caught:
        fit(observed)
    assert "embedder" in caught.value.hint


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
    observed = looking(made_up(80, signal=1.5), signal=1.0)
    fitted = fit(observed)
    assert auroc(observed, of_all(fitted.volatilities)) > 0.85
    fresh = looking(made_up(80, signal=1.5, seed=1), signal=1.0, seed=6)
    whole = [fitted.with_states.volatilities(one.readings) for one in fresh]
    blind = fit(made_up(80, signal=1.5))
    alone = [blind.with_states.volatilities(one.readings) for one in fresh]
    assert auroc(fresh, whole) > auroc(fresh, alone) > 0.7


def test_what_data_sets_share_is_known_of_one_that_was_not_seen() -> None:
    observed = [
        replace(one, question=f"{name} {one.question}", dataset=str(name))
        for name in range(3)
        for one in looking(made_up(30, signal=1.0, seed=name), signal=1.0, seed=50 + name)
    ]
    elsewhere = auroc(observed, of_all(fit(observed).volatilities))
    blind = fit([replace(one, attentions=None) for one in observed])
    assert elsewhere > auroc(observed, of_all(blind.volatilities)) + 0.05


def test_what_states_have_in_common_with_help_is_not_weighed() -> None:
    observed = made_up(40, signal=1.0)
    apart = [
        replace(one, states=np.asarray(one.states) + 5 * np.outer(one.helpful, np.eye(WIDTH)[0]))
        for one in observed
    ]
    assert fit(apart).with_states == fit(observed).with_states


def test_a_helpful_chunk_is_known_without_worse_ones_beside_it() -> None:
    fitted = fit(made_up(80, signal=2.0))
    fresh = [parts(one) for one in made_up(80, signal=2.0, seed=1)]
    for part, low, high in ((Part.HELPFUL, 0.75, 1.0), (Part.OTHERS, 0.0, 0.25)):
        sets = [one[part] for one in fresh]
        found = [v for some in sets for v in fitted.with_states.volatilities(some.readings)]
        assert low < np.mean(np.array(found) < LIKELY) <= high


def test_parts_of_a_question() -> None:
    [one] = looking(made_up(1, signal=1.0), signal=1.0)
    place = one.helpful.index(True)
    found = parts(one)
    assert found[Part.ALL] is one
    good, others = found[Part.HELPFUL], found[Part.OTHERS]
    assert (good.kinds, good.helpful) == (("helpful",), (True,))
    assert one.similarities is not None
    assert one.states is not None
    assert good.similarities == (one.similarities[place],)
    assert good.states is not None
    np.testing.assert_array_equal(good.states, one.states[place : place + 1])
    assert others.helpful == (False,) * 4
    assert others.similarities is not None
    assert {*others.similarities, *good.similarities} == set(one.similarities)
    assert parts(good) == {Part.ALL: good}
    assert parts(others) == {Part.ALL: others}


def test_what_is_weighed_of_each_chunk() -> None:
    [one] = looking(made_up(1, signal=1.0), signal=1.0)
    assert one.states is not None
    assert [own.similarity for own in one.readings] == list(one.similarities or ())
    assert [own.attention for own in one.readings] == list(one.attentions or ())
    np.testing.assert_array_equal([own.state for own in one.readings], one.states)
    unknown = replace(one, similarities=None, attentions=None, states=None)
    assert [(own.similarity, own.attention, own.state) for own in unknown.readings] == [
        (None, None, None)
    ] * 5


def test_where_there_is_no_signal_held_back_questions_show_none() -> None:
    held_back, seen = [], []
    for seed in range(5):
        observed = looking(made_up(40, signal=0.0, seed=seed), signal=0.0, seed=50 + seed)
        fitted = fit(observed)
        held_back.append(auroc(observed, of_all(fitted.volatilities)))
        whole = [fitted.with_states.volatilities(one.readings) for one in observed]
        seen.append(auroc(observed, whole))
    assert abs(np.mean(held_back) - 0.5) < 0.06
    assert np.mean(seen) > np.mean(held_back), "what a fit has seen looks better than it is"


_TURN = np.random.default_rng(5).normal(size=WIDTH)


def injected(states: np.ndarray) -> np.ndarray:
    return np.asarray(states + 2 * _TURN, dtype=np.float32)


def made_up_twins(n: int) -> list[Twins]:
    random = np.random.default_rng(6)
    found = []
    for number in range(n):
        place = number % 3
        clean = random.normal(size=(3, WIDTH)).astype(np.float32)
        attacked = clean.copy()
        attacked[place] = injected(clean[place])
        found.append(Twins(f"twin {number}", "twins", np.stack([attacked, clean]), place))
    return found


def of_three_sets(n: int, *, seed: int = 0) -> list[Observed]:
    observed = made_up(n, signal=2.0, seed=seed)
    return [replace(one, dataset=f"set {place % 3}") for place, one in enumerate(observed)]


def test_instructions_are_found_beside_their_clean_twins() -> None:
    observed = of_three_sets(60)
    fitted = fit(observed, made_up_twins(40))
    kept, lost = [], []
    for one in made_up(40, signal=2.0, seed=1):
        assert one.states is not None
        place = one.helpful.index(True)
        attacked = one.states.copy()
        attacked[place] = injected(one.states[place])
        kept.append(fitted.with_states.volatilities(one.readings)[place])
        after = replace(one, states=attacked)
        lost.append(fitted.with_states.volatilities(after.readings)[place])
    assert np.mean(np.array(kept) < LIKELY) > 0.8
    assert np.mean(np.array(lost) < 0.5) < 0.1
    assert not fitted.without_states.instruction
    assert not fit(observed).with_states.instruction


def test_few_plain_chunks_are_taken_for_an_instruction() -> None:
    weights = fit(of_three_sets(90), made_up_twins(40)).with_states
    commands = [
        rated.commands for one in of_three_sets(150, seed=1) for rated in weights.rate(one.readings)
    ]
    assert 0 < np.mean(commands) < 0.05


def test_a_fold_knows_no_twin_of_its_questions() -> None:
    observed, twins = made_up(20, signal=1.0), made_up_twins(40)
    # A twin that says the opposite, of the first question.
    wrong = Twins(observed[0].question, "twins", 9 * twins[0].states[::-1], twins[0].place)
    folds = zip(fit(observed, twins).folds, fit(observed, [*twins, wrong]).folds, strict=True)
    for before, after in folds:
        own = question_key(observed[0].question) in before.questions
        assert (before.with_states.instruction == after.with_states.instruction) is own


def test_each_question_stands_in_one_fold() -> None:
    observed = made_up(30, signal=1.0)
    folds = fit(observed).folds
    keys = [key for fold in folds for key in fold.questions]
    assert sorted(keys) == sorted(question_key(one.question) for one in observed)


def test_the_same_question_twice_stands_in_one_fold() -> None:
    observed = made_up(15, signal=1.0) * 2
    folds = fit(observed).folds
    assert sum(len(fold.questions) for fold in folds) == 15


def test_without_states_no_instruction_is_known() -> None:
    fitted = fit(made_up(40, signal=1.0, states=False), made_up_twins(40))
    assert not fitted.with_states.instruction
    assert fitted.with_states == fitted.without_states
    assert fitted.with_states.similarity > 0


@pytest.mark.parametrize("n", [0, 9])
def test_too_few_questions_are_refused(n: int) -> None:
    with pytest.raises(InputError, match="cannot be fitted"):
        fit(made_up(n, signal=1.0))


def test_chunks_of_one_sort_are_refused() -> None:
    observed = [Observed(str(n), "", ("helpful",), (True,), (0.1,)) for n in range(20)]
    with pytest.raises(InputError, match="some chunks of which help"):
        fit(observed)


@pytest.mark.parametrize("states", [True, False])
def test_readings_come_back_from_a_journal(states: bool) -> None:
    [bare] = made_up(1, signal=1.0, states=states)
    [one] = looking([bare], signal=1.0)
    back = read_observed(json.loads(json.dumps(write_observed(one))))
    assert (back.question, back.dataset) == (one.question, one.dataset)
    assert (back.kinds, back.helpful) == (one.kinds, one.helpful)
    assert (back.similarities, back.attentions) == (one.similarities, one.attentions)
    if one.states is None:
        assert back.states is None
    else:
        assert back.states is not None
        np.testing.assert_allclose(back.states, one.states, atol=1e-5)
    unseen = replace(bare, similarities=None)
    back = read_observed(json.loads(json.dumps(write_observed(unseen))))
    assert (back.similarities, back.attentions) == (None, None)


def test_twins_come_back_from_a_journal() -> None:
    [twins] = made_up_twins(1)
    kept = json.loads(json.dumps(write_twins(twins)))
    assert kept["place"] == twins.place
    np.testing.assert_allclose(kept["states"], twins.states, atol=1e-5)


def test_layers_by_depth() -> None:
    assert [state_layer(30, depth) for depth in (0, 0.25, 0.5, 1)] == [0, 7, 14, 29]


def test_tables_say_what_was_found() -> None:
    observed = made_up(40, signal=1.0)
    fitted = fit(observed)
    quality = assess(observed, fitted, alphas=[0.2], seed=0)
    assert quality.auroc["all others"].value == pytest.approx(
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


def test_of_three_data_sets_each_is_judged_by_weights_that_saw_only_others() -> None:
    sets = [
        replace(one, question=f"{name} {one.question}", dataset=name)
        for seed, name in enumerate(("first", "second", "turned"))
        for one in made_up(30, signal=1.5, seed=seed)
    ]
    # There the signal points the other way: what the other sets teach must not help.
    observed = [
        replace(one, helpful=tuple(not helps for helps in one.helpful))
        if one.dataset == "turned"
        else one
        for one in sets
    ]
    # A question of the first set stands in the second, too.
    observed.append(replace(observed[0], dataset="second"))
    fitted = fit(observed, made_up_twins(9))
    assert auroc(observed[60:90], of_all(fitted.volatilities[60:90])) < 0.3
    twice = question_key(observed[0].question)
    folds = {fold.dataset: fold.questions for fold in fitted.folds}
    assert twice in folds["first"] & folds["second"]
    assert {name: len(keys) for name, keys in folds.items()} == {
        "first": 30,
        "second": 31,
        "turned": 30,
        "twins": 9,
    }
    [kinds, *_] = quality_tables(assess(observed, fitted, alphas=[0.2], seed=0))
    assert "fitted on the other data sets" in kinds.explains


def test_where_one_set_alone_has_chunks_that_help_it_is_not_left_out() -> None:
    observed = made_up(30, signal=1.0)
    for name in ("no help", "none either"):
        observed += [
            replace(one, question=f"{name} {one.question}", dataset=name, helpful=(False,) * 5)
            for one in made_up(12, signal=1.0)
        ]
    folds = fit(observed).folds
    assert [fold.dataset for fold in folds] == [""] * 5
