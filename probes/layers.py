"""Which layers are read when nobody names any."""

from __future__ import annotations

from overlay.errors import InputError

__all__ = ["spread_layers"]


def spread_layers(layers: int, count: int = 5) -> tuple[int, ...]:
    """``count`` layers spread evenly over the depth, the first and the last among them.

    Raises:
        InputError: the model has no layers, or ``count`` is below 1.
    """
    if layers < 1 or count < 1:
        raise InputError(f"{count} of {layers} layers", param="layers")
    if count == 1 or layers == 1:
        return (layers - 1,)
    return tuple(sorted({round(i * (layers - 1) / (count - 1)) for i in range(count)}))
