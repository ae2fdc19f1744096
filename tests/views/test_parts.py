"""Numbers, colours, charts, files, imports."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overlay.errors import InputError, ResourceError
from overlay.views.chart import line_chart
from overlay.views.colour import Scale, ink
from overlay.views.files import save
from overlay.views.numbers import number, printable, shorten
from tests.imports import imported

sizes = st.floats(-1e5, 1e5)


@given(sizes)
def test_a_number_is_short_and_right(value: float) -> None:
    written = number(value)
    assert len(written) <= 7 or abs(value) < 1e-99
    assert float(written) == pytest.approx(value, rel=6e-3, abs=6e-4)
    assert (float(written) < 0) == (value < 0)


def test_numbers_by_hand() -> None:
    values = (None, 0.0, -0.0, 0.00004, 0.0312, 0.99951, 9.996, 12.345, 99.96, 1234.5)
    expected = ["-", "0", "0", "4e-05", "0.031", "1.00", "10.0", "12.3", "100", "1234"]
    assert [number(value) for value in values] == expected


def test_texts_cannot_steer() -> None:
    assert printable("a\x1b[2Jb\r\nc\td\u202ee\x9b\ud800") == "a�[2Jb\nc\td�e��"
    assert shorten("one\n two  three", 9) == "one two…"


@given(st.floats(-1, 1))
def test_text_reads_on_every_colour(value: float) -> None:
    background = Scale(1.0).background(value)
    light, dark = sorted((_luminance(background), _luminance(ink(background))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@given(st.lists(sizes | st.none(), max_size=8), sizes)
def test_scales(values: list[float | None], value: float) -> None:
    for scale in (Scale.over(values), Scale.over(values, power=0.5), Scale.beside(values)):
        assert -1 <= scale.position(value) <= 1
        assert scale.position(-value) == -scale.position(value)
        assert len(scale.shade(value)) == 1
        assert scale.position(None) == scale.position(float("nan")) == 0


def test_shades_grow() -> None:
    assert [Scale(4.0).shade(v) for v in (0, 0.4, 1, -2, 3, -4, 9)] == list("  ░▒▓██")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6))
@example([5e-324])
@example([0.0, 2e-300])
def test_charts_hold_their_points(values: list[float]) -> None:
    chart = line_chart([("a", values)], ["x"] * len(values))
    for point in chart.lines[0].points:
        assert 0 <= point.x <= chart.width
        assert -0.01 <= point.y <= chart.bottom + 0.01
    assert 2 <= len(chart.y_ticks) <= 8
    labels = [float(tick.label) for tick in chart.y_ticks]
    assert labels == sorted(set(labels))


def test_files(tmp_path: Path) -> None:
    save(tmp_path / "a.txt", "小屋")
    assert (tmp_path / "a.txt").read_bytes() == "小屋".encode()
    with pytest.raises(InputError, match="no folder"):
        save(tmp_path / "b" / "a.txt", "")
    with pytest.raises(ResourceError, match="cannot write") as caught:
        save(tmp_path / ("a" * 300), "")
    assert caught.value.hint


def test_importing_the_views_is_cheap() -> None:
    code = (
        "import overlay.views.terminal, overlay.views.html, overlay.views.png, "
        "overlay.views.table, overlay.views.document, overlay.views.notebook"
    )
    assert not {"matplotlib", "jinja2", "pydantic", "numpy"} & imported(code)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
