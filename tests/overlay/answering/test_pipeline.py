"""The stages share sessions, and give all of them back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from overlay.answer import Event
from overlay.answering import pipeline
from overlay.options import AskOptions, Mode
from overlay.runtime import Overlay
from overlay.settings import Fallback, Settings
from probes.chat import Message
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from tests.overlay.answering.test_design import called
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

STAGES = tuple(called())
EVERYTHING = AskOptions(budget=Budget(1, 10), max_tokens=4)


def stream(model: LlamaCppModel, options: AskOptions) -> Iterator[Event]:
    # An index that no answer passes: three variants are tried.
    settings = Settings(
        fallback=Fallback.ANSWER, variants=3, retry_index=0, budget_index=1, anchor=True
    )
    overlay = Overlay(model, Shelf((HELPFUL, SUPPORT, IRRELEVANT)), settings)
    return overlay.stream([Message("user", QUESTION)], options)


@pytest.mark.parametrize("mode", list(Mode))
def test_closing_an_answer_at_any_event_leaves_no_session_open(
    tiny_model: LlamaCppModel, mode: Mode
) -> None:
    options = AskOptions(mode=mode, budget=Budget(1, 10), max_tokens=4)
    free = tiny_model.cells.free
    events = len(list(stream(tiny_model, options)))
    assert events > 1
    for stop in range(1, events):
        begun = stream(tiny_model, options)
        for _ in range(stop):
            next(begun)
        begun.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in fact
        assert tiny_model.cells.free == free, f"closed at event {stop} of {events}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_fails_leaves_no_session_open(
    tiny_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(stage)

    monkeypatch.setattr(pipeline, stage, fail)
    with pytest.raises(RuntimeError, match=stage):
        list(stream(tiny_model, EVERYTHING))
