"""``overlay lab agreement``: whether an answer has the same index on another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from eval.lab.variant_answers import VariantAnswer
    from overlay.views.text_table import Table

__all__ = ["agreement", "agreement_table"]

_NEAR = 0.1


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("others", nargs=-1, required=True, type=click.Path(path_type=Path))
def agreement(first: Path, others: tuple[Path, ...]) -> None:
    """Compare the indices of answers that are the same text.

    FIRST and OTHERS are files that `overlay lab variants --output` wrote with other settings or on
    another machine: the same questions, once with `--requantize never`, say.
    """
    from rich.console import Console

    from eval.lab.variant_answers import check_variants, read_answers
    from overlay.journal import Journal
    from overlay.views.text_table import print_table

    journals = [check_variants(Journal.read(path)) for path in (first, *others)]
    answers = [
        {key: {one.variant: one for one in read_answers(journal[key])} for key in journal}
        for journal in journals
    ]
    here, *there = answers
    pairs = {
        str(path): [
            (one, found[key][name])
            for key, own in here.items()
            for name, one in own.items()
            if name in found.get(key, {})
        ]
        for path, found in zip(others, there, strict=True)
    }
    print_table(Console(), agreement_table(pairs))


def agreement_table(
    pairs: Mapping[str, Sequence[tuple[VariantAnswer, VariantAnswer]]],
) -> Table:
    """How far apart the indices of the same text are.

    Args:
        pairs: of each other file, the answers of the same variant to the same question.
    """
    import numpy as np

    from overlay.views.text_table import Table

    rows = []
    for name, found in pairs.items():
        apart = [
            abs(one.index - other.index)
            for one, other in found
            if one.text == other.text and one.index is not None and other.index is not None
        ]
        if not apart:
            rows.append((name, str(len(found)), "0", "-", "-", "-"))
            continue
        near = sum(distance <= _NEAR for distance in apart) / len(apart)
        middle, far = np.quantile(apart, [0.5, 0.9])
        rows.append(
            (name, str(len(found)), str(len(apart)), f"{near:.2f}", f"{middle:.3f}", f"{far:.3f}")
        )
    return Table(
        "The index of the same answer elsewhere",
        f"Of answers that are the same text: the share whose indices lie within {_NEAR:g} of one "
        "another, and how far apart they are, in the middle and in nine of ten.",
        ("compared with", "answers", "same text", "within", "median", "nine of ten"),
        tuple(rows),
    )
