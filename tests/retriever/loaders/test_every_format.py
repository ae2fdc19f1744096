from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever import DocumentError
from retriever.loaders import is_known, known_suffixes, load
from tests.retriever.loaders.conftest import Refuse

BINARY = {".docx", ".epub", ".pdf", ".pptx", ".xlsm", ".xlsx"}
BEGINNINGS = [
    b"",
    b"%PDF-1.7\n",
    b"PK\x03\x04",
    b"From a\n",
    b"Subject: a\n\n",
    b"<html>",
    b"---\n",
]


def test_known_are_the_suffixes_in_any_case() -> None:
    assert {".md", ".txt", ".pdf", ".py"} <= set(known_suffixes())
    assert list(known_suffixes()) == sorted(known_suffixes())
    assert is_known("a/B.PDF")
    assert not is_known("a.png")
    assert not is_known("pdf")


def test_an_unknown_suffix_is_refused(refuse: Refuse) -> None:
    assert "no known format" in refuse(b"", "a.png").message


@pytest.mark.parametrize("suffix", known_suffixes())
def test_an_empty_file_is_blank_or_refused(suffix: str) -> None:
    if suffix in BINARY:
        with pytest.raises(DocumentError, match="a"):
            load(b"", f"a{suffix}")
    else:
        assert load(b"", f"a{suffix}").is_blank


@settings(deadline=None)  # the first call imports a library
@given(
    st.sampled_from(known_suffixes()),
    st.sampled_from(BEGINNINGS),
    st.binary(max_size=300) | st.text(max_size=100).map(str.encode),
)
def test_any_bytes_are_read_or_refused(suffix: str, beginning: bytes, data: bytes) -> None:
    try:
        content = load(beginning + data, f"a{suffix}")
    except DocumentError:
        return
    for text in [content.title, content.note, *(part.text + part.place for part in content.parts)]:
        assert "\x00" not in text
        text.encode("utf-8")  # no lone surrogates
