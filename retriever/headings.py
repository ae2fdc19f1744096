"""Markdown read as blocks of lines, and its headings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.token import Token

__all__ = ["find_headings", "heading_words", "parse_blocks"]

_LONGEST = 200  # characters of a heading's words; a title repeats them with every chunk


def parse_blocks(text: str, *, markdown: bool = True) -> list[Token]:
    """The blocks of a text, outer ones first, in time that is linear in it.

    Args:
        text: with ``\\n`` line ends.
        markdown: else only lists and paragraphs are told apart.
    """
    tokens = _Openings()
    reader = _reader(markdown)
    reader.block.parse(text, reader, {}, tokens)  # no inline rules: some are quadratic
    return tokens


def find_headings(text: str) -> list[str]:
    """The headings of a Markdown text, in order, but for those within lists and quotations."""
    tokens = parse_blocks(text)
    return [found for number in range(len(tokens)) if (found := heading_words(tokens, number))]


def heading_words(tokens: Sequence[Token], number: int) -> str:
    """The words of the heading that a token begins; empty where it begins none.

    Words above a line of dashes are none: front matter and tables look the same. Of several lines
    above one of equals signs the last one is taken.
    """
    token = tokens[number]
    if token.type != "heading_open" or token.level or token.markup == "-":
        return ""
    return tokens[number + 1].content.rpartition("\n")[2][:_LONGEST]


class _Openings(list[Token]):
    """Tokens without what we do not need of each paragraph, for the memory's sake."""

    def append(self, token: Token) -> None:
        words = token.type == "inline" and self[-1].type != "heading_open"
        if token.nesting >= 0 and not words:
            super().append(token)


@cache
def _reader(markdown: bool) -> MarkdownIt:
    if not markdown:
        return MarkdownIt("zero").enable("list")
    reader = MarkdownIt("commonmark").enable("table").disable("reference")
    reader.block.ruler.at("table", _table, {"alt": ["paragraph"]})
    return reader


def _table(state: StateBlock, start: int, stop: int, silent: bool) -> bool:
    """The library's rule, without its tokens of every cell: a large sheet would fill the memory."""
    found = table(state, start, stop, True)
    if silent or not found:
        return found
    line = start + 2
    while (
        line < stop
        and state.sCount[line] >= state.blkIndent
        and "|" in state.src[state.bMarks[line] : state.eMarks[line]]
    ):
        line += 1
    state.push("table", "", 0).map = [start, line]
    state.line = line
    return True
