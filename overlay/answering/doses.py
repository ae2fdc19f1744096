"""Stage 3: how much of what was found is read at first.

What is most similar to the question answers it most often. So the first dose is the most similar
chunks alone, and the others are read where no answer begins steady from these. A context that grows
at its end goes on from there: nothing that was read is evaluated again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from selector.order import Order
from selector.verdict import not_needed

__all__ = ["doses"]


def doses(job: Job, candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Yield the candidates, those of a later dose as not needed, and then as they are.

    All come at once where the context would not grow at its end, where few were found, or where
    nothing would tell whether the first dose is enough.
    """
    size = job.first_dose
    unjudged = [one for one in candidates if one.verdict is None]
    if _grows(job) and 0 < size < len(unjudged):
        later = sorted(unjudged, key=lambda one: -one.chunk.similarity)[size:]
        verdict = not_needed(size)
        yield [replace(one, verdict=verdict) if one in later else one for one in candidates]
    yield list(candidates)


def _grows(job: Job) -> bool:
    """Whether a second dose stands behind the first, and the first's answer tells if it is due."""
    options = job.options
    told = job.judge.tells and job.settings.variants > 1 and not (options.echo or options.select)
    return told and job.order is Order.SIMILAR_FIRST and not job.settings.majority
