"""Each chunk alone in the prompt, up to where the answer begins: what is known before any draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from probes.kv_store import KVStore
from probes.protocol import Model, Session
from probes.question_gain import question_gain
from probes.state import FloatArray

__all__ = ["Prompted", "prompt_chunks"]


@dataclass(frozen=True, slots=True, eq=False)
class Prompted:
    """Sessions at the point where the answer begins.

    Attributes:
        bare: holds prefix and tail.
        sessions: one a chunk, holding prefix, chunk and tail. Close them all, or use the whole
            as a context manager.
        question_gains: one a chunk, see :func:`probes.question_gain.question_gain`.
        expected: ``[tokens]`` log-probabilities of the question without a chunk, nats.
    """

    bare: Session
    sessions: list[Session]
    question_gains: list[float]
    expected: FloatArray

    def state_deltas(self, model: Model, layer: int) -> FloatArray:
        """What each chunk adds to the state of the prompt's last token.

        Formula: ``h_chunk[l, t] - h_bare[l, t]`` at the last token ``t`` of the prompt
        Source: Abdelnabi et al., 2024, arXiv 2406.00799 (TaskTracker), section 3
        Needs: layer states; takes k + 1 evaluations, of the last token once more under each

        Args:
            layer: l; 0 is the first transformer block.

        Returns:
            ``[k, width]``
        """
        # The state is that of the token before the window; which token the window is is all one.
        window = [self.bare.tokens[-1]]
        read = model.read_many([(one, window) for one in (self.bare, *self.sessions)], [layer])
        without, *within = (state.hidden[0, 0] for state in read)
        return np.asarray(np.stack(within) - without)

    def close(self) -> None:
        """Close the sessions."""
        for session in (self.bare, *self.sessions):
            session.close()

    def __enter__(self) -> Prompted:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def prompt_chunks(
    model: Model,
    prefix: Session,
    chunks: Sequence[Sequence[int]],
    tail: Sequence[int],
    *,
    lead: int = 0,
    kept: KVStore | None = None,
) -> Prompted:
    """Put each chunk on its own fork of the prefix, and the tail behind it, all in one batch.

    Args:
        prefix: the prompt up to the place where the context goes; stays as it was.
        chunks: the tokens of each chunk; at least one.
        tail: the prompt after the context.
        lead: tokens of the tail before the question: no chunk's gain counts them, and a vocabulary
            of logits is spared at each.
        kept: chunks that stood behind this prefix before are not evaluated again.

    Raises:
        PromptTooLongError: a chunk with prefix and tail outgrows the context.
    """
    bare, *sessions = prefix.fork(len(chunks) + 1)
    try:
        if kept is None:
            for session, chunk in zip(sessions, chunks, strict=True):
                session.extend(chunk)
        else:
            kept.extend_many(model, sessions, chunks)
        for session in (bare, *sessions):
            session.extend(tail[:lead])
        asked = tail[lead:]
        without, *within = model.extend_scored([(one, asked) for one in (bare, *sessions)])
    except BaseException:
        for session in (bare, *sessions):
            session.close()
        raise
    gains = [question_gain(without, read) for read in within]
    return Prompted(bare, sessions, gains, without)
