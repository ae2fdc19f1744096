"""The picture."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from overlay.errors import InputError
from overlay.views.png import save_png
from tests.views.sample import bare, many, sample


@pytest.mark.parametrize("make", [sample, bare, many])
def test_it_is_a_picture_of_readable_size(make: type, tmp_path: Path) -> None:
    path = tmp_path / "report.png"
    save_png(make(), path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert 1200 < width < 4000
    assert 900 < height < 4000


def test_texts_are_neither_formulas_nor_missing_letters(tmp_path: Path) -> None:
    report = sample()
    chunks = (replace(report.chunks[0], label="$\\frac{1$ 🏔️ 小屋 \x1b[31m"), *report.chunks[1:])
    report = replace(report, question="What is $x_{?\nAnd 🏔️?", answer="", chunks=chunks)
    save_png(report, tmp_path / "report.png")


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder") as caught:
        save_png(sample(), tmp_path / "missing" / "report.png")
    assert "folder" in caught.value.hint
    with pytest.raises(InputError, match="it is a folder"):
        save_png(sample(), tmp_path)
