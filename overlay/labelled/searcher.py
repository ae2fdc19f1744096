"""A question's own passages in place of what a store would find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlay.labelled.items import Passage
from retriever import Chunk, RankedChunk

__all__ = ["PassageSearcher"]


@dataclass(frozen=True, slots=True)
class PassageSearcher:
    """Stands where the retriever does: whatever is asked, it finds the passages, in their order."""

    passages: Sequence[Passage]

    def search(self, _question: str, k: int, /) -> list[RankedChunk]:
        """The first ``k`` passages; a similarity that nobody has measured is 0."""
        return [
            RankedChunk(
                Chunk(f"{rank:032x}", passage.source or f"passage {rank + 1}", "", 0, passage.text),
                passage.similarity or 0.0,
                rank,
            )
            for rank, passage in enumerate(self.passages[:k])
        ]
