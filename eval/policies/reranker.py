"""A cross-encoder reads question and passage together and keeps the best passages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eval.policies.bench import Bench
from eval.policies.filters import Filter
from overlay.errors import ResourceError
from overlay.labelled.items import Passage

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

__all__ = ["Reranker"]


class Reranker(Filter):
    """Keeps the passages that a cross-encoder rates highest, best first.

    No package on PyPI ships such a model, so it is named by its folder or hub id.

    Args:
        model: folder or hub id of a sentence-transformers cross-encoder.
        keep: how many passages are kept.

    Raises:
        ResourceError: the model cannot be loaded.
    """

    def __init__(self, bench: Bench, *, model: str, keep: int = 3) -> None:
        super().__init__(bench)
        self._keep = keep
        self._model = _load(model)

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:
        """The best ``keep``, best first."""
        if not passages:
            return ()
        pairs = [(question, passage.text) for passage in passages]
        scores = self._model.predict(pairs, show_progress_bar=False)
        best = sorted(range(len(passages)), key=lambda place: -float(scores[place]))
        return best[: self._keep]


def _load(model: str) -> CrossEncoder:
    from sentence_transformers import CrossEncoder

    path = Path(model).expanduser()
    try:
        loaded: CrossEncoder = CrossEncoder(str(path) if path.exists() else model, device="cpu")
    except (OSError, ValueError) as error:
        raise ResourceError(
            f"the cross-encoder {model!r} cannot be loaded: {error}",
            hint="name a folder that holds one, or leave the policy out",
            param="policies.model",
        ) from error
    return loaded
