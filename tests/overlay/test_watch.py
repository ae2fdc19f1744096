"""An answer that is ended between its events, and the model afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overlay.options import AskOptions
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.chat import Message
from probes.llamacpp import LlamaCppModel
from probes.protocol import Model
from retriever import Chunk, RankedChunk
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny
from tests.tiny_gguf import save_tiny_gguf

TEXTS = ("The keeper counts the boats.", "Soup is served from noon.", "The ferry leaves at nine.")
QUESTION = [Message("user", "When does the ferry leave?")]


class EndedError(Exception):
    """What a watch raises here."""


class Shelf:
    """Stands in for the retriever."""

    def search(self, _question: str, k: int) -> list[RankedChunk]:
        return [
            RankedChunk(Chunk(f"c{rank}", f"{rank}.md", "", 0, text), 0.5, rank)
            for rank, text in enumerate(TEXTS[:k])
        ]


@pytest.fixture(params=["llama.cpp", "transformers"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Model]:
    if request.param == "llama.cpp":
        opened: Model = LlamaCppModel(save_tiny_gguf(tmp_path / "tiny.gguf"), context_size=512)
    else:
        opened = open_tiny(save_tiny(tmp_path / "tiny", CONFIGS["llama"]))
    yield opened
    opened.close()


def test_it_ends_after_any_forward_call_and_the_next_answer_is_the_same(model: Model) -> None:
    settings = Settings(max_tokens=8, budget_step=1.0, budget_index=1.0, fallback="answer")  # type: ignore[arg-type]
    overlay = Overlay(model, Shelf(), settings)
    free = _free(model)
    before = model.cost.calls
    first = overlay.ask(QUESTION, AskOptions())
    calls = model.cost.calls - before
    assert calls > 10
    for last in range(1, calls, calls // 6):
        left = iter(range(last))

        def check(left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise EndedError

        overlay.watch(check)
        with pytest.raises(EndedError):
            overlay.ask(QUESTION, AskOptions())
    overlay.watch(None)
    again = overlay.ask(QUESTION, AskOptions())
    assert again.text == first.text
    assert [step.question_gain for step in again.steps] == pytest.approx(
        [step.question_gain for step in first.steps], abs=1e-4
    )
    assert _free(model) == free


def _free(model: Model) -> int:
    """Sequences that nobody holds; transformers has none to lose."""
    return model.cells.free if isinstance(model, LlamaCppModel) else 0
