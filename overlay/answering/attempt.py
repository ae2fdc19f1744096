"""Stages 9 to 11, for one variant after the other until an answer begins steady.

The first is tried alone. Where it begins shaky, the next ones are tried side by side: the first
tokens of two take hardly longer than those of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from overlay.answering.begin import Attempt, begin
from overlay.answering.decide import steady
from overlay.answering.inject import Context, inject
from overlay.answering.job import Job
from overlay.answering.repeat import repeat
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace

__all__ = ["attempt"]

_SIDE_BY_SIDE = 2


def attempt(
    job: Job, workspace: Workspace, variants: Iterable[Variant], before: Sequence[Attempt] = ()
) -> list[Attempt]:
    """Begin an answer under the first variant, and under others until one is steady.

    Args:
        before: those of earlier doses, none of them steady; they come first in what is returned.
    """
    left, found = iter(variants), list(before)
    count = _SIDE_BY_SIDE if found else 1
    while contexts := list(islice(_contexts(job, workspace, left, first=not found), count)):
        found += begin(job, workspace, contexts)
        if any(steady(job, one) for one in found):
            break
        count = _SIDE_BY_SIDE
    return found


def _contexts(
    job: Job, workspace: Workspace, variants: Iterator[Variant], *, first: bool
) -> Iterator[Context]:
    """Each variant's, as long as there is room; the first has it."""
    for variant in variants:
        if not first and not workspace.fits(variant.chunks):
            return
        yield repeat(job, workspace, inject(job, workspace, variant))
