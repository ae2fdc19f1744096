"""Stage 13: where an answer that is to have a form begins.

The index was calibrated for answers in the model's own words, whose first tokens are not a form's
names and brackets. So it is read on those, and the answer is generated from a prompt that asks for
the form.
"""

from __future__ import annotations

from dataclasses import replace

from overlay.answer import Outcome
from overlay.answering.begin import begun
from overlay.answering.decide import Decision
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace

__all__ = ["shape"]


def shape(job: Job, workspace: Workspace, decision: Decision) -> Decision:
    """The same, spoken from the same context in the form; all else is left as it is."""
    formed, attempt = job.prompt.formed, decision.attempt
    if formed is None or decision.outcome is Outcome.ABSTAINED:
        return decision
    if job.judge.reads and attempt.signs is None and not attempt.ended:
        [attempt] = begun(job, workspace, [attempt])
    session = workspace.fork(attempt.session)
    session.rollback(attempt.start - len(attempt.context.variant.tail))
    session.extend(formed)
    start = len(session.tokens)
    return replace(decision, attempt=replace(attempt, session=session, start=start, ended=False))
