"""Dates that stand in a text."""

from __future__ import annotations

import re
from datetime import date

__all__ = ["find_date"]

_MONTHS = "january february march april may june july august september october november december"
_NUMBERS = {name[:3]: number for number, name in enumerate(_MONTHS.split(), start=1)}
_MONTH = "|".join(rf"{name[:3]}(?:t?\.|{name[3:]})?" for name in _MONTHS.split())
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    r"(?<![\d-])(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![\d-])"
    rf"|\b(?P<day_first>{_DAY})\s+(?P<month_second>{_MONTH})\s+(?P<year_after>\d{{4}})\b"
    rf"|\b(?P<month_first>{_MONTH})\s+(?P<day_second>{_DAY}),?\s+(?P<year_last>\d{{4}})\b",
    re.IGNORECASE | re.ASCII,
)


def find_date(text: str) -> str:
    """The first date in ``text`` as ``YYYY-MM-DD``; empty where there is none.

    Read are ``2024-03-12``, ``12 March 2024``, ``12 Mar 2024`` and ``March 12, 2024``. A day that
    no calendar has, such as ``2024-02-30``, is passed over.
    """
    for found in _DATE.finditer(text):
        try:
            return _read(found).isoformat()
        except ValueError:
            continue
    return ""


def _read(found: re.Match[str]) -> date:
    if found["iso"]:
        return date.fromisoformat(found["iso"])
    day = found["day_first"] or found["day_second"]
    month = found["month_second"] or found["month_first"]
    year = found["year_after"] or found["year_last"]
    return date(int(year), _NUMBERS[month[:3].lower()], int(day.rstrip("stndrhSTNDRH")))
