"""Stage 2: what each chunk does to the question, before any draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.answering.candidate import Candidate, Seen
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from probes.prompted import Prompted
from selector.verdict import does_not_fit

__all__ = ["read", "seen_in"]


def read(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Read every chunk alone in the prompt, side by side; none where the judge weighs nothing.

    A chunk for which there is no room is judged at once.
    """
    if not job.judge.reads:
        return list(candidates)
    measured = _with_room(workspace, candidates)
    places = [place for place, one in enumerate(measured) if one.verdict is None]
    if places:
        prompted = workspace.stand_alone([measured[place] for place in places])
        found = zip(places, prompted.sessions, seen_in(job, prompted), strict=True)
        for place, session, seen in found:
            measured[place] = replace(measured[place], session=session, seen=seen)
    return measured


def seen_in(job: Job, prompted: Prompted) -> list[Seen]:
    """What the judge weighs of chunks that stand in the prompt, each alone."""
    gains, layer = prompted.question_gains, job.judge.layer
    if layer is None:
        return [Seen(gain) for gain in gains]
    deltas = prompted.state_deltas(job.model, layer)
    return [Seen(gain, delta) for gain, delta in zip(gains, deltas, strict=True)]


def _with_room(workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same, with a verdict on those that cannot be read beside the ones before them."""
    left = workspace.side_by_side
    measured = []
    for candidate in candidates:
        size = len(candidate.tokens)
        needed = size + workspace.beside
        verdict = None
        if size > workspace.room:
            verdict = does_not_fit(size, workspace.room)
        elif needed > left:
            verdict = does_not_fit(needed, left, where="the cache beside the other chunks")
        else:
            left -= needed
        measured.append(replace(candidate, verdict=verdict))
    return measured
