"""No name of a collection leads out of the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from overlay.errors import InputError
from overlay.libraries import Libraries
from overlay.settings import SettingsError, load_settings
from retriever.collections import collections

NAMES = ["../outside", "..", ".", "a/b", "/etc", "..\\outside", "A", "a\n", "", "a\x00", "%2e%2e"]


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(collection=name)
    assert caught.value.param == "collection"


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_a_request_finds_only_what_lies_in_the_store(tmp_path: Path, name: str) -> None:
    # What is outside looks like a collection, so that only its place keeps it out.
    for place in (tmp_path / "outside", tmp_path / "store" / "collections" / "inside"):
        place.mkdir(parents=True)
        (place / "CURRENT").write_text("1")
    libraries = Libraries(load_settings(store=tmp_path / "store"))
    assert collections(tmp_path / "store") == ["inside"]
    with pytest.raises(InputError) as caught:
        libraries.get(name)
    assert caught.value.param == "collection"
    assert "inside" in caught.value.hint
