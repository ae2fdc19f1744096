"""Tables as text, with commas, semicolons, tabs or bars between the cells."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import PurePosixPath

from retriever.content import Content, Format, Part
from retriever.loaders.broken import reading
from retriever.loaders.tables import markdown_table
from retriever.loaders.text_decoding import decode

__all__ = ["load"]

_SAMPLE = 8192  # characters that the delimiter is told from
_LONGEST_CELL = 2**31 - 1  # characters; what a file may hold is limited elsewhere
_DELIMITERS = ",;\t|"


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`."""
    text = decode(data, name)
    tabs = PurePosixPath(name).suffix.lower() == ".tsv"
    csv.field_size_limit(_LONGEST_CELL)  # of this process; a quote that is not closed needs more
    with reading(name, "CSV file"):
        delimiter = "\t" if tabs else _delimiter(text[:_SAMPLE])
        rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        table = markdown_table(rows)
    return Content((Part(table, Format.MARKDOWN),))


def _delimiter(sample: str) -> str:
    try:
        return csv.Sniffer().sniff(sample, _DELIMITERS).delimiter
    except csv.Error:
        first = sample.strip().partition("\n")[0]
        return max(_DELIMITERS, key=first.count)
