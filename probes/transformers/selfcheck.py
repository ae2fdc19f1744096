"""Tries out, once, whether a model follows masks and positions, and shows its attention.

Hundreds of architectures take the arguments; one that then passes over them would give numbers
that look right and are not.
"""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from probes.errors import ModelError
from probes.transformers.evaluator import Evaluator, Row
from probes.transformers.looking import Looking

__all__ = ["check_sessions", "why_hidden"]

_TOKENS = 8
_DECOYS = 5
# Largest error, relative to the logits' spread. What a neighbour's tokens change is far more.
_TOLERANCE = {torch.float64: 1e-3, torch.float32: 1e-2}
_TOLERANCE_HALF_PRECISION = 0.25


def check_sessions(model: PreTrainedModel, evaluator: Evaluator, vocabulary: int) -> None:
    """Compare a sequence in two pieces, beside another one, with one plain forward call.

    Costs three forward calls of a few tokens.

    Raises:
        ModelError: the two differ by more than rounding.
    """
    count = _TOKENS + _DECOYS
    ids = [vocabulary * (place + 1) // (count + 1) for place in range(count)]
    tokens, decoys = ids[:_TOKENS], ids[_TOKENS:]
    half = _TOKENS // 2
    workspace = evaluator.workspace([(), ()], room=count)
    first = [Row(token, place, 0, False) for place, token in enumerate(tokens[:half])]
    beside = [Row(token, place, 1, False) for place, token in enumerate(decoys)]
    second = [Row(token, half + place, 0, True) for place, token in enumerate(tokens[half:])]
    before = evaluator.meter.cost
    evaluator.run(workspace, first + beside)
    pieces = evaluator.run(workspace, second).logits.double()
    evaluator.meter.cost = before  # nobody asked for these
    with torch.no_grad():
        output = model(torch.tensor([tokens], device=model.device), use_cache=False)
    plain = output.logits[0, half:].double()
    spread = plain - plain.mean(dim=-1, keepdim=True)
    error = float((pieces - plain).norm() / spread.norm())
    # A comparison with NaN is false.
    if not error < _TOLERANCE.get(model.dtype, _TOLERANCE_HALF_PRECISION):
        raise ModelError(
            f"{type(model).__name__} does not keep sessions apart: its logits are off by "
            f"{error:.2g} of their spread",
            hint="choose another model, or its GGUF under llama.cpp",
            param="model",
        )


def why_hidden(evaluator: Evaluator, vocabulary: int) -> str:
    """Why a model does not show what it attends to; empty where it does.

    Costs a forward call of a few tokens, whose attention is compared with what comes of it: a model
    that caps its scores, or has sinks, would give numbers that look right and are not.
    """
    if not evaluator.by_view:
        return "its attention is no plain scaled dot product"
    looking = Looking([(0, 1)], check=True)
    rows = [Row(vocabulary * (n + 1) // (_TOKENS + 1), n, 0, False) for n in range(_TOKENS)]
    before = evaluator.meter.cost
    evaluator.run(evaluator.workspace([()], room=_TOKENS), rows, looking=looking)
    evaluator.meter.cost = before  # nobody asked for these
    return looking.why_not(evaluator.depth)
