"""Who decides what is let in: a profile, or nobody, as in plain RAG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from selector.budget import LIKELY, Budget
from selector.order import Order
from selector.profile import Guarantee, Profile
from selector.signs import Signs
from selector.verdict import Verdict
from selector.weights import Rated, Readings, Weights

__all__ = ["AcceptAll", "Judge", "ProfileJudge"]


class Judge(Protocol):
    """Rates the chunks of one question, and decides which are let in."""

    @property
    def name(self) -> str:
        """What a report calls it; empty where nobody judges."""

    @property
    def budget(self) -> Budget:
        """What a step, and the whole answer, may spend."""

    @property
    def reads(self) -> bool:
        """Whether it weighs what chunks do; if not, nothing needs to be read."""

    @property
    def looks(self) -> bool:
        """Whether it weighs how much the question looks at a chunk."""

    @property
    def layer(self) -> int | None:
        """The layer whose state at a chunk's end it weighs; None where it weighs none."""

    @property
    def order(self) -> Order:
        """In which chunks enter the context where nobody says otherwise."""

    @property
    def first_dose(self) -> int:
        """How many chunks are read first where nobody says otherwise; 0 for all at once."""

    @property
    def tells(self) -> bool:
        """Whether it tells how likely an answer is to be wrong."""

    def rate(self, readings: Sequence[Readings]) -> list[Rated]:
        """Rate all chunks of the question; see :meth:`selector.weights.Weights.rate`."""

    def verdict(self, rated: Rated | None, spent: float) -> Verdict:
        """Judge one chunk.

        Args:
            rated: None where nothing was read of it.
            spent: what the accepted steps before this one spent.
        """

    def guarantee(self, chunks: int) -> Guarantee | None:
        """What the budget promises of a question with so many chunks; None for no promise."""

    def index(self, signs: Signs) -> float | None:
        """How likely the answer is to be wrong; None where nothing tells."""


@dataclass(frozen=True, slots=True)
class AcceptAll:
    """Lets everything in unread.

    Attributes:
        budget: is reported, and limits nothing.
    """

    budget: Budget
    name: str = ""
    reads: bool = False
    looks: bool = False
    layer: None = None
    order: Order = Order.RANK
    first_dose: int = 0
    tells: bool = False

    def rate(self, readings: Sequence[Readings]) -> list[Rated]:
        """All are taken to be steady."""
        return [Rated(0.0, 0.0) for _ in readings]

    def verdict(
        self,
        rated: Rated | None,  # noqa: ARG002 - protocol
        spent: float,  # noqa: ARG002 - protocol
    ) -> Verdict:
        """See :meth:`Judge.verdict`."""
        return Verdict(True, "not judged", "plain mode: not probed")

    def guarantee(self, chunks: int) -> Guarantee | None:  # noqa: ARG002 - protocol
        """None."""
        return None

    def index(self, signs: Signs) -> float | None:  # noqa: ARG002 - protocol
        """None."""
        return None


@dataclass(frozen=True, slots=True)
class ProfileJudge:
    """Judges by what a profile says of each chunk before any draft.

    A step spends the chunk's volatility.

    Attributes:
        question: decides which weights of the profile apply.
        embedder: whose similarities are judged.
        scale: the embedder that they are like, by its setting. If neither is the profile's, they
            are left out.
        states: whether the model shows states of single layers.
    """

    profile: Profile
    question: str
    budget: Budget
    embedder: str
    states: bool
    scale: str = ""

    @property
    def name(self) -> str:
        """Which profile it is."""
        if not self.profile.sha256:
            return "default profile"
        return f"profile of {self.profile.model}"

    @property
    def reads(self) -> bool:
        """Always."""
        return True

    @property
    def looks(self) -> bool:
        """See :class:`Judge`."""
        return self._weights.attention != 0

    @property
    def layer(self) -> int | None:
        """See :class:`Judge`."""
        return self.profile.layer if self._weights.instruction else None

    @property
    def order(self) -> Order:
        """That of the profile."""
        return self.profile.order

    @property
    def first_dose(self) -> int:
        """That of the profile."""
        return self.profile.first_dose

    @property
    def tells(self) -> bool:
        """See :class:`Judge`."""
        return self.profile.index_for(self.question) is not None

    def rate(self, readings: Sequence[Readings]) -> list[Rated]:
        """See :meth:`selector.weights.Weights.rate`."""
        if self.profile.embedder not in {self.embedder, self.scale} - {""}:
            readings = [replace(one, similarity=None) for one in readings]
        return self._weights.rate(readings)

    def verdict(self, rated: Rated | None, spent: float) -> Verdict:
        """See :meth:`Judge.verdict`."""
        assert rated is not None  # noqa: S101 - tells mypy what a judge that reads is given
        v = rated.volatility
        # A step of 1 rejects nothing.
        suspect = rated.commands and self.budget.step < 1
        step = min(self.budget.step, LIKELY) if suspect else self.budget.step
        if v > step:
            short, why = "hardly helps", "it is not likely to help"
            if suspect:
                short = "an instruction"
                why = f"it moves the model as injected instructions do ({rated.instructs:.2f} of 1)"
            reason = f"{why}: volatility {v:.2f}, and such a step may spend {step:g}."
            return Verdict(False, short, reason, v)
        if spent + v > self.budget.answer:
            left = max(self.budget.answer - spent, 0)
            reason = f"the answer's budget is used up: volatility {v:.2f}, and {left:.2f} of "
            reason += f"{self.budget.answer:g} is left."
            return Verdict(False, "budget used up", reason, v)
        reason = f"it spends {v:.2f} of a step's {self.budget.step:g}."
        return Verdict(True, f"spends {v:.2f}", reason, v, v)

    def guarantee(self, chunks: int) -> Guarantee | None:
        """None, too, with another embedder: it was promised of verdicts that weigh its own."""
        if self.profile.embedder not in {"", self.embedder}:
            return None
        return self.profile.guarantee(self.budget, chunks)

    def index(self, signs: Signs) -> float | None:
        """See :meth:`Judge.index`."""
        weights = self.profile.index_for(self.question)
        return None if weights is None else weights.chance(signs)

    @property
    def _weights(self) -> Weights:
        return self.profile.weights(self.question, states=self.states)
