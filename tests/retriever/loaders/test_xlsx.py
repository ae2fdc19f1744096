from __future__ import annotations

from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from retriever.content import Format
from retriever.loaders import load
from tests.retriever.loaders.conftest import MakeZip, Refuse
from tests.retriever.loaders.test_docx import make as make_docx


def make(title: str = "") -> bytes:
    book = Workbook()
    book.properties.title = title
    sheet = book.active
    assert sheet is not None
    sheet.title = "Fees"
    sheet["B3"], sheet["D3"] = "who", "price"
    sheet["B5"], sheet["D5"] = "adult|senior\nor child", 5.0
    sheet["B6"], sheet["D6"] = "share", 0.1 + 0.2
    rules = DataValidation(type="list", formula1='"yes,no"')
    sheet.add_data_validation(rules)
    rules.add("D9")
    book.create_sheet("Empty")
    days = book.create_sheet("Days")
    days.append(["day", "from", "on"])
    days.append([date(2024, 3, 12), datetime(2024, 3, 12, 9, 30, tzinfo=None), True])  # noqa: DTZ001 - of no zone
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_sheet_is_a_table() -> None:
    content = load(make("All fees"), "a.xlsx")
    assert content.title == "All fees"
    assert [(part.place, part.format, part.text) for part in content.parts] == [
        (
            "sheet Fees",
            Format.MARKDOWN,
            "| who | price |\n| --- | --- |\n| adult\\|senior or child | 5 |\n| share | 0.3 |",
        ),
        (
            "sheet Days",
            Format.MARKDOWN,
            "| day | from | on |\n| --- | --- | --- |\n| 2024-03-12 | 2024-03-12 09:30:00 | True |",
        ),
    ]


def test_a_workbook_without_text_has_no_parts() -> None:
    stream = BytesIO()
    Workbook().save(stream)
    assert load(stream.getvalue(), "a.xlsx").parts == ()


@pytest.mark.parametrize("data", [b"", b"a;b", make()[:900], make()[:-40], make_docx()])
def test_what_is_no_workbook_is_refused(data: bytes, refuse: Refuse) -> None:
    refuse(data, "a.xlsx")


def test_an_archive_without_sheets_is_refused(make_zip: MakeZip, refuse: Refuse) -> None:
    assert "is not a readable Excel workbook" in refuse(make_zip({"a": "b"}), "a.xlsx").message
