from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.boundaries import GROUP, LINE, Layout, block
from retriever.code_blocks import lay_out_code
from retriever.packing import pack
from retriever.pieces import Ruler
from retriever.sizes import Sizes
from tests.retriever.hashing import HashEmbedder

count_tokens = HashEmbedder().count_tokens

PYTHON = '''\
"""Berths."""

RATE = 3


# What a boat pays.
@cached
def fee(days):
    return days * RATE


class Berth:
    """One place."""

    size = 1

    def power(self):
        def inner():
            return 1

        return inner()

    async def water(self): ...


if RATE:
    def late(): ...
'''


def cut(text: str, limit: int, language: str = "python") -> list[str]:
    layout = lay_out_code(text, language)
    return [piece.text for piece in pack(layout, Ruler(layout, Sizes(count_tokens, limit), True))]


def levels(layout: Layout) -> dict[str, int]:
    """The level of each line that may begin a piece."""
    lines = {
        found.offset: layout.text[found.offset :].split("\n")[0] for found in layout.boundaries
    }
    return {lines[found.offset]: found.level for found in layout.boundaries}


def test_definitions_begin_with_their_comments_and_decorators() -> None:
    found = levels(lay_out_code(PYTHON, "python"))
    assert found["# What a boat pays."] == found["class Berth:"] == found["if RATE:"] == block(0)
    assert found["    def power(self):"] == found["    async def water(self): ..."] == block(1)
    assert found["        def inner():"] == block(2)
    assert found["@cached"] == found["def fee(days):"] == LINE
    assert found["    size = 1"] == GROUP


def test_titles_are_the_names_in_force() -> None:
    layout = lay_out_code(PYTHON, "python")
    found = {}
    for offset, title in layout.titles:
        found[layout.text[offset:].strip().split("\n")[0].strip()] = title
    assert found == {
        "# What a boat pays.": "fee",
        "class Berth:": "Berth",
        "def power(self):": "Berth > power",
        "def inner():": "Berth > power > inner",
        "return inner()": "Berth > power",
        "async def water(self): ...": "Berth > water",
        "if RATE:": "",
        "def late(): ...": "late",
        "": "",
    }
    assert [offset for offset, _ in layout.titles] == sorted(offset for offset, _ in layout.titles)


def test_definitions_that_fit_are_whole() -> None:
    assert any(text.startswith("# What") and text.endswith("RATE") for text in cut(PYTHON, 24))
    assert any(text.startswith("    def power") for text in cut(PYTHON, 24))


@pytest.mark.parametrize(
    "text", ["def broken(:\n\n    x\n", "x = '\0'\n", "print 'old'\n\ny = 1\n"]
)
def test_python_that_does_not_parse_is_cut_like_other_code(text: str) -> None:
    assert lay_out_code(text, "python") == lay_out_code(text, "cobol")


def test_warnings_about_the_code_are_not_ours() -> None:
    assert lay_out_code("x = '\\d'\ndef f(): ...\n", "python").titles


def test_other_code_is_cut_above_lines_that_are_not_indented() -> None:
    function = "func fee() {\n  one two\n\n  three four\n}\n"
    assert cut(function * 1 + "\n" + function, 16, "go") == [function.rstrip()] * 2


LINES = st.sampled_from(
    [
        *("def f():", "class A:", "    def g(self):", "        return 1", "    x = 1", "", "@mark"),
        *(
            "# note",
            "    # note",
            "if x:",
            "else:",
            '"""',
            "\t",
            "é" * 30,
            "a b " * 40,
            "x = (\n1)",
        ),
    ]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=30).map("\n".join), st.integers(16, 40))
def test_pieces_are_whole_lines_unless_a_line_is_too_long(text: str, limit: int) -> None:
    pieces = cut(text, limit)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(Sizes(count_tokens, limit).fits(piece) for piece in pieces)
    lines = {line.rstrip() for line in text.split("\n")}
    for line in (line for piece in pieces for line in piece.split("\n")):
        assert line in lines or line.strip() in "a b " * 40
