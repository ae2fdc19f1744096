"""Stage 1: the chunks that may stand in the context."""

from __future__ import annotations

from overlay.answering.candidate import Candidate, candidate_of
from overlay.answering.job import Job
from overlay.options import Mode
from retriever import Searcher, search_several

__all__ = ["retrieve"]


def retrieve(job: Job, searcher: Searcher | None) -> list[Candidate]:
    """Search for what the question asks, with what it leans on in a later turn.

    Nothing without a searcher, or where the mode says so.
    """
    if searcher is None or job.options.mode is Mode.NO_CONTEXT:
        return []
    found = search_several(searcher, job.prompt.searched_for, job.settings.k)
    return [candidate_of(job.model, chunk) for chunk in found]
