"""In which order a model answers best from the chunks of a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overlay.calibration.asking import FIRST_VARIANT, answer_item
from overlay.labelled.items import Item
from overlay.settings import Settings
from overlay.views.text_table import Table
from probes.protocol import Model
from selector.order import Order
from selector.profile_files import default_profile
from selector.statistics.interval import Interval, mean_interval

__all__ = ["ORDERS", "Compared", "compare", "observe_orders", "order_table"]

ORDERS = (Order.SIMILAR_LAST, Order.SIMILAR_FIRST)
"""Those in which chunks are read, so that neither costs more than the other."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Both orders, asked the same questions.

    Attributes:
        right: share of right answers by order, as :data:`ORDERS`.
        more: how much more are right with the most similar chunk first, with its 95 % interval.
    """

    questions: int
    right: tuple[float, ...]
    more: Interval

    @property
    def better(self) -> Order:
        """That with more right answers; of two alike, the most similar last."""
        last, first = self.right
        return Order.SIMILAR_FIRST if first > last else Order.SIMILAR_LAST

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a profile."""
        shares = zip(ORDERS, self.right, strict=True)
        return {"questions": self.questions} | {one.value: round(share, 4) for one, share in shares}


def observe_orders(model: Model, settings: Settings, item: Item) -> dict[str, bool]:
    """Whether the model answers a question rightly from all of its chunks, by order.

    What instructs is kept out, and no other variant is tried. The default profile judges, so that
    nothing has to be calibrated before.
    """
    found = {}
    for order in ORDERS:
        own = settings.model_copy(update={"order": order, **FIRST_VARIANT})
        _, found[order.value] = answer_item(model, own, default_profile(), item)
    return found


def compare(observed: Sequence[Mapping[str, bool]], *, seed: int) -> Compared | None:
    """Both orders side by side; None where nothing was asked.

    Args:
        observed: of each question, see :func:`observe_orders`.
    """
    if not observed:
        return None
    rows = [[float(one[order.value]) for order in ORDERS] for one in observed]
    right = tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))
    more = mean_interval([first - last for last, first in rows], seed=seed, bounds=(-1.0, 1.0))
    return Compared(len(rows), right, more)


def order_table(compared: Compared) -> Table:
    """What :func:`compare` found."""
    names = ("the most similar chunk last, next to the question", "the most similar chunk first")
    rows = [(name, f"{share:.2f}") for name, share in zip(names, compared.right, strict=True)]
    return Table(
        "In which order the chunks enter",
        f"Right answers to {compared.questions} questions from all of their chunks. With the most "
        f"similar first {compared.more.signed()} more are right (95 % interval); the better order "
        "goes into the profile.",
        ("order", "right"),
        tuple(rows),
    )
