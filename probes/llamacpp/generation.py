"""Generation under llama.cpp: beside each token a guess at the next one is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from probes.llamacpp.batch import Row
from probes.llamacpp.evaluator import Draw, Evaluation, Evaluator
from probes.llamacpp.prompt_lookup import guess_next
from probes.llamacpp.sampler import Sampler
from probes.protocol import Sampling

if TYPE_CHECKING:
    from probes.llamacpp.model import LlamaCppModel
    from probes.llamacpp.session import LlamaCppSession

__all__ = ["Generation"]


class Generation:
    """Draws the tokens that follow on a session, which may be used in between. Close it.

    A row alone would have to be padded, see :meth:`probes.llamacpp.evaluator.Evaluator.decode`: the
    guess stands in the padding's place, and says the same as the row that would follow.

    Args:
        evaluator: the model's own.
        layers: that ``keep`` gets.
        keep: gets what the row gave from which each token is drawn: its logits and layers.

    Raises:
        ModelError: all sequences are in use.
        InputError: the form cannot be followed.
    """

    def __init__(
        self,
        model: LlamaCppModel,
        session: LlamaCppSession,
        evaluator: Evaluator,
        sampling: Sampling,
        *,
        layers: Sequence[int] = (),
        keep: Callable[[Evaluation], None] | None = None,
    ) -> None:
        self._model = model
        self._session = session
        self._evaluator = evaluator
        self._matcher = model.matcher(sampling)
        self._aside = model.cells.take()
        self._sampler = Sampler(sampling)
        self._layers = layers
        self._keep = keep
        self._place = 0
        self._drawn: list[int] = []
        self._shown: list[Evaluation] = []

    def draw(self) -> int | None:
        """The next token, which the caller appends to the session; None where it ends."""
        if self._matcher is not None and self._matcher.complete:
            return None
        if len(self._drawn) == 2 and self._untouched():
            self._follow_guess()
        else:
            self._evaluate()
        if self._model.ends_generation(self._drawn[0]):
            # The last token must be pending again, so that the session can be read.
            self._model.trim(self._session, self._session.cached - 1)
            return None
        if self._keep is not None:
            self._keep(self._shown[0])
        self._place = len(self._session.tokens)
        return self._drawn[0]

    def __enter__(self) -> Generation:
        return self

    def __exit__(self, *exc: object) -> None:
        self._sampler.close()
        self._model.cells.give_back(self._aside)

    def _untouched(self) -> bool:
        session = self._session
        return session.cached == self._place and session.tokens[self._place :] == self._drawn[:1]

    def _follow_guess(self) -> None:
        session = self._session
        self._model.cells.copy(self._aside, session.sequence, self._place, self._place + 1)
        session.cached += 1
        del self._drawn[0], self._shown[:1]
        self._accept(self._drawn[0])
        self._evaluator.meter.guess()

    def _evaluate(self) -> None:
        session, cells = self._session, self._model.cells
        self._model.flush([session])
        cells.forget(self._aside, 0)
        guess, start = guess_next(session.tokens), session.cached
        tokens = session.tokens[-1:] if guess is None else [session.tokens[-1], guess]
        rows = [
            Row(token, start + offset, session.sequence, logits=True)
            for offset, token in enumerate(tokens)
        ]
        self._drawn = []
        self._evaluator.decode(Draw(rows, self._layers, partial(self._take, guess)))
        session.cached += 1
        # Whoever reads the session before the next token is drawn must not see the guess.
        cells.copy(session.sequence, self._aside, start + 1, start + 2)
        cells.forget(session.sequence, start + 1)

    def _take(self, guess: int | None, read: Evaluation, first: int) -> None:
        """Draw from what the rows gave: llama.cpp keeps it until the next call."""
        if self._keep is not None:
            self._shown = [
                Evaluation(read.logits[row : row + 1].copy(), read.hidden[:, row : row + 1])
                for row in range(len(read.logits))
            ]
        self._drawn = [self._choose(read, 0, first)]
        self._accept(self._drawn[0])
        if self._drawn == [guess] and len(read.logits) > 1:
            self._drawn.append(self._choose(read, 1, first))

    def _choose(self, read: Evaluation, row: int, first: int) -> int:
        """Draw from a row of the last call, of what may come next.

        Args:
            first: the place in the call of the rows that were read.
        """
        if self._matcher is not None and not self._matcher.complete:
            # In llama.cpp's own buffer, which the sampler reads; what is kept was copied before.
            read.logits[row][~self._matcher.allowed()] = -np.inf
        return self._evaluator.draw(self._sampler, first + row)

    def _accept(self, token: int) -> None:
        if self._matcher is not None and not self._model.ends_generation(token):
            self._matcher.accept(token)
