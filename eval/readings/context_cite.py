"""ContextCite (arXiv 2409.00729) by its own package, on the same prompt, answer and sentences.

The package is no dependency of this project; install it with ``pip install
'overlay-rag[context-cite]'``.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.readings.attribution import Attribution, Task
from overlay.errors import ResourceError
from probes.transformers import TransformersModel

__all__ = ["attribute"]


def attribute(task: Task, ablations: int = 64) -> tuple[Attribution, int]:
    """Scores of sentences and chunks, and the model-token evaluations that they cost.

    Prompt, answer and sentences are the task's, not ContextCite's own; solver, ablations and
    their probability are its defaults. Its model is linear: a chunk has what its sentences have.

    Raises:
        ResourceError: the package is not installed, or the model is none of transformers'.
    """
    model = task.subject.model
    if not isinstance(model, TransformersModel):
        raise ResourceError(
            "ContextCite needs a transformers model", hint="--backend transformers", param="backend"
        )
    citer = _citer(task, model, ablations)
    with _counted(model) as seen, contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        weights, _ = citer._get_attributions_for_ids_range(0, len(task.trajectory.answer))
    sentences = np.asarray(weights, dtype=np.float64)
    chunks = np.zeros(len(task.subject.sources))
    np.add.at(chunks, list(task.owners), sentences)
    return Attribution(sentences, chunks), seen[0]


def _citer(task: Task, model: TransformersModel, ablations: int) -> Any:
    try:
        import nltk

        # At import the package downloads a sentence splitter, which is not used here.
        nltk.download = lambda *_, **__: True
        from context_cite import ContextCiter
        from context_cite.context_partitioner import BaseContextPartitioner
    except ImportError as error:
        raise ResourceError(
            f"ContextCite is not installed: {error}",
            hint="pip install 'overlay-rag[context-cite]', or leave it out with --ablations 0",
        ) from error
    sentences = task.sentences
    tokens = task.subject.tokens

    class Partitioner(BaseContextPartitioner):  # type: ignore[misc]  # the package has no types
        def split_context(self) -> None:
            """Nothing to do: the sentences are given."""

        @property
        def num_sources(self) -> int:
            return len(sentences)

        def get_source(self, index: int) -> str:
            start, stop = sentences[index]
            return task.subject.text(tokens[start:stop])

        def get_context(self, mask: NDArray[np.bool_] | None = None) -> str:
            kept = range(len(sentences)) if mask is None else np.flatnonzero(mask)
            return "".join(self.get_source(int(index)) for index in kept)

    class Citer(ContextCiter):  # type: ignore[misc]  # likewise
        def _get_prompt_ids(
            self, mask: NDArray[np.bool_] | None = None, return_prompt: bool = False
        ) -> Any:
            gone: set[int] = set()
            for index, (start, stop) in enumerate(sentences):
                if mask is not None and not mask[index]:
                    gone.update(range(start, stop))
            ids = [token for place, token in enumerate(tokens) if place not in gone]
            return (ids, "") if return_prompt else ids

        @property
        def _response_ids(self) -> list[int]:
            return task.trajectory.answer

    return Citer(
        model.network,
        model.tokenizer,
        "context",
        "query",
        num_ablations=ablations,
        partitioner=Partitioner("context"),
    )


@contextlib.contextmanager
def _counted(model: TransformersModel) -> Iterator[list[int]]:
    """Count the tokens that go into the network while the block runs."""
    seen = [0]

    def hook(_module: object, _arguments: object, keywords: dict[str, Any]) -> None:
        seen[0] += keywords["input_ids"].numel()

    handle = model.network.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield seen
    finally:
        handle.remove()
