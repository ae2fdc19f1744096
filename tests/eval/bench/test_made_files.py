"""Files made for tests and benches: each loader reads in them what was written."""

from __future__ import annotations

import sys

import pytest

from eval.bench.made_files import make_file
from eval.bench.made_sections import Section
from eval.bench.made_texts import sections_of, wrapped_text
from overlay.errors import ResourceError
from retriever.loaders import known_suffixes, load

SECTIONS = [
    Section("The pool", ("It opens at nine.",)),
    Section("The fees", ("Five euros for adults.", "Children swim free.")),
]


@pytest.mark.parametrize("suffix", known_suffixes())
def test_every_format_is_made(suffix: str) -> None:
    content = load(make_file(suffix, "The town", SECTIONS), f"town{suffix}")
    text = " ".join(part.text for part in content.parts)
    for section in SECTIONS:
        assert all(paragraph in text for paragraph in section.paragraphs)


@pytest.mark.parametrize(
    ("suffix", "library"),
    [
        (".docx", "docx"),
        (".xlsx", "openpyxl"),
        (".pptx", "pptx"),
        (".pdf", "reportlab.pdfgen.canvas"),
    ],
)
def test_a_missing_library_is_named(
    suffix: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ResourceError, match=library) as caught:
        make_file(suffix, "The town", SECTIONS)
    assert "overlay-rag[dev]" in caught.value.hint


def test_texts_have_the_size_that_was_asked_for() -> None:
    text = wrapped_text(0.1, seed=0)
    assert 95_000 <= len(text) <= 106_000
    assert max(map(len, text.decode().split("\n"))) <= 72
    sections = sections_of(0.1, seed=0)
    assert 95_000 <= sum(len(one) for section in sections for one in section.paragraphs) <= 101_000
    assert len({one for section in sections for one in section.paragraphs}) > 200
