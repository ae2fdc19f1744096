"""What a run is: a TOML file that names questions, scenarios and policies."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.policies.spec import PolicySpec
from eval.tasks.catalogue import TaskSpec
from overlay.errors import InputError

__all__ = ["FlipSpec", "RunSpec", "read_spec", "subject_of"]


class FlipSpec(BaseModel):
    """Which cases are asked again in another form.

    Attributes:
        perturbations: keys of :data:`eval.scenarios.PERTURBATIONS`.
        scenario: the scenario that is perturbed.
        questions: only so many questions of each task; all if not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    perturbations: tuple[str, ...] = ("reordered", "reworded", "irrelevant-added")
    scenario: str = "as-given"
    questions: Annotated[int, Field(ge=1)] | None = None


class RunSpec(BaseModel):
    """A run; the keys of its TOML file.

    Attributes:
        seed: draws questions, orders and whatever else is drawn.
        settings: settings of Overlay for this run, by name; the command line wins over them.
        tasks: where the questions come from.
        scenarios: see :mod:`eval.scenarios`.
        policies: what answers them; see :data:`eval.policies.catalogue.KINDS`.
        reference: name of the policy with which the others are compared.
        subject: name of the policy whose worst failures the report shows, and whose answers keep
            the state that a volatility index is fitted on; the first one of kind overlay if not
            given.
        timed: the first so many cases are answered again by each policy alone, for wall times.
        same: pairs of policies that must give the same answers; the report checks it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)] = 0
    settings: dict[str, Any] = {}
    tasks: Annotated[tuple[TaskSpec, ...], Field(min_length=1)]
    scenarios: Annotated[tuple[str, ...], Field(min_length=1)] = ("as-given",)
    flips: FlipSpec | None = None
    policies: Annotated[tuple[PolicySpec, ...], Field(min_length=1)]
    reference: str = "top-k"
    subject: str = ""
    timed: Annotated[int, Field(ge=0)] = 3
    same: tuple[tuple[str, str], ...] = ()


def subject_of(policies: Sequence[PolicySpec], named: str) -> str:
    """The label of the policy that a run is about.

    Args:
        policies: of the run, at least one.
        named: its key ``subject``; may be empty.
    """
    overlays = (policy.label for policy in policies if policy.kind == "overlay")
    return named or next(overlays, policies[0].label)


def read_spec(path: Path) -> RunSpec:
    """Read a run's file.

    Raises:
        InputError: the file is missing, is no TOML, or a key is unknown or has a value that
            cannot be used; it names the key.
    """
    try:
        with path.open("rb") as file:
            spec = RunSpec.model_validate(tomllib.load(file))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", param="spec") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise InputError(
            f"{path}: {place}: {problem['msg'].lower()}",
            hint="docs/eval.md shows every key of such a file",
            param=place,
        ) from error
    labels = [policy.label for policy in spec.policies]
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise InputError(
            f"{path}: two policies are called {twice!r}",
            hint="give one of them a name of its own",
            param="policies.name",
        )
    if spec.flips and spec.flips.scenario not in spec.scenarios:
        raise InputError(
            f"{path}: flips ask the cases of scenario {spec.flips.scenario!r} again, and the run "
            f"has {', '.join(spec.scenarios)} only",
            hint="name one of these as flips.scenario, or add the other to scenarios",
            param="flips.scenario",
        )
    named = [
        ("reference", spec.reference),
        *(("same", label) for pair in spec.same for label in pair),
    ]
    if spec.subject:
        named.append(("subject", spec.subject))
    for key, label in named:
        if label not in labels:
            raise InputError(
                f"{path}: {key} names {label!r}, which is none of the policies",
                hint=f"they are {', '.join(labels)}",
                param=key,
            )
    return spec
