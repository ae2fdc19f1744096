"""Excel workbooks, sheet by sheet."""

from __future__ import annotations

import warnings
from contextlib import closing
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

from retriever.content import Content, Format, Part
from retriever.dates import find_date
from retriever.loaders.archives import check_office_file
from retriever.loaders.broken import reading
from retriever.loaders.tables import markdown_table

__all__ = ["load"]


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. A part is a sheet; a formula is read as its value."""
    check_office_file(data, name)
    with reading(name, "Excel workbook"), warnings.catch_warnings():
        import openpyxl

        warnings.simplefilter("ignore")  # of features, such as drop-down lists, that hold no text
        with closing(openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)) as book:
            tables = {sheet.title: _table(sheet) for sheet in book.worksheets}
            title = str(book.properties.title or "").strip()
    parts = tuple(
        Part(table, Format.MARKDOWN, f"sheet {sheet}") for sheet, table in tables.items() if table
    )
    return Content(parts, title, find_date(title))


def _table(sheet: Any) -> str:
    sheet.reset_dimensions()  # some programs write wrong ones
    return markdown_table(
        [_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)
    )


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.15g}"  # as many digits as a sheet keeps
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
