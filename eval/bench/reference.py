"""What a user would take instead: llama-cpp-python's own chat completion of the same text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from eval.bench.measure import REFERENCE, Timing
from overlay.labelled.items import Passage
from overlay.prompt import chat_text
from overlay.settings import Settings
from probes.cost import Cost
from probes.protocol import ModelInfo

__all__ = ["Reference"]


class Reference:
    """The model file as it is, with flash attention and as many threads; close it.

    Args:
        info: of the model that it is compared with.
    """

    def __init__(self, info: ModelInfo, settings: Settings) -> None:
        import llama_cpp

        self._max_tokens = settings.max_tokens
        self._llama = llama_cpp.Llama(
            model_path=info.path,
            n_ctx=info.context_size,
            n_threads=settings.threads or None,
            n_threads_batch=settings.threads or None,
            flash_attn=True,
            verbose=False,
        )

    def timing(
        self, question: str, passages: Sequence[Passage], place: tuple[int, int, int]
    ) -> Timing:
        """Answer from all passages; nothing is left of the call before.

        Args:
            place: number and length of chunks, and the repeat.
        """
        self._llama.reset()  # type: ignore[no-untyped-call]  # its author left it out
        messages: Any = chat_text(question, [passage.text for passage in passages])
        began, first, said = time.perf_counter(), None, 0
        chunks: Any = self._llama.create_chat_completion(
            messages, stream=True, temperature=0.0, max_tokens=self._max_tokens
        )
        for chunk in chunks:
            if chunk["choices"][0]["delta"].get("content"):
                first = first or time.perf_counter()
                said += 1
        last = time.perf_counter()
        cost = {"answer": Cost(prefilled=self._llama.n_tokens - said, decoded=said)}
        taken = (first or last) - began, last - began
        return Timing(REFERENCE, *place, len(passages), cost, *taken, said)

    def close(self) -> None:
        """Free the model."""
        self._llama.close()
