"""Signs in a journal."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from overlay.calibration.kept_signs import KeptSigns, keep, restore
from selector.signs import Signs


def test_signs_survive_a_journal() -> None:
    state = np.array([0.5, -3.25, 1000.0], dtype=np.float32)
    kept = keep(Signs(-0.5, 0.25, 0.75, 0.9, 0.1, 3, state))
    assert kept is not None
    read = restore(KeptSigns(**json.loads(json.dumps(asdict(kept)))))
    assert (read.log_prob, read.copied, read.gain) == (-0.5, 0.25, 0.75)
    assert (read.volatility, read.backing, read.chunks) == (0.9, 0.1, 3)
    assert read.state is not None
    assert read.state.tolist() == state.tolist()


def test_signs_without_a_state_have_none_in_a_journal() -> None:
    kept = keep(Signs(-0.5, 0.25, 0.75, 0.9, 0.1, 3, None))
    assert kept is not None
    assert restore(kept).state is None
    assert keep(None) is None
