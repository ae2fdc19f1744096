"""Turns keys to other positions, for models whose positions are rotations.

Source: Su et al., 2021, arXiv 2104.09864 (RoPE), section 3.4: rotations add up, so a key at
position ``p`` turned by ``d`` more is the key at ``p + d``.
"""

from __future__ import annotations

import inspect

import torch
from transformers import PreTrainedModel

from probes.transformers.cells import Segment
from probes.transformers.evaluator import Evaluator, Row

__all__ = ["KeyTurner"]

# Their frequencies depend on the longest position seen.
_CHANGING = {"dynamic", "longrope"}
_NEAR, _FAR = 3, 32
# Largest error of a turned key, relative to the key.
_TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}
_TOLERANCE_HALF_PRECISION = 3e-2

_Rotation = tuple[torch.Tensor, torch.Tensor]


class KeyTurner:
    """Turns the keys of one model.

    Attributes:
        works: whether its keys can be turned, which is tried out: a token alone attends to itself
            wherever it stands, so that its keys at two positions differ by nothing else. Models
            without rotations, or with another arrangement of them, do not pass.
    """

    def __init__(self, model: PreTrainedModel, evaluator: Evaluator) -> None:
        config = model.config.get_text_config(decoder=True)
        decoder = model.get_decoder()  # type: ignore[no-untyped-call]  # transformers has no types here
        self._device = model.device
        self._rotary = getattr(decoder, "rotary_emb", None)
        self._kinds: list[str] = []
        if self._rotary is not None and "layer_type" in _arguments(self._rotary):
            self._kinds = list(config.layer_types)
        self.works = self._rotary is not None and not self._changes() and self._passes(evaluator)

    def turn(self, segment: Segment, shift: int) -> Segment:
        """The cells with their keys ``shift`` positions further on."""
        if shift == 0:
            return segment
        rotations = {kind: self._rotation(kind, shift) for kind in set(self._kinds) or {""}}
        layers = tuple(
            pair and (_turn(pair[0], rotations[self._kinds[n] if self._kinds else ""]), pair[1])
            for n, pair in enumerate(segment.layers)
        )
        return Segment(segment.start + shift, layers)

    def _changes(self) -> bool:
        kinds = getattr(self._rotary, "rope_type", "default")
        return bool(_CHANGING & set(kinds.values() if isinstance(kinds, dict) else [kinds]))

    def _rotation(self, kind: str, shift: int) -> _Rotation:
        """Cosines and sines ``[turned width]`` of a turn by ``shift``."""
        assert self._rotary is not None  # noqa: S101 - tells mypy what ``works`` says
        probe = torch.empty(0, dtype=torch.float32, device=self._device)
        place = torch.tensor([[abs(shift)]], device=self._device)
        cosine, sine = self._rotary(probe, place, *([kind] if kind else []))
        # Some models scale both, which keys that are turned already have been.
        scale = (cosine.square() + sine.square()).sqrt()
        return (cosine / scale)[0, 0], (sine / scale)[0, 0] * (1 if shift > 0 else -1)

    def _passes(self, evaluator: Evaluator) -> bool:
        workspace = evaluator.workspace([(), ()], room=2)
        before = evaluator.meter.cost
        evaluator.run(workspace, [Row(1, _NEAR, 0, False), Row(1, _FAR, 1, False)])
        evaluator.meter.cost = before  # nobody asked for these
        turned, far = self.turn(workspace.take(0, 1), _FAR - _NEAR), workspace.take(1, 1)
        for one, two in zip(turned.layers, far.layers, strict=True):
            if one is None or two is None:
                continue
            if one[0].shape != two[0].shape:
                return False
            error = float((one[0] - two[0]).double().norm() / two[0].double().norm())
            if not error < _TOLERANCE.get(two[0].dtype, _TOLERANCE_HALF_PRECISION):
                return False
        return True


def _turn(keys: torch.Tensor, rotation: _Rotation) -> torch.Tensor:
    """Keys ``[1, heads, cells, width]``, turned in pairs of one half and the other."""
    cosine, sine = rotation
    width = cosine.shape[-1]
    turned, rest = keys[..., :width], keys[..., width:]
    first, second = turned.chunk(2, dim=-1)
    crossed = torch.cat((-second, first), dim=-1)
    return torch.cat(((turned * cosine + crossed * sine).to(keys.dtype), rest), dim=-1)


def _arguments(module: torch.nn.Module) -> set[str]:
    return set(inspect.signature(module.forward).parameters)
