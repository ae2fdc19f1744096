"""What one question may set for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from overlay.errors import InputError
from retriever.filter import EVERYTHING, Filter
from selector.budget import Budget

if TYPE_CHECKING:
    from probes.form import Form

__all__ = ["AskOptions", "Mode"]


class Mode(StrEnum):
    """How the retrieved chunks reach the prompt."""

    OVERLAY = "overlay"
    """Probed, judged, and injected in doses."""
    PLAIN = "plain"
    """All of them, as plain retrieval-augmented generation does."""
    NO_CONTEXT = "none"
    """None: nothing is retrieved."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Options of one question; None stands for the setting of the same name.

    Attributes:
        top_log_probs: say of each token of the answer how it was expected, and name so many of
            the likeliest tokens in its place; None says nothing.
        echo: give the prompt back, and say the same of its tokens, those of the chunks aside.
        collection: of the store, to retrieve from; None for the one that the settings name.
        form: that the answer has, such as JSON of a schema; a stop text, the longest answer and the
            model's context can end it before it is complete. None for any.
        n: how many answers to generate from what is decided once. Where nothing is drawn, which is
            so at temperature 0, they are all alike.
        select: answer with the accepted sentence nearest to the question, quoted with its source,
            in place of generating.
        only: which documents are searched.
        effects: measure what each chunk that was let in moves when it stands alone, behind the
            answer's last token: it takes about as many evaluations as reading the chunks once more.

    Raises:
        InputError: a value is out of range; ``param`` names it.
    """

    mode: Mode = Mode.OVERLAY
    collection: str | None = None
    k: int | None = None
    window: int | None = None
    budget: Budget | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = field(default=())
    top_log_probs: int | None = None
    echo: bool = False
    form: Form | None = None
    n: int = 1
    select: bool = False
    only: Filter = EVERYTHING
    effects: bool = True

    @property
    def overrides(self) -> dict[str, float]:
        """What takes the place of settings, by their names."""
        names = ("k", "window", "max_tokens", "temperature", "top_p", "seed")
        given = {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value is not None}

    def __post_init__(self) -> None:
        checks = (
            ("k", self.k, 1, 64),
            ("window", self.window, 0, 8),
            ("max_tokens", self.max_tokens, 1, 1_000_000),
            ("temperature", self.temperature, 0, 2),
            ("top_log_probs", self.top_log_probs, 0, 20),
            ("n", self.n, 1, 16),
        )
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise InputError(
                f"top_p is {self.top_p}", hint="it lies above 0, up to 1", param="top_p"
            )
        for name, value, low, high in checks:
            if value is not None and not low <= value <= high:
                raise InputError(
                    f"{name} is {value}", hint=f"it lies between {low} and {high}", param=name
                )
        if self.select and (self.mode is not Mode.OVERLAY or self.echo):
            raise InputError(
                "select quotes an accepted sentence, and here nothing is judged, or the prompt is "
                "echoed",
                hint="leave select out, or the other option",
                param="select",
            )
        if self.form is not None and (self.select or self.echo):
            raise InputError(
                "response_format is of an answer that is generated, and here a sentence is quoted, "
                "or a prompt echoed",
                hint="leave response_format out, or the other option",
                param="response_format",
            )
        if any(not text for text in self.stop):
            raise InputError("a stop text is empty", hint="leave it out", param="stop")
