"""What probes cost: growth, peak memory, and the summary of faithfulness."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eval.readings.attribution_scores import Score
from eval.readings.curves import Cost, growth
from eval.readings.faithfulness import summarise


def cost(length: int, seconds: float) -> Cost:
    return Cost("probe", length, evaluated=length, seconds=seconds, megabytes=1)


@pytest.mark.parametrize(("seconds", "exponent"), [(2.0, 1), (1.0, 0), (4.0, 2), (0.5, -1)])
def test_the_exponent_of_growth(seconds: float, exponent: float) -> None:
    assert growth(cost(64, 1.0), cost(128, seconds), lambda c: c.seconds) == pytest.approx(exponent)


HOLD = """
from eval.readings.peak_memory import peak_memory
with peak_memory() as peak:
    held = bytearray(b"x") * (64 * 2**20)
print(peak.size)
"""


def test_peak_memory_sees_what_is_held() -> None:
    """In a process of its own: this one may give memory back at any moment."""
    done = subprocess.run(
        [sys.executable, "-c", HOLD], capture_output=True, text=True, check=True, timeout=60
    )
    assert 48 * 2**20 < int(done.stdout) < 256 * 2**20


def score(correlation: float | None, evaluated: int) -> Score:
    return Score("q", "method", 5, correlation, None, 0.5, (1.0, 2.0), evaluated, evaluated / 100)


def test_means_leave_out_what_has_no_order() -> None:
    [row] = summarise([score(0.2, 100), score(0.6, 300), score(None, 200)], seed=0)
    assert row["sentences"].startswith("0.40 (")
    assert row["chunks"] == "-"
    assert row["tokens"] == "200"
    assert row["passes"] == "2.0"
    assert row["top 3 drop"].startswith("2.00")
