"""Pruning by attribution, after ContextCite (arXiv 2409.00729)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from eval.policies.bench import Bench
from eval.policies.filters import Filter
from overlay.labelled.items import Passage

__all__ = ["AblationPruning"]


class AblationPruning(Filter):
    """Keeps the passages that the model's own draft answer rests on.

    The draft under all passages is scored under random halves of them; a sparse linear model of
    its logit (Lasso) says what each passage brings. The passages with the largest positive
    weights are kept, in their order.

    Args:
        ablations: how many random halves; the paper's 64 are for sentences, here few passages
            are weighed.
        keep: at most so many passages.
        seed: draws the halves.
    """

    def __init__(self, bench: Bench, *, ablations: int = 12, keep: int = 3, seed: int = 0) -> None:
        super().__init__(bench)
        self._ablations = ablations
        self._keep = keep
        self._seed = seed

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:
        """The best ``keep`` among those with a positive weight."""
        if len(passages) < 2:
            return range(len(passages))
        weights = self.weights(question, passages)
        best = np.argsort(-weights, kind="stable")[: self._keep]
        return sorted(int(place) for place in best if weights[place] > 0)

    def weights(self, question: str, passages: Sequence[Passage]) -> NDArray[np.float64]:
        """``[passages]``: what each adds to the logit of the draft."""
        from sklearn.linear_model import Lasso

        draws = np.random.default_rng(self._seed)
        masks = draws.random((self._ablations, len(passages))) < 0.5
        logits = self._logits(question, passages, masks)
        # The paper scales the outputs; the penalty 0.01 is its default.
        scale = float(logits.std()) or 1.0
        fitted = Lasso(alpha=0.01).fit(masks.astype(np.float64), (logits - logits.mean()) / scale)
        return np.asarray(fitted.coef_, dtype=np.float64) * scale

    def _logits(
        self, question: str, passages: Sequence[Passage], masks: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        model, prompt = self.bench.model, self.bench.prompt(question)
        scores: list[float] = []
        with ExitStack() as stack:
            prefix = stack.enter_context(model.session())
            prefix.extend(prompt.prefix)
            [whole] = prefix.fork(1)
            with whole:
                whole.extend([*self.bench.context(passages), *prompt.tail])
                [draft] = model.draft_many([whole], self.bench.settings.draft_tokens)
            for mask in masks:
                kept = [p for p, is_kept in zip(passages, mask, strict=True) if is_kept]
                [session] = prefix.fork(1)
                with session:
                    session.extend([*self.bench.context(kept), *prompt.tail])
                    scores += model.score_many([(session, draft)])
        log_probs = np.minimum(np.array(scores) * len(draft), -1e-12)
        logits: NDArray[np.float64] = log_probs - np.log(-np.expm1(log_probs))
        return logits
