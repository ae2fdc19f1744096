"""Which order goes into a profile."""

from __future__ import annotations

import pytest

from overlay.calibration.order import ORDERS, compare, observe_orders, order_table
from overlay.labelled.items import Item, Kind, Passage
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel
from selector.order import Order


def answered(*, first: bool, last: bool) -> dict[str, bool]:
    return {"similar-first": first, "similar-last": last}


@pytest.mark.parametrize(
    ("first", "last", "better"),
    [(3, 1, Order.SIMILAR_FIRST), (1, 3, Order.SIMILAR_LAST), (2, 2, Order.SIMILAR_LAST)],
)
def test_the_order_with_more_right_answers_wins(first: int, last: int, better: Order) -> None:
    rows = [answered(first=n < first, last=n < last) for n in range(10)]
    found = compare(rows, seed=0)
    assert found is not None
    assert found.better is better
    assert found.as_dict() == {
        "questions": 10,
        "similar-first": first / 10,
        "similar-last": last / 10,
    }
    assert found.more.value == pytest.approx((first - last) / 10)
    assert [row[1] for row in order_table(found).rows] == [f"{last / 10:.2f}", f"{first / 10:.2f}"]


def test_where_nothing_is_asked_nothing_is_said() -> None:
    assert compare([], seed=0) is None


def test_a_question_is_answered_in_both_orders(tiny_model: LlamaCppModel) -> None:
    passages = (Passage("red", Kind.HELPFUL, "a", 0.9), Passage("green", Kind.IRRELEVANT, "b", 0.1))
    item = Item("1", "made up", "Which colour?", ("red",), passages)
    found = observe_orders(tiny_model, Settings(max_tokens=4), item)
    assert set(found) == {order.value for order in ORDERS}
