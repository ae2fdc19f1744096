"""What an answer shows of being right, read where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from overlay.answering.candidate import Candidate
from overlay.answering.drafts import said
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from probes.copied import copied_share
from probes.layers import answer_layer
from probes.protocol import Session
from probes.subject import as_text
from selector.signs import BEGINNING, WINDOW, Signs, unsupported

__all__ = ["read_signs"]


def read_signs(
    job: Job,
    workspace: Workspace,
    rests_on: Sequence[Candidate],
    *,
    session: Session,
    start: int,
    text: str,
) -> Signs | None:
    """Read an answer's first tokens once more, and look up what it says in its chunks.

    Args:
        rests_on: the chunks of its context, with their drafts where they have been read.
        session: holds the prompt and the answer, which begins at ``start``.
        text: of the answer.

    Returns:
        None of an answer without a token.
    """
    tokens = session.tokens[start : start + WINDOW]
    if not tokens:
        return None
    model, question = job.model, job.prompt.question
    states = model.capabilities.layer_states
    twin = workspace.fork(session)
    twin.rollback(start)
    read = twin.read(tokens, (answer_layer(model.info.layers),) if states else ())
    workspace.close(twin)
    beginning = as_text(model, session.tokens[start : start + BEGINNING])
    volatilities = [one.volatility for one in rests_on]
    carried = [
        copied_share(beginning, question, one.text, said(job, one.draft)) for one in rests_on
    ]
    return Signs(
        log_prob=read.mean_log_prob,
        copied=copied_share(text, question, "\n".join(one.text for one in rests_on)),
        unsupported=unsupported(volatilities, carried),
        volatility=min(volatilities, default=1.0),
        state=read.hidden[0].mean(axis=0) if states else None,
    )
