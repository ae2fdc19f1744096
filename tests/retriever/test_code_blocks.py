from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.blocks import Block
from retriever.code_blocks import read_code
from retriever.packing import pack
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


def cut(text: str, limit: int, language: str = "python") -> list[tuple[str, str]]:
    return list(pack(text, read_code(text, language), Sizes(count_tokens, limit)))


def leaves(text: str, blocks: list[Block], title: str = "") -> list[tuple[str, str]]:
    """The first lines of the smallest blocks, and their titles."""
    found = []
    for block in blocks:
        own = block.title or title
        if block.parts:
            found.extend(leaves(text, block.parts, own))
        else:
            found.append((text[block.start : block.end].strip().split("\n")[0], own))
    return found


def test_definitions_begin_with_their_comments_and_decorators_and_are_titled() -> None:
    assert leaves(PYTHON, read_code(PYTHON, "python")) == [
        ('"""Berths."""', ""),
        ("# What a boat pays.", "fee"),
        ("class Berth:", "Berth"),
        ("def power(self):", "Berth > power"),
        ("def inner():", "Berth > power > inner"),
        ("return inner()", "Berth > power"),
        ("async def water(self): ...", "Berth > water"),
        ("if RATE:", ""),
        ("def late(): ...", "late"),
    ]


def test_definitions_that_fit_are_whole() -> None:
    texts = [text for _, text in cut(PYTHON, 24)]
    assert any(text.startswith("# What") and text.endswith("RATE") for text in texts)
    assert any(text.startswith("    def power") for text in texts)


@pytest.mark.parametrize(
    "text", ["def broken(:\n\n    x\n", "x = '\0'\n", "print 'old'\n\ny = 1\n"]
)
def test_python_that_does_not_parse_is_cut_like_other_code(text: str) -> None:
    assert read_code(text, "python") == read_code(text, "cobol")


def test_warnings_about_the_code_are_not_ours() -> None:
    assert read_code("x = '\\d'\ndef f(): ...\n", "python")[-1].title == "f"


def test_other_code_is_cut_at_blank_lines() -> None:
    function = "func fee() {\n  one two\n  three four\n}\n"
    assert cut(f"{function}\n{function}", 16, "go") == [("", function.rstrip())] * 2


def test_definitions_on_one_line_and_long_chains_are_read() -> None:
    assert cut("def f(): ...; x = 1\nclass A: y = 1; z = 2\n", 64)
    chain = "if a:\n    x\n" + "elif b:\n    x\n" * 3000
    assert "".join("".join(text for _, text in cut(chain, 64)).split()) == "".join(chain.split())


LINES = st.sampled_from(
    [
        *("def f():", "class A:", "    def g(self):", "        return 1", "    x = 1", "", "@mark"),
        *("# note", "    # note", "if x:", "else:", '"""', "\t", "é" * 30, "a b " * 40),
        *("x = (\n1)", "\r", "\x0c"),
    ]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=30).map("\n".join), st.integers(16, 40))
def test_pieces_are_whole_lines_unless_a_line_is_too_long(text: str, limit: int) -> None:
    pieces = [piece for _, piece in cut(text, limit)]
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(Sizes(count_tokens, limit).fits(piece) for piece in pieces)
    lines = {line.rstrip() for line in text.split("\n")}
    for line in (line for piece in pieces for line in piece.split("\n")):
        assert line.rstrip() in lines or line.strip() in "a b " * 40
