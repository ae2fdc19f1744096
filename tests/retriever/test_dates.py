from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retriever.dates import find_date


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Fees 2024-03-12", "2024-03-12"),
        ("report_2024-03-12.md", "2024-03-12"),
        ("2024-03-12T08:00:00+01:00", "2024-03-12"),
        ("on 12 March 2024", "2024-03-12"),
        ("on 1st Sept. 2024", "2024-09-01"),
        ("March 12, 2024", "2024-03-12"),
        ("MAR 2nd 2024", "2024-03-02"),
        ("1 May 2024", "2024-05-01"),
        ("2024-02-30, then 2024-02-29", "2024-02-29"),
        ("31 April 2024", ""),
        ("12024-03-12", ""),
        ("2024-03-12-7", ""),
        ("March 2024", ""),
        ("12 Marching 2024", ""),
        ("Room 12, 2024", ""),
        ("0000-01-01", ""),
        ("", ""),
    ],
)
def test_dates_in_a_text(text: str, found: str) -> None:
    assert find_date(text) == found


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_found_however_it_is_written(day: date) -> None:
    assert find_date(f"of {day.isoformat()}.") == day.isoformat()
    assert find_date(f"of {day.day} {day:%B} {day.year}.") == day.isoformat()
    assert find_date(f"of {day:%B} {day.day}, {day.year}.") == day.isoformat()


@given(st.text())
def test_any_text_has_a_valid_date_or_none(text: str) -> None:
    found = find_date(text)
    assert not found or date.fromisoformat(found)
