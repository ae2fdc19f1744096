"""Which tokens weigh most, what they are called, and on what scale they are coloured."""

from __future__ import annotations

from overlay.views.colour import Scale
from overlay.views.values import Value
from probes.report import ChunkProbe, ProbeReport, TokenProbe

__all__ = ["named", "strongest", "token_scale"]

_POWER = 0.5


def token_scale(report: ProbeReport, value: Value[TokenProbe, float | None]) -> Scale:
    """One scale for the tokens of all chunks, so that their colours can be compared.

    Colours go with the square root: beside one decisive token the others still differ.
    """
    return Scale.over(
        (value.of(token) for chunk in report.chunks for token in chunk.tokens), _POWER
    )


def strongest(
    chunk: ChunkProbe, value: Value[TokenProbe, float | None], count: int = 5
) -> list[TokenProbe]:
    """The tokens of the largest values by size, largest first; those without are left out."""
    sized = [(abs(one), token) for token in chunk.tokens if (one := value.of(token)) is not None]
    sized.sort(key=lambda pair: pair[0], reverse=True)
    return [token for _, token in sized[:count]]


def named(token: TokenProbe, value: Value[TokenProbe, float | None]) -> str:
    """The token as it is listed: visible where it is blank, with what it is replaced by."""
    text = token.text.strip() or repr(token.text)[1:-1].replace(" ", "␣")
    if value.name == "mutation" and token.alternative is not None:
        return f"{text} → {token.alternative.strip()}"
    return text
