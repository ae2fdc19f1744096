"""Reads what chunks do that stand in the prompt, all at once or the most promising one first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from probes.isolated import Isolated, probe_prompted
from probes.prompted import Prompted
from probes.protocol import Model, Session
from probes.state import State

__all__ = ["Drafter"]


@dataclass(frozen=True, slots=True, eq=False)
class Drafter:
    """What reading takes beside the sessions, the same for one turn.

    Attributes:
        prefix, tail, draft_tokens, layers: see :func:`probes.isolated.probe_prompted`.
    """

    model: Model
    prefix: Session
    tail: Sequence[int]
    draft_tokens: int
    layers: Sequence[int]

    def draft(self, session: Session) -> State:
        """Draft an answer where the prompt ends, and read it."""
        [state] = self.model.draft_states([session], self.draft_tokens, self.layers)
        return state

    def probe(
        self, prompted: Prompted, *, support: bool, drafted: Mapping[int, State] | None = None
    ) -> Isolated:
        """Read what every chunk does; see :func:`probes.isolated.probe_prompted`."""
        return probe_prompted(
            self.model,
            self.prefix,
            prompted,
            self.tail,
            draft_tokens=self.draft_tokens,
            layers=self.layers,
            support=support,
            drafted=drafted,
        )
