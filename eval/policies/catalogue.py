"""Policies by name, so that a run can list them in a file."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from eval.policies.bench import Bench
from eval.policies.protocol import Policy
from eval.policies.spec import PolicySpec
from overlay.errors import InputError

__all__ = ["KINDS", "build_policy"]

KINDS = {
    "no-context": "eval.policies.filters:NoContext",
    "top-k": "eval.policies.filters:TopK",
    "similarity-cutoff": "eval.policies.filters:SimilarityCutoff",
    "most-similar": "eval.policies.ranked:MostSimilar",
    "fused-ranks": "eval.policies.ranked:FusedRanks",
    "reranker": "eval.policies.reranker:Reranker",
    "information-gain": "eval.policies.information_gain:InformationGainPruning",
    "keyword-voting": "eval.policies.keyword_voting:KeywordVoting",
    "perplexity": "eval.policies.perplexity:PerplexityPruning",
    "ablation": "eval.policies.ablation:AblationPruning",
    "oracle": "eval.policies.filters:Oracle",
    "overlay": "eval.policies.overlay:OverlayPolicy",
}


def build_policy(spec: PolicySpec, bench: Bench) -> Policy:
    """The policy on its bench.

    Raises:
        InputError: there is no such policy, or it takes no such argument.
    """
    factory = _find(spec.kind)
    [_, *taken] = inspect.signature(factory).parameters.values()
    names = [one.name for one in taken]
    checks_names = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken)
    for name in spec.arguments:
        if name not in names and not checks_names:
            raise InputError(
                f"the policy {spec.kind!r} takes no {name!r}",
                hint=f"it takes {', '.join(names) or 'nothing'}",
                param=f"policies.{name}",
            )
    try:
        policy: Policy = factory(bench, **spec.arguments)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the policy {spec.kind!r} cannot be made with {spec.arguments}: {error}",
            param="policies",
        ) from error
    return policy


def _find(kind: str) -> Any:
    path = KINDS.get(kind, kind)
    module, separator, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module if separator else ""), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"there is no policy {kind!r}",
            hint=f"known: {', '.join(KINDS)}; or package.module:Class for your own",
            param="policies.kind",
        ) from error
