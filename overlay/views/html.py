"""A probe report as one HTML page that needs nothing else: no script, no request, no font."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from overlay.views.chart import Chart, line_chart
from overlay.views.colour import Scale
from overlay.views.heat_map import lifts, step_map, volatility_map
from overlay.views.missing import missing, why
from overlay.views.numbers import number, printable, shorten
from overlay.views.tokens import named, strongest, token_scale
from overlay.views.values import (
    ANSWER_LOG_PROB,
    CHUNK_VALUES,
    LEGEND,
    SENTENCE_VALUES,
    SUPPORT_MATRIX,
    TOKEN_VALUES,
    TRAJECTORY_VALUES,
    VARIANT_VALUES,
    Value,
)
from probes.report import ProbeReport, TokenProbe

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render_html"]


def render_html(report: ProbeReport) -> str:
    """The page. Chunk texts are escaped: markup in them is shown, never run."""
    gains = lifts(report)
    readings = [(v, [v.of(chunk) for chunk in report.chunks]) for v in CHUNK_VALUES]
    return _template().render(
        report=report,
        chunk_values=[(value, row, Scale.beside(row, 1.6)) for value, row in readings],
        volatility=volatility_map(report),
        steps=step_map(report),
        token_values=_token_values(report),
        sentence_scale=Scale.over(s.share for c in report.chunks for s in c.sentences),
        support=SUPPORT_MATRIX,
        lifts=gains,
        lift_scale=Scale.over(one for row in gains for one in row),
        trajectory_values=(*TRAJECTORY_VALUES, ANSWER_LOG_PROB),
        charts=_charts(report),
        variant_values=(*VARIANT_VALUES, ANSWER_LOG_PROB),
        variant_scales=[
            Scale.over(v.of(variant) for variant in report.variants) for v in VARIANT_VALUES
        ],
        sentence_values=SENTENCE_VALUES,
        missing=missing(report),
        legend=LEGEND,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("overlay.views", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= {"number": number, "shorten": shorten, "title": _title}
    environment.globals |= {
        "named": named,
        "strongest": strongest,
        "why": why,
        "token_style": _token_style,
        "token_title": _token_title,
    }
    return environment.get_template("report.html.jinja")


def _finalize(value: Any) -> Any:
    """What every expression of the template goes through, before it is escaped."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable(value)
    return value


def _title(text: str) -> str:
    """With a capital; unlike Jinja's own filter it leaves the other letters alone."""
    return text[:1].upper() + text[1:]


def _token_values(
    report: ProbeReport,
) -> list[tuple[Value[TokenProbe, float | None], Scale, bool]]:
    """How tokens can be coloured: the value, its scale, and whether any token has it."""
    return [
        (
            value,
            token_scale(report, value),
            any(value.of(token) is not None for c in report.chunks for token in c.tokens),
        )
        for value in TOKEN_VALUES
    ]


def _token_style(
    token: TokenProbe, values: Sequence[tuple[Value[TokenProbe, float | None], Scale, bool]]
) -> str:
    """A token's colours under every value, as custom properties that the style sheet picks."""
    parts = []
    for value, scale, _ in values:
        one = value.of(token)
        if one is not None:
            background, ink = (part.partition(":")[2] for part in scale.style(one).split(";"))
            parts.append(f"--{value.name}:{background};--{value.name}-ink:{ink}")
    return ";".join(parts)


def _token_title(token: TokenProbe) -> str:
    """The numbers behind a token's colours."""
    lines = [repr(token.text)[1:-1]]
    for value in TOKEN_VALUES:
        one = value.of(token)
        if one is None:
            continue
        head = value.heading
        if value.name == "mutation" and token.alternative is not None:
            head = f"{head} to {token.alternative.strip()!r}"
        lines.append(f"{head}: {number(one)} {value.unit}")
    return "\n".join(lines)


def _charts(report: ProbeReport) -> list[tuple[str, Chart]]:
    """The trajectory: drifts and entropy, which share a scale, then the log-probability."""
    labels = [f"+{i}" if i else "no context" for i in range(len(report.trajectory))]
    drifts = [(v.heading, [v.of(p) for p in report.trajectory]) for v in TRAJECTORY_VALUES]
    likelihood = (ANSWER_LOG_PROB.heading, [ANSWER_LOG_PROB.of(p) for p in report.trajectory])
    return [
        ("Drifts (bits) and entropy, 0 to 1", line_chart(drifts, labels)),
        ("Answer log-probability (nats/token)", line_chart([likelihood], labels)),
    ]
