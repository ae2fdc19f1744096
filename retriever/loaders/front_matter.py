"""The YAML between ``---`` lines that a Markdown file may begin with."""

from __future__ import annotations

import re
from datetime import date, datetime

from retriever.dates import find_date

__all__ = ["split_front_matter"]

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.M)


def split_front_matter(text: str) -> tuple[str, str, str]:
    """The title, the date and the text below the front matter.

    Returns:
        Title and ISO date, empty where not given, and the text; all of the text where it has no
        front matter or one that is no YAML mapping.
    """
    found = _FRONT_MATTER.match(text)
    fields = _parse(found[1]) if found else None
    if found is None or fields is None:
        return "", "", text
    title, day = fields.get("title"), fields.get("date")
    return (
        " ".join(str(title).split()) if isinstance(title, str | int | float | date) else "",
        find_date(str(day)) if isinstance(day, str | date | datetime) else "",
        text[found.end() :],
    )


def _parse(text: str) -> dict[object, object] | None:
    import yaml  # only for files with a front matter

    try:
        fields = yaml.safe_load(text)
    except Exception:  # noqa: BLE001 - yaml lets through what its constructors raise, as ValueError
        return None
    return fields if isinstance(fields, dict) else None
