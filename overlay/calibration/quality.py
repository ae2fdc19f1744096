"""How well a profile does on questions that its weights have not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlay.calibration.fit import Fitted
from overlay.calibration.index import FittedIndex
from overlay.calibration.index_quality import (
    IndexQuality,
    index_quality,
    index_table,
    left_out_words,
)
from overlay.calibration.observe import Observed
from overlay.calibration.parts import Part, parts
from overlay.views.text_table import Table
from selector.guarantee import (
    BUDGETS,
    Loss,
    Promise,
    harmful_accepted,
    helpful_dropped,
    loosest_budget,
    loss_table,
    promised_losses,
)
from selector.statistics.interval import Interval, mean_interval
from selector.statistics.ranking import clustered_auroc
from selector.statistics.reliability import expected_calibration_error

__all__ = ["Quality", "Simulated", "assess", "quality_tables"]

_BUDGETS = (0.1, 0.3, 0.5, 0.7)
_SPLITS = 200

_Volatilities = Sequence[Mapping[Part, Sequence[float]]]
_Helpful = Sequence[Mapping[Part, Sequence[bool]]]
"""Of each question, by its parts."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A promise, and what became of it on held-back questions over many random splits.

    Attributes:
        loss: what it is about.
        promise: from all questions.
        feasible: share of the splits in which half of the questions allowed the promise.
        kept: mean loss on the other half, over those splits; None where there were none.
        helpful_kept, harmful_accepted: mean shares of chunks over those halves, likewise.
    """

    loss: str
    promise: Promise
    feasible: float
    kept: float | None
    helpful_kept: float | None
    harmful_accepted: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """What weights say of questions that they were not fitted on.

    Attributes:
        fitted_on: what they were fitted on, in words.
        auroc: how well the volatility tells helpful chunks from all others, and from each kind of
            others, any two questions compared.
        ece: of the volatility as the chance that a chunk does not help, chunks as they come.
        accepted: share of the chunks of a kind that a step budget lets in, with its interval; of
            helpful chunks and of others also where none of the other sort stand beside them.
        index: of the volatility index; None where none was fitted.
        promises: see :class:`Simulated`.
        harm, loss: see :class:`selector.profile.Profile`.
    """

    fitted_on: str
    auroc: dict[str, Interval]
    ece: float
    accepted: dict[str, dict[float, Interval]]
    index: IndexQuality | None
    promises: tuple[Simulated, ...]
    harm: tuple[float, ...]
    loss: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "fitted_on": self.fitted_on,
            "promises": [asdict(one.promise) | {"loss": one.loss} for one in self.promises],
            "auroc": {kind: round(auroc.value, 4) for kind, auroc in self.auroc.items()},
            "ece": round(self.ece, 4),
            "index": None if self.index is None else self.index.rounded(),
        }


def assess(
    observed: Sequence[Observed],
    fitted: Fitted,
    index: FittedIndex | None = None,
    *,
    alphas: Sequence[float],
    seed: int,
) -> Quality:
    """Sum up volatilities that come from weights fitted on other questions.

    Args:
        alphas: losses to promise.
        seed: makes intervals and splits repeatable.
    """
    helpful = [{part: some.helpful for part, some in parts(one).items()} for one in observed]
    auroc, accepted = _told(observed, fitted.volatilities, seed)
    return Quality(
        fitted_on=left_out_words(fitted.folds),
        auroc=auroc,
        ece=_ece(observed, fitted.volatilities),
        accepted=accepted,
        index=None
        if index is None
        else index_quality(index.chances, index.wrong, index.questions, seed=seed),
        promises=tuple(_simulate(fitted.volatilities, helpful, alphas, seed)),
        harm=_promised(fitted.volatilities, helpful, harmful_accepted),
        loss=_promised(fitted.volatilities, helpful, helpful_dropped),
    )


def _ece(observed: Sequence[Observed], volatilities: _Volatilities) -> float:
    chances = [volatility for own in volatilities for volatility in own[Part.ALL]]
    return expected_calibration_error(
        chances, [not helps for one in observed for helps in one.helpful]
    )


def _told(
    observed: Sequence[Observed], volatilities: _Volatilities, seed: int
) -> tuple[dict[str, Interval], dict[str, dict[float, Interval]]]:
    """AUROCs, and what budgets let in, see :class:`Quality`."""
    rows = [
        (number, str(kind), helps, volatility)
        for number, (one, own) in enumerate(zip(observed, volatilities, strict=True))
        for kind, helps, volatility in zip(one.kinds, one.helpful, own[Part.ALL], strict=True)
    ]
    others = list(dict.fromkeys(kind for _, kind, helps, _ in rows if not helps))
    auroc = {
        against: clustered_auroc(
            [
                (
                    [v for n, k, h, v in rows if n == number and not h and k in kinds],
                    [v for n, _, helps, v in rows if n == number and helps],
                )
                for number in range(len(observed))
            ],
            seed=seed,
        )
        for against, kinds in [("all others", others), *((kind, [kind]) for kind in others)]
    }
    groups = {"helpful": [row for row in rows if row[2]]}
    groups |= {kind: [row for row in rows if not row[2] and row[1] == kind] for kind in others}
    groups |= {
        str(part): [
            (number, "", part is Part.HELPFUL, volatility)
            for number, own in enumerate(volatilities)
            for volatility in own.get(part, ())
        ]
        for part in (Part.HELPFUL, Part.OTHERS)
    }
    accepted = {
        kind: {
            budget: mean_interval(
                [float(row[3] <= budget) for row in chosen],
                [row[0] for row in chosen],
                seed=seed,
            )
            for budget in _BUDGETS
        }
        for kind, chosen in groups.items()
        if chosen
    }
    return auroc, accepted


def _promised(volatilities: _Volatilities, helpful: _Helpful, loss: Loss) -> tuple[float, ...]:
    """Rounded up: a promise must not grow by rounding."""
    promised = promised_losses(np.concatenate(_losses(volatilities, helpful, loss)))
    return tuple((np.ceil(promised * 1e4) / 1e4).tolist())


def _losses(
    volatilities: _Volatilities, helpful: _Helpful, loss: Loss
) -> list[NDArray[np.float64]]:
    """``[1, budgets]`` for each question: its mean loss over its parts, which are not independent.

    A question in which there is nothing to lose has a table without rows.
    """
    tables = [
        loss_table(list(own.values()), [helps[part] for part in own], loss)
        for own, helps in zip(volatilities, helpful, strict=True)
    ]
    return [table.mean(axis=0, keepdims=True) if len(table) else table for table in tables]


def _simulate(
    volatilities: _Volatilities, helpful: _Helpful, alphas: Sequence[float], seed: int
) -> list[Simulated]:
    """Promise from one half of the questions, look at the other, over random splits."""
    losses = {"harmful accepted": harmful_accepted, "helpful dropped": helpful_dropped}
    rows = {name: _losses(volatilities, helpful, loss) for name, loss in losses.items()}
    draw = np.random.default_rng(seed)
    halves = [np.array_split(draw.permutation(len(volatilities)), 2) for _ in range(_SPLITS)]
    tables = {
        name: [[np.concatenate([own[n] for n in half]) for half in split] for split in halves]
        for name, own in rows.items()
    }
    return [
        _simulated(name, loosest_budget(np.concatenate(rows[name]), alpha), tables)
        for name in losses
        for alpha in alphas
    ]


def _simulated(
    name: str, promise: Promise, tables: Mapping[str, Sequence[Sequence[NDArray[np.float64]]]]
) -> Simulated:
    """What comes of a promise like this one in each split."""
    seen: list[dict[str, float]] = []
    for split, (first, _) in enumerate(tables[name]):
        budget = loosest_budget(first, promise.alpha).budget
        if budget is not None:
            place = BUDGETS.index(budget)
            seen.append({of: float(own[split][1][:, place].mean()) for of, own in tables.items()})

    def mean(of: str) -> float | None:
        return float(np.mean([one[of] for one in seen])) if seen else None

    dropped = mean("helpful dropped")
    return Simulated(
        loss=name,
        promise=promise,
        feasible=len(seen) / _SPLITS,
        kept=mean(name),
        helpful_kept=None if dropped is None else 1 - dropped,
        harmful_accepted=mean("harmful accepted"),
    )


def quality_tables(quality: Quality) -> list[Table]:
    """AUROC by kind; what each step budget lets in; the index; the promises."""
    tables = list(_told_tables(quality))
    if quality.index is not None:
        tables.append(index_table(quality.index, quality.fitted_on))
    promises = Table(
        "What can be promised",
        f"Conformal risk control: the step budget that promises a loss of at most alpha, and what "
        f"became of it over {_SPLITS} random halves: budget from one half, loss on the other. A "
        "question counts with its chunks as they are, with the helpful ones only and with the "
        "others only, a third each. It holds for questions like these; it holds for no other "
        "collection, and against no adversary.",
        (
            "promise about",
            "alpha",
            "step budget",
            "feasible in",
            "loss seen",
            "helpful kept",
            "harmful let in",
        ),
        tuple(_promise_row(one) for one in quality.promises),
    )
    return [*tables, promises]


def _told_tables(quality: Quality) -> tuple[Table, Table]:
    fitted = f"by weights fitted on {quality.fitted_on}"
    return (
        Table(
            "Telling helpful chunks from others",
            f"AUROC of the volatility {fitted}, 95 % intervals over questions; 0.5 tells nothing. "
            "As the chance that a chunk does not help it has an expected calibration error of "
            f"{quality.ece:.3f}.",
            ("against", "AUROC"),
            tuple((str(kind), str(found)) for kind, found in quality.auroc.items()),
        ),
        Table(
            "What a step budget lets in",
            f"Share of the chunks of each kind that is accepted {fitted}, 95 % intervals over "
            "questions. The last two rows: where a question comes with its helpful chunks only, "
            "or without them.",
            ("chunks", *(f"{budget:g}" for budget in _BUDGETS)),
            tuple(
                (str(kind), *map(str, shares.values())) for kind, shares in quality.accepted.items()
            ),
        ),
    )


def _promise_row(one: Simulated) -> tuple[str, ...]:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    promise = one.promise
    return (
        one.loss,
        f"{promise.alpha:g}",
        "none" if promise.budget is None else f"{promise.budget:g}",
        f"{one.feasible:.0%}",
        number(one.kept),
        number(one.helpful_kept),
        number(one.harmful_accepted),
    )
