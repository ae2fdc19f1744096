"""Markdown and plain text as blocks: sections, lists, items, tables, fences and paragraphs."""

from __future__ import annotations

from itertools import accumulate

from markdown_it.token import Token

from retriever.blocks import Block, Frame
from retriever.headings import heading_words, parse_blocks

__all__ = ["read_prose"]

_NOT_PROSE = ("fence", "table", "code_block", "html_block")


def read_prose(text: str, *, markdown: bool) -> list[Block]:
    """The blocks of a text, without gaps but for white space.

    Args:
        text: with ``\\n`` line ends.
        markdown: it has sections, titled by their headings; else what looks like a list is one,
            and all else is paragraphs.
    """
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    document = Block(0)
    sections = [(0, document)]  # those that are open, with the levels of their headings
    levels = [document.parts]  # where a block goes, by the number of blocks around it
    tokens = parse_blocks(text, markdown=markdown)
    for number, token in enumerate(tokens):
        if not token.map or token.type == "inline":
            continue
        block = Block(starts[token.map[0]], prose=token.type not in _NOT_PROSE)
        block.whole = token.type in ("fence", "list_item_open")
        block.frame = _frame(token, token.map[0], token.map[1], lines, starts)
        if words := heading_words(tokens, number):
            block.heading = block.whole = True
            level = int(token.tag[1])
            while sections[-1][0] >= level:
                sections.pop()
            outer = sections[-1][1]
            section = Block(block.start, title=f"{outer.title} > {words}".removeprefix(" > "))
            outer.parts.append(section)
            sections.append((level, section))
            levels = [section.parts]
        del levels[token.level + 1 :]
        levels[-1].append(block)
        levels.append(block.parts)
    _settle(document.parts, text, 0, len(text))
    return document.parts


def _frame(
    token: Token, first: int, stop: int, lines: list[str], starts: list[int]
) -> Frame | None:
    """The frame of a table or fence that has the lines from ``first`` to ``stop``.

    None for other blocks, and where there is nothing but the frame.
    """
    after = ""
    inner = first + 2
    if token.type == "fence":
        inner = first + 1
        last = lines[stop - 1]
        closed = token.markup in last and not last.strip(f" \t>{token.markup[0]}")
        after = f"\n{last if closed else token.markup}"
        stop -= closed
    elif token.type != "table":
        return None
    if not any(map(str.strip, lines[inner:stop])):
        return None
    before = "".join(f"{line}\n" for line in lines[first:inner])
    return Frame(starts[inner], starts[stop] - 1, before, after)


def _settle(blocks: list[Block], text: str, start: int, end: int) -> None:
    """Lets each block reach to the next one, so that no text is left out."""
    stops = [*(block.start for block in blocks[1:]), end]
    for block, stop in zip(blocks, stops, strict=False):
        block.start = start
        block.end = start + len(text[start:stop].rstrip())
        _settle(block.parts, text, start, block.end)
        start = stop
