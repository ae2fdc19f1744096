"""CSV: read back, it gives the report's numbers."""

from __future__ import annotations

import csv
import io

from overlay.views.table import COLUMNS, to_csv
from overlay.views.values import CHUNK_VALUES
from tests.views.sample import bare, sample


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_read_back() -> None:
    report = sample()
    found = rows(to_csv(report))
    assert tuple(found[0]) == COLUMNS
    assert len(found) == len(report.chunks) * (len(CHUNK_VALUES) + 3 * len(report.layers))
    by_place = {(r["chunk"], r["probe"], r["layer"]): r for r in found}
    assert len(by_place) == len(found)
    for index, chunk in enumerate(report.chunks, start=1):
        for value in CHUNK_VALUES:
            row = by_place[str(index), value.name, ""]
            assert float(row["value"]) == value.of(chunk)
            assert row["unit"] == value.unit
            assert row["label"] == chunk.label
        for name in ("hidden_drift", "hidden_l2", "hidden_standardised"):
            drifts = getattr(chunk.reading, name)
            for layer, drift in zip(report.layers, drifts, strict=True):
                assert float(by_place[str(index), name, str(layer)]["value"]) == drift


def test_none_is_empty() -> None:
    found = {row["probe"]: row for row in rows(to_csv(bare()))}
    assert found["support_max"]["value"] == ""
    assert found["influence_gradient"]["value"] == ""
    assert "hidden_drift" not in found
