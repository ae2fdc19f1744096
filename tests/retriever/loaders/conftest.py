from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from retriever import DocumentError
from retriever.loaders import load

MakeZip = Callable[[dict[str, str | bytes]], bytes]
Refuse = Callable[[bytes, str], DocumentError]


@pytest.fixture
def make_zip() -> MakeZip:
    """Makes a zip archive of these entries."""

    def make(entries: dict[str, str | bytes]) -> bytes:
        stream = BytesIO()
        with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return stream.getvalue()

    return make


@pytest.fixture
def refuse() -> Refuse:
    """The error that reading the file gives; it names the file and says what to do."""

    def read(data: bytes, name: str) -> DocumentError:
        with pytest.raises(DocumentError) as caught:
            load(data, name)
        assert caught.value.message.startswith(name)
        assert caught.value.hint
        assert caught.value.param == "source"
        return caught.value

    return read
