"""Stage 5: of a chunk that instructs the model, the part without the instruction may enter.

An instruction stands somewhere in a passage. Cut between sentences, one half often has it, or one
half of that, and the rest what is known. Where another chunk is steady, an attacked one is better
left alone: what is left of it can still be an instruction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from overlay.answering.candidate import Candidate, part_of
from overlay.answering.job import Job
from overlay.answering.judge import judge, rated
from overlay.answering.read import seen_in
from overlay.answering.workspace import Workspace
from overlay.sentences import remainders
from selector.budget import LIKELY

__all__ = ["shorten"]

_STEADY = 0.4
"""Volatility of a chunk that makes up for an attacked one. Irrelevant ones within budget mostly lie
above, the best helpful one of a question below in nine of ten."""


def shorten(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Cut the chunks that would be likely to help but for an instruction in them.

    Nothing is done where a steady chunk is within budget. Otherwise each part of
    :func:`overlay.sentences.remainders` is rated in the chunk's place, and the one of the lowest
    volatility, if it is likely to help, takes it. Sessions of what is not let in are closed.
    """
    kept = list(candidates)
    if job.settings.halve and not any(_steady(job, one) for one in kept):
        spare = workspace.spare(kept)
        for place, one in enumerate(candidates):
            if _instructs(job, one):
                kept = _with_best_part(job, workspace, kept, place, spare)
        if any(one.halved for one in kept):
            kept = judge(job, workspace, kept)
    return [one if one.accepted else workspace.forget(one) for one in kept]


def _with_best_part(
    job: Job, workspace: Workspace, candidates: list[Candidate], place: int, spare: int
) -> list[Candidate]:
    """All chunks, with the best part in one's place if it is within budget, and rated anew."""
    whole = candidates[place]
    best: list[Candidate] | None = None
    for part in _parts(job, workspace, whole, spare):
        tried = rated(job, [*candidates[:place], part, *candidates[place + 1 :]])
        worse = tried
        if best is None or tried[place].volatility < best[place].volatility:
            worse, best = best or [], tried
        if worse:
            workspace.forget(worse[place])
    if best is None:
        return candidates
    if not _likely(job, best[place].volatility):
        workspace.forget(best[place])
        return candidates
    workspace.forget(whole)
    return best


def _parts(job: Job, workspace: Workspace, whole: Candidate, spare: int) -> Iterator[Candidate]:
    """Parts of a chunk, each read; none where it cannot be cut, or the cache cannot hold two."""
    prompt = job.prompt
    if 2 * (len(whole.tokens) + len(prompt.tail)) > spare or whole.session is None:
        return
    for text in remainders(whole.text):
        part = part_of(job.model, whole, text)
        # What the whole chunk begins with alike is not evaluated again.
        pairs = zip(part.tokens, whole.tokens, strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        session = workspace.fork(whole.session)
        session.rollback(len(prompt.prefix) + alike)
        session.extend(part.tokens[alike:])
        [seen] = seen_in(job, workspace.read_beside(session))
        # The part stands where the whole was looked at.
        attention = None if whole.seen is None else whole.seen.attention
        yield replace(part, session=session, seen=replace(seen, attention=attention))


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
    return job.judge.verdict(one.rated, None, 0.0).accepted
