"""A probe report as JSON-ready data, and back, so that a saved report can be shown again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from overlay.errors import InputError
from probes.report import ProbeReport

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["FORMAT", "from_dict", "to_dict"]

FORMAT = "overlay probe report 1"
_HINT = "save a report with `overlay probe --json` and give that file"


def to_dict(report: ProbeReport) -> dict[str, Any]:
    """``report`` as dictionaries, lists, texts and finite numbers.

    Raises:
        InputError: a number is NaN or infinite, which JSON cannot hold; a report says None.
    """
    document = {"format": FORMAT, **_plain(asdict(report))}
    _check_finite(document, "")
    return document


def from_dict(document: Mapping[str, Any]) -> ProbeReport:
    """The report of which :func:`to_dict` made ``document``.

    Raises:
        InputError: ``document`` is not such a report; the message names the field at fault.
    """
    from pydantic import ValidationError

    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, Mapping) else None
        raise InputError(
            f"not a saved probe report: format is {found!r}, not {FORMAT!r}",
            hint=_HINT,
            param="format",
        )
    try:
        report = _adapter().validate_python({k: v for k, v in document.items() if k != "format"})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"not a saved probe report: {where}: {first['msg']}", hint=_HINT, param=where
        ) from error
    _check_finite(asdict(report), "")
    _check_shape(report)
    return report


@cache
def _adapter() -> TypeAdapter[ProbeReport]:
    from pydantic import TypeAdapter

    return TypeAdapter(ProbeReport)


def _plain(value: Any) -> Any:
    """``value`` with lists in the place of tuples, as JSON reads it back."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _check_finite(value: Any, where: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(
            f"{where} is {value}: a probe report holds finite numbers, or None", param=where
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _check_finite(item, f"{where}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_finite(item, f"{where}.{index}")


def _check_shape(report: ProbeReport) -> None:
    """What the views count on: one number a layer, one column a chunk."""
    layers, k = len(report.layers), len(report.chunks)
    columns: list[tuple[str, tuple[float, ...] | None]] = [
        (f"chunks.{index}.reading.{name}", values)
        for index, chunk in enumerate(report.chunks)
        for name, values in (
            ("hidden_drift", chunk.reading.hidden_drift),
            ("hidden_l2", chunk.reading.hidden_l2),
            ("hidden_standardised", chunk.reading.hidden_standardised),
        )
    ]
    columns += [
        (f"trajectory.{i}.step_hidden", p.step_hidden) for i, p in enumerate(report.trajectory)
    ]
    for where, values in columns:
        if values and len(values) != layers:
            raise InputError(
                f"not a saved probe report: {where} has {len(values)} numbers for {layers} layers",
                hint=_HINT,
                param=where,
            )
    rows = report.support_matrix
    if rows and (len(rows) != k + 1 or any(len(row) != k for row in rows)):
        raise InputError(
            f"not a saved probe report: support_matrix is not {k + 1} by {k}",
            hint=_HINT,
            param="support_matrix",
        )
