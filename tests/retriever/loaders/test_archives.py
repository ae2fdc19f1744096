from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from retriever.loaders.archives import open_archive
from tests.retriever.loaders.conftest import MakeZip, Refuse


def test_an_archive_is_opened(make_zip: MakeZip) -> None:
    with open_archive(make_zip({"a": "text"}), "a.docx") as archive:
        assert archive.read("a") == b"text"


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_a_bomb_is_refused_by_every_format(name: str, refuse: Refuse) -> None:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(6):
            archive.writestr(f"{number}.xml", bytes(1000))
    # Every size is raised in the archive's directory; the real one would take seconds to write.
    data = stream.getvalue().replace((1000).to_bytes(4, "little"), (10**8).to_bytes(4, "little"))
    error = refuse(data, name)
    assert "unpacks to 600 MB; at most 500 MB" in error.message


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_an_encrypted_archive_is_refused_by_every_format(
    name: str, make_zip: MakeZip, refuse: Refuse
) -> None:
    data = bytearray(make_zip({"a.xml": "<a/>"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag for it in the directory
    assert "is encrypted" in refuse(bytes(data), name).message


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx"])
def test_a_damaged_entry_is_refused_by_every_office_format(
    name: str, make_zip: MakeZip, refuse: Refuse
) -> None:
    data = bytearray(make_zip({"a.xml": "no XML at all"}))
    data[data.index(b"a.xml") + len(b"a.xml") + 2] ^= 0xFF
    assert "is not a readable archive" in refuse(bytes(data), name).message
