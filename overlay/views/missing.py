"""Why something is not in a view."""

from __future__ import annotations

from probes.report import ProbeReport

__all__ = ["missing", "why"]


def missing(report: ProbeReport) -> list[tuple[str, str]]:
    """Names of everything that is unavailable, those with the same reason together, and why."""
    names: dict[str, list[str]] = {}
    for name, reason in report.unavailable.items():
        names.setdefault(reason, []).append(name)
    for index, chunk in enumerate(report.chunks, start=1):
        for name, reason in chunk.reading.unavailable.items():
            if report.unavailable.get(name) != reason:
                names.setdefault(reason, []).append(f"{name} (chunk {index})")
    return [(", ".join(sorted(group)), reason) for reason, group in names.items()]


def why(report: ProbeReport, name: str) -> str:
    """The reason for which ``name`` is missing, as a sentence."""
    reason = report.unavailable.get(name)
    return f"Not available: {reason}." if reason else "None was measured."
