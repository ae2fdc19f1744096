"""Stage 9: the chunks of a variant enter the context, in their order."""

from __future__ import annotations

from dataclasses import dataclass

from overlay.answering.job import Job
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from probes.protocol import Session

__all__ = ["Context", "inject"]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the model sees now.

    Attributes:
        variant: with the chunks that are in the context.
        session: the prompt up to where the question follows.
        repeated: sentences of the chunks that stand behind them once more.
    """

    variant: Variant
    session: Session
    repeated: tuple[str, ...] = ()


def inject(job: Job, workspace: Workspace, variant: Variant) -> Context:
    """Put the chunks of a variant into the context; what was evaluated before is shared."""
    if not workspace.fits(variant.chunks):
        workspace.drop_contexts()
    session = workspace.grown(variant.chunks)
    job.model.flush([session])
    job.book("dose")
    return Context(variant, session)
