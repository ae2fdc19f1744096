"""Fitting a volatility index on made-up answers whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from overlay.calibration.fit import fit
from overlay.calibration.index import Answered, FittedIndex, fit_index, in_company
from overlay.calibration.kept_signs import keep
from overlay.calibration.parts import Part
from overlay.calibration.quality import assess, quality_tables
from overlay.labelled.items import Item, Kind, Passage
from selector.profile import Fold, question_key
from selector.signs import Signs
from selector.statistics.reliability import expected_calibration_error
from selector.weights import Weights
from tests.overlay.calibration.test_fit import made_up

WEIGHTS = Weights(bias=0.0, similarity=1.0)


def answers(n: int, *, seed: int = 0, width: int = 0) -> list[Answered]:
    """Right with the chance that three of the signs say, and half of the states, if there are any.

    Args:
        width: of the states, which say of the answer what nothing else does; 0 for none.
    """
    draw = np.random.default_rng(seed)
    log_probs, copied, shaky = -draw.exponential(1.0, n), draw.uniform(size=n), draw.uniform(size=n)
    states = draw.normal(size=(n, width)).astype(np.float32)
    known = states[:, : width // 2].sum(axis=1)
    chances = 1 / (1 + np.exp(-2.0 * log_probs - 4.0 * copied + 3.0 * shaky - known))
    right = draw.uniform(size=n) < chances
    return [
        Answered(
            f"question {number}",
            "made up",
            keep(
                Signs(
                    float(log_probs[number]),
                    float(copied[number]),
                    float(shaky[number]),
                    0.5,
                    0.0,
                    1,
                    states[number] if width else None,
                )
            ),
            bool(right[number]),
        )
        for number in range(n)
    ]


def folds(n: int) -> list[Fold]:
    keys = [question_key(f"question {number}") for number in range(n)]
    return [
        Fold(questions=frozenset(keys[start::5]), with_states=WEIGHTS, without_states=WEIGHTS)
        for start in range(5)
    ]


def fitted(given: list[Answered]) -> FittedIndex:
    found = fit_index(given, folds(len(given)))
    assert found is not None
    return found


def test_the_weights_are_found_again_and_the_chances_are_chances() -> None:
    found = fitted(answers(4000))
    assert found.whole.with_states is None
    weights = found.whole.without_states
    assert weights.log_prob == pytest.approx(-2.0, abs=0.3)
    assert weights.copied == pytest.approx(-4.0, abs=0.4)
    assert weights.gain == pytest.approx(3.0, abs=0.4)
    assert expected_calibration_error(found.chances, found.wrong) < 0.03


def test_states_say_what_the_other_signs_do_not() -> None:
    with_states, without = answers(4000, width=40), answers(4000, width=40)
    blind = [replace(one, signs=one.signs and replace(one.signs, state=None)) for one in without]
    found, other = fitted(with_states), fitted(blind)
    assert found.whole.with_states is not None
    half = np.split(np.array(found.whole.with_states.state), 2)
    # The penalty is large: the signs of their weights are found again, not their size.
    assert half[0].max() < -3 * np.abs(half[1]).max()
    told, guessed = (roc_auc_score(one.wrong, one.chances) for one in (found, other))
    assert told > guessed + 0.05
    # What a backend without states goes by is the same.
    assert found.whole.without_states == other.whole.without_states


def test_where_an_answer_has_no_state_none_counts() -> None:
    given = answers(100, width=4)
    blind = replace(given[0], signs=given[0].signs and replace(given[0].signs, state=None))
    assert fitted([blind, *given[1:]]).whole.with_states is None


def test_an_answer_is_judged_by_weights_that_have_not_seen_it() -> None:
    given = answers(100)
    before = fitted(given)
    turned = [replace(given[0], right=not given[0].right), *given[1:]]
    after = fitted(turned)
    assert after.chances[0] == before.chances[0]
    assert after.chances[1] != before.chances[1]
    assert after.folds[0] == before.folds[0]


def test_abstentions_tell_nothing() -> None:
    given = answers(100)
    abstained = [replace(one, signs=None, right=False) for one in answers(50)]
    assert fit_index([*given, *abstained], folds(100)) == fitted(given)


def test_every_second_question_of_a_set_has_helpful_passages_alone() -> None:
    passages = (Passage("it is so", Kind.HELPFUL), Passage("it rains", Kind.IRRELEVANT))
    items = [
        Item(f"{name} {number}", name, "why?", ("so",), passages)
        for number in range(4)
        for name in ("first", "second")
    ]
    nothing_helps = replace(items[0], passages=passages[1:])
    found = in_company([*items, items[0], nothing_helps])
    turn = [Part.ALL, Part.ALL, Part.HELPFUL, Part.HELPFUL]
    assert [part for part, _ in found] == [*turn, *turn, Part.ALL, Part.ALL]
    assert found[2][1].passages == passages[:1]
    assert found[9][1] == nothing_helps


def test_too_few_answers_or_right_ones_alone_give_no_index() -> None:
    assert fit_index(answers(20), folds(20)) is None
    # Enough in all, too few without a fold.
    assert fit_index(answers(35), folds(35)) is None
    right = [replace(one, right=True) for one in answers(100)]
    assert fit_index(right, folds(100)) is None


def test_the_page_says_what_the_index_is_worth() -> None:
    sets = ("made up", "another")
    observed = [
        replace(one, dataset=sets[number % 2]) for number, one in enumerate(made_up(60, signal=1.0))
    ]
    given = [replace(one, dataset=sets[number % 2]) for number, one in enumerate(answers(200))]
    found = fit(observed)
    quality = assess(observed, found, fit_index(given, found.folds), alphas=[0.2], seed=0)
    assert quality.index is not None
    assert quality.index.auroc.value > 0.7
    assert quality.index.surest_half > 1.2
    [table] = [
        one for one in quality_tables(quality) if one.title == "The volatility index of an answer"
    ]
    assert [row[0] for row in table.rows] == ["other questions"]
