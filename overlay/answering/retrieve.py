"""Stage 1: the chunks that may stand in the context."""

from __future__ import annotations

from overlay.answering.candidate import Candidate, candidate_of
from overlay.answering.job import Job
from overlay.options import Mode
from retriever import Searcher

__all__ = ["retrieve"]


def retrieve(job: Job, searcher: Searcher | None) -> list[Candidate]:
    """Search for what the question asks; nothing without a searcher, or where the mode says so."""
    if searcher is None or job.options.mode is Mode.NO_CONTEXT:
        return []
    found = searcher.search(job.prompt.question, job.settings.k)
    return [candidate_of(job.model, chunk) for chunk in found]
