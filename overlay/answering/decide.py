"""Stage 7: whether to answer from the context, without it, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlay.answer import Outcome
from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from overlay.options import Mode
from overlay.settings import Fallback

__all__ = ["Decision", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the answer will rest on.

    Attributes:
        note: why, where that is not plain from the verdicts.
    """

    outcome: Outcome
    note: str = ""


def decide(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> Decision:
    """Answer from what was let in; if nothing was, do what the setting ``fallback`` says."""
    if job.options.mode is Mode.NO_CONTEXT:
        return Decision(Outcome.WITHOUT_CONTEXT, "nothing was retrieved: retrieval is off")
    if any(one.accepted for one in candidates):
        return Decision(Outcome.ANSWERED, _conflict(candidates))
    why = "no chunk is within budget" if candidates else "nothing was retrieved"
    fallback = job.settings.fallback
    if fallback is Fallback.AUTO:
        [state] = job.model.draft_states([workspace.bare()], job.settings.draft_tokens)
        sure = state.mean_log_prob >= job.judge.known
        fallback = Fallback.ANSWER if sure else Fallback.ABSTAIN
        why += f"; without context the model is {'' if sure else 'not '}sure of itself "
        why += f"({state.mean_log_prob:.2f} nats per token)"
    if fallback is Fallback.ANSWER:
        return Decision(Outcome.WITHOUT_CONTEXT, why)
    return Decision(Outcome.ABSTAINED, why)


def _conflict(candidates: Sequence[Candidate]) -> str:
    """What to say where chunks within budget disagreed."""
    out = sum(one.verdict is not None and one.verdict.outvoted for one in candidates)
    kept = sum(one.accepted for one in candidates)
    if not out:
        return ""
    return (
        f"the sources disagree: {kept} chunks within budget support each other, and {out} "
        f"{'speaks' if out == 1 else 'speak'} against them and {'was' if out == 1 else 'were'} "
        "kept out"
    )
