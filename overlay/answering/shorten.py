"""Stage 4: of a chunk that instructs the model, the part without the instruction may enter.

An instruction stands somewhere in a passage. Cut between sentences, one half often has it, or one
half of that, and the rest what is known. Where another chunk is steady, an attacked one is better
left alone: what is left of it can still be an instruction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from overlay.answering.candidate import Candidate, Seen, part_of
from overlay.answering.inject import grown
from overlay.answering.job import Job
from overlay.answering.judge import judge, rated
from overlay.answering.read import side_by_side
from overlay.answering.workspace import Workspace
from overlay.sentences import remainders
from probes.look import end_states
from selector.budget import LIKELY

__all__ = ["shorten"]

_CLEAN = 0.2
"""How much a part may instruct: what is left of an attacked chunk is suspect."""
_STEADY = 0.4
"""Volatility of a chunk that makes up for an attacked one. Irrelevant ones within budget mostly lie
above, the best helpful one of a question below in nine of ten."""


def shorten(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Cut the chunks that would be likely to help but for an instruction in them.

    Nothing is done where a steady chunk is within budget. Otherwise each part of
    :func:`overlay.sentences.remainders` is rated in the chunk's place, and the longest one that is
    likely to help takes it.
    """
    kept = list(candidates)
    layer = job.judge.layer
    if layer is None or not job.settings.halve or any(_steady(job, one) for one in kept):
        return kept
    for place, one in enumerate(candidates):
        if _instructs(job, one):
            kept = _with_best_part(job, workspace, kept, place, layer)
    return judge(job, workspace, kept) if any(one.halved for one in kept) else kept


def _with_best_part(
    job: Job, workspace: Workspace, candidates: list[Candidate], place: int, layer: int
) -> list[Candidate]:
    """All chunks, rated anew, with the longest part that is likely to help in one's place."""
    best = candidates
    for part in _parts(job, workspace, candidates, place, layer):
        tried = rated(job, [*candidates[:place], part, *candidates[place + 1 :]])
        rating = tried[place].rated
        assert rating is not None  # noqa: S101 - tells mypy that a part was read
        longer = best is candidates or len(part.tokens) > len(best[place].tokens)
        if longer and rating.instructs <= _CLEAN and _likely(job, rating.volatility):
            best = tried
    return best


def _parts(
    job: Job, workspace: Workspace, candidates: Sequence[Candidate], place: int, layer: int
) -> Iterator[Candidate]:
    """Parts of a chunk, each read where the whole was; none where it cannot be cut."""
    whole = candidates[place]
    beside = side_by_side(workspace, candidates)
    before = list(takewhile(lambda one: one is not whole, beside))
    for text in remainders(whole.text):
        part = part_of(job.model, whole, text)
        if not workspace.fits([*before, part]):
            return
        session = grown(workspace, before)
        session.extend(part.tokens)
        [state] = end_states(job.model, session, [len(session.tokens)], layer)
        workspace.close(session)
        # The part stands where the whole was looked at.
        attention = None if whole.seen is None else whole.seen.attention
        yield replace(part, seen=Seen(state, attention))


def _steady(job: Job, one: Candidate) -> bool:
    return one.volatility <= _STEADY and _allowed(job, one)


def _instructs(job: Job, one: Candidate) -> bool:
    """Whether nothing but an instruction puts a chunk over budget."""
    if one.rated is None or not one.rated.commands or _allowed(job, one):
        return False
    volatility, instructs = one.rated
    return _likely(job, 1 - (1 - volatility) / (1 - instructs))


def _likely(job: Job, volatility: float) -> bool:
    return volatility <= min(LIKELY, job.judge.budget.step)


def _allowed(job: Job, one: Candidate) -> bool:
    """Whether a step may spend what the chunk costs."""
    return job.judge.verdict(one.rated, 0.0).accepted
