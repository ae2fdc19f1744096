"""Fitting a volatility index on made-up answers whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from overlay.calibration.fit import fit
from overlay.calibration.index import Answered, FittedIndex, fit_index, in_company
from overlay.calibration.parts import Part
from overlay.calibration.quality import assess, quality_tables
from overlay.labelled.items import Item, Kind, Passage
from selector.profile import Fold, question_key
from selector.signs import Signs
from selector.statistics.reliability import expected_calibration_error
from selector.weights import Weights
from tests.overlay.calibration.test_fit import made_up

WEIGHTS = Weights(bias=0.0, similarity=1.0)


def answers(n: int, *, seed: int = 0) -> list[Answered]:
    """Right with the chance that three of the signs say."""
    draw = np.random.default_rng(seed)
    log_probs, backed, shaky = -draw.exponential(1.0, n), draw.uniform(size=n), draw.uniform(size=n)
    chances = 1 / (1 + np.exp(-2.0 * log_probs - 4.0 * backed + 3.0 * shaky))
    right = draw.uniform(size=n) < chances
    rows = zip(log_probs.tolist(), backed.tolist(), shaky.tolist(), right.tolist(), strict=True)
    return [
        Answered(f"question {n}", "made up", signs(likely, backed, gained), is_right)
        for n, (likely, backed, gained, is_right) in enumerate(rows)
    ]


def signs(log_prob: float, backed: float, gained: float) -> Signs:
    return Signs(log_prob, gained, backed, backed, 1)


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
    weights = found.whole
    assert weights.log_prob == pytest.approx(-2.0, abs=0.3)
    assert weights.backing == pytest.approx(-4.0, abs=0.4)
    assert weights.gain == pytest.approx(3.0, abs=0.4)
    assert expected_calibration_error(found.chances, found.wrong) < 0.03


def test_an_answer_counts_with_what_others_say_and_as_if_it_stood_alone() -> None:
    given, draw = answers(4000), np.random.default_rng(1)
    # Others repeat what is right, three times in four.
    repeated = [float(one.right == (draw.uniform() < 0.75)) for one in given]
    heard = [
        replace(one, signs=replace(one.signs, consensus=share))
        for one, share in zip(given, repeated, strict=True)
        if one.signs is not None
    ]
    found, alone = fitted(heard), fitted(given)
    # The odds of right are 3 to 1 where it is repeated, and 1 to 3 where it is not.
    assert found.whole.consensus == pytest.approx(-2 * math.log(3), abs=0.3)
    assert found.whole.compared == pytest.approx(math.log(3), abs=0.3)
    assert (alone.whole.consensus, alone.whole.compared) == (0.0, 0.0)
    assert found.answers == alone.answers == 4000
    assert found.whole.backing == pytest.approx(alone.whole.backing, abs=0.4)


def test_an_answer_is_judged_by_weights_that_have_not_seen_it() -> None:
    given = answers(100)
    before = fitted(given)
    turned = [replace(given[0], right=not given[0].right), *given[1:]]
    after = fitted(turned)
    assert after.chances[0] == before.chances[0]
    assert after.chances[1] != before.chances[1]
    assert after.folds[0] == before.folds[0]


def test_answers_without_chunks_are_fitted_on_and_flatter_no_figure() -> None:
    given = answers(400)
    none = Signs(-9.0, 0.0, 0.0, 0.0, 0)
    bare = [replace(one, signs=none, right=False) for one in given]
    found, alone = fitted([*given, *bare]), fitted(given)
    assert len(found.chances) == len(found.wrong) == len(found.questions) == len(given)
    assert found.wrong == alone.wrong
    assert found.whole != alone.whole


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
