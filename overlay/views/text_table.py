"""A table of text, for the terminal, for Markdown and for pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overlay.views.markdown import markdown_table

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Table", "markdown_page", "markdown_sections", "print_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """A head and rows of cells; the first column names the row."""

    title: str
    explains: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table in Markdown, without its title."""
        return markdown_table(self.head, self.rows, numbers=True)


def markdown_sections(tables: Iterable[Table]) -> list[str]:
    """Of each table its title, what explains it and the table, as paragraphs of a page."""
    return [
        part
        for table in tables
        for part in (f"### {table.title}", table.explains, table.markdown())
    ]


def markdown_page(tables: Iterable[Table]) -> str:
    """A page of tables."""
    return "\n\n".join(markdown_sections(tables)) + "\n"


def print_table(console: Console, table: Table) -> None:
    """Print a table and what explains it; nothing where it has no rows."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    if not table.rows:
        return
    shown = RichTable(
        title=table.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for place, name in enumerate(table.head):
        shown.add_column(name, justify="left" if place == 0 else "right")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)
    console.print(table.explains, style="dim")
