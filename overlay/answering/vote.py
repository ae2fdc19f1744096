"""Stage 6: where three steady chunks or more are let in, their majority keeps the others out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.answering.candidate import Candidate
from overlay.answering.drafts import read_alone, said
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from probes.support import agreement
from selector.budget import LIKELY
from selector.majority import can_outvote, majority

__all__ = ["vote", "votes"]


def vote(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep out the steady ones whose drafts the majority of them does not support."""
    places = [place for place, one in enumerate(candidates) if votes(one)]
    if not (job.settings.majority and job.judge.reads and can_outvote(len(places))):
        return list(candidates)
    # One that finds no room to stand alone has no vote.
    standing = workspace.stand_alone([candidates[place] for place in places])
    voting = [n for n, one in enumerate(standing) if one.session is not None]
    if not can_outvote(len(voting)):
        return list(candidates)
    places, standing = [places[n] for n in voting], [standing[n] for n in voting]
    voters, matrix = read_alone(job, workspace, standing, support=True)
    found = list(candidates)
    for place, voter in zip(places, voters, strict=True):
        found[place] = voter
    if matrix is None:  # no chunk stands alone, and none has a draft of its own to vote with
        return found
    agreements = agreement(matrix)
    heard = majority(agreements, [voter.text for voter in voters])
    says = [said(job, voter.draft) for voter in voters]
    for number, place in enumerate(places):
        verdict = found[place].verdict
        if heard and number not in heard and verdict is not None:
            reason = (
                f"{len(heard)} of {len(places)} steady chunks support each other, and "
                f"it agrees by {agreements[number, heard[0]]:.2f} with them, where half is "
                f'needed: it makes the model say "{says[number]}", they "{says[heard[0]]}".'
            )
            short = f"outvoted by {len(heard)}"
            outvoted = replace(
                verdict, accepted=False, short=short, reason=reason, spent=0.0, outvoted=True
            )
            found[place] = replace(found[place], verdict=outvoted)
    return found


def votes(one: Candidate) -> bool:
    """Whether a chunk has a vote: it was let in, and is likely to help."""
    return one.accepted and one.volatility <= LIKELY
