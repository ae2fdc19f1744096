"""Whether a profile has a first dose."""

from __future__ import annotations

from typing import Any

import pytest

from overlay.calibration.dose import (
    DOSE,
    compare_doses,
    dose_table,
    observe_first_dose,
)
from overlay.cli.calibrate import _compare_doses, _compare_orders
from overlay.journal import Journal
from overlay.labelled.items import Item, Kind, Passage
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel
from selector.order import Order
from selector.profile_files import default_profile


@pytest.mark.parametrize(
    ("whole", "first", "size"),
    [
        ([True, False, False], [True, True, False], DOSE),
        ([True, False, False], [True, False, False], DOSE),
        ([True, True, False], [True, False, False], 0),
    ],
    ids=["more are right", "as many", "fewer"],
)
def test_doses_are_taken_where_no_fewer_answers_are_right(
    whole: list[bool], first: list[bool], size: int
) -> None:
    found = compare_doses(
        whole, [{"right": right, "index": 0.1} for right in first], steady=0.5, seed=0
    )
    assert found is not None
    assert found.size == size
    assert found.steady == 1


def test_where_the_first_dose_begins_shaky_the_answer_is_that_from_all() -> None:
    first: list[dict[str, Any]] = [
        {"right": False, "index": 0.9},
        {"right": False, "index": None},
        {"right": True, "index": 0.5},
        {"right": False, "index": 0.2},
    ]
    found = compare_doses([True, True, False, False], first, steady=0.5, seed=0)
    assert found is not None
    assert found.right == (0.5, 0.75)
    assert found.more.value == pytest.approx(0.25)
    assert found.as_dict() == {"questions": 4, "steady": 0.5, "all": 0.5, "by doses": 0.75}
    assert [row[1] for row in dose_table(found).rows] == ["0.50", "0.75"]


def test_where_nothing_is_asked_nothing_is_said_of_doses() -> None:
    assert compare_doses([], [], steady=0.5, seed=0) is None


def test_the_first_dose_is_the_most_similar_chunks_alone(tiny_model: LlamaCppModel) -> None:
    passages = [Passage(f"text {n}", Kind.IRRELEVANT, str(n), 0.1 * n) for n in range(6)]
    item = Item("1", "made up", "Which colour?", ("red",), tuple(passages))
    near = Item("1", "made up", "Which colour?", ("red",), tuple(passages[-DOSE:]))
    settings, profile = Settings(max_tokens=4), default_profile()
    before = tiny_model.evaluated
    found = observe_first_dose(tiny_model, settings, profile, item)
    spent = tiny_model.evaluated - before
    assert found == observe_first_dose(tiny_model, settings, profile, near)
    assert tiny_model.evaluated - before == 2 * spent, "no other chunk is read"
    assert 0 <= found["index"] <= 1


def test_questions_that_were_asked_in_both_orders_are_asked_once_more(
    tiny_model: LlamaCppModel,
) -> None:
    passages = tuple(Passage(f"text {n}", Kind.IRRELEVANT, str(n), 0.1 * n) for n in range(4))
    items = [Item(f"{n}", "made up", f"Which colour {n}?", ("red",), passages) for n in range(2)]
    settings, journal = Settings(max_tokens=4), Journal(None, {})
    profile = default_profile().model_copy(update={"order": Order.SIMILAR_FIRST})
    assert _compare_orders(tiny_model, items, settings, journal) is not None
    found = _compare_doses(tiny_model, profile, items, settings, journal)
    assert found is not None
    assert found.questions == 2
    before = tiny_model.evaluated
    assert _compare_doses(tiny_model, profile, items, settings, journal) == found
    assert tiny_model.evaluated == before, "what was answered is not answered again"
    last = profile.model_copy(update={"order": Order.SIMILAR_LAST})
    assert _compare_doses(tiny_model, last, items, settings, journal) is None
    untold = profile.model_copy(update={"index": None})
    assert _compare_doses(tiny_model, untold, items, settings, journal) is None
