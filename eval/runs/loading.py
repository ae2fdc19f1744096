"""Results read back from a run's file, judged and ready to be summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.policies.spec import PolicySpec
from eval.runs.record import SESSION, Record, read_record
from eval.runs.results import Result, judge
from eval.runs.spec import subject_of
from overlay.errors import InputError
from overlay.journal import Journal

__all__ = ["Run", "load_run"]


@dataclass(frozen=True, slots=True)
class Run:
    """A run's file.

    Attributes:
        identity: what the results depend on, see :func:`eval.runs.runner.fingerprint`.
        sessions: what the processes ran on that made the results.
    """

    identity: dict[str, Any]
    sessions: Sequence[dict[str, Any]]
    records: Sequence[Record]
    results: Sequence[Result]

    @property
    def title(self) -> str:
        """The run's name and the model's."""
        model = self.identity["model"]
        return f"{self.identity['spec']['name']}: {model['name']} on {model['backend']}"

    @property
    def seed(self) -> int:
        """The run's seed, which also draws its bootstrap."""
        return int(self.identity["spec"]["seed"])

    @property
    def reference(self) -> str:
        """The policy with which the others are compared."""
        return str(self.identity["spec"]["reference"])

    @property
    def subject(self) -> str:
        """The policy whose failures are shown."""
        return subject_of(self.policies, str(self.identity["spec"]["subject"]))

    @property
    def oracle(self) -> str | None:
        """The policy that takes the helpful passages only, if the run has it."""
        return next((policy.label for policy in self.policies if policy.kind == "oracle"), None)

    def check_policy(self, label: str, *, param: str) -> None:
        """Raise InputError unless a policy of the run is called so.

        Args:
            param: what the label was given as.
        """
        labels = [policy.label for policy in self.policies]
        if label not in labels:
            raise InputError(
                f"no policy of the run is called {label!r}",
                hint=f"they are {', '.join(labels)}",
                param=param,
            )

    @property
    def policies(self) -> list[PolicySpec]:
        """As the run's file sets them up."""
        return [PolicySpec.model_validate(one) for one in self.identity["spec"]["policies"]]

    @property
    def timed(self) -> int:
        """In how many cases wall time was measured."""
        return sum(
            any(reply.seconds is not None for reply in record.replies.values())
            for record in self.records
        )

    @property
    def same(self) -> list[tuple[str, str]]:
        """Pairs of policies that must give the same answers."""
        return [(first, second) for first, second in self.identity["spec"]["same"]]


def load_run(source: Path | Journal) -> Run:
    """Read a run's file, or take what is in memory.

    Raises:
        InputError: the file is missing, is of another kind, or holds no case yet.
    """
    journal = source if isinstance(source, Journal) else Journal.read(source)
    if journal.run.get("command") != "eval run":
        raise InputError(
            f"{source} holds results of another command, {journal.run.get('command')}",
            hint="name a file that `overlay eval run --output` wrote",
            param="results",
        )
    records = [read_record(journal[key]) for key in journal if not key.startswith(SESSION)]
    sessions = [journal[key] for key in journal if key.startswith(SESSION)]
    if not records:
        raise InputError(f"{source} holds no answered case yet", param="results")
    return Run(dict(journal.run), sessions, records, judge(records))
