"""The faster copy: made once, measured, and used only where it pays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overlay.models import find_model
from probes.llamacpp import LlamaCppModel, requantized
from probes.llamacpp.requantized import MOST_KL, Measurement, faster_copy
from probes.protocol import Sampling

PATH = find_model("smollm2")
GOOD = Measurement(kl=0.004, prefill=1.6, decode=0.9, speedup=1.3)


def test_a_copy_is_made_once_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requantized, "_LEAST_GAIN", 0.0)  # machines differ; the copy is used
    copy = faster_copy(PATH, cache=tmp_path, threads=0)
    assert copy.parent.parent == tmp_path
    [note] = tmp_path.glob("*/measured.json")
    found = Measurement(**json.loads(note.read_text()))
    assert 0 < found.kl < MOST_KL
    assert min(found.prefill, found.decode, found.speedup) > 0

    def again(*_: object, **__: object) -> Measurement:
        raise AssertionError("measured twice")

    monkeypatch.setattr(requantized, "measure", again)
    assert faster_copy(PATH, cache=tmp_path, threads=0) == copy
    loaded = LlamaCppModel(PATH, context_size=512, copy=copy)
    assert loaded.info.path == str(PATH)
    assert loaded.info.name == PATH.stem
    with loaded.session() as session:
        session.extend(loaded.tokenize("The capital of France is"))
        said = b"".join(loaded.piece(token) for token in session.generate(Sampling(4)))
    loaded.close()
    assert b"Paris" in said


@pytest.mark.parametrize(
    ("found", "pays"),
    [
        (GOOD, True),
        (Measurement(kl=0.02, prefill=1.6, decode=0.9, speedup=1.3), False),
        (Measurement(kl=0.004, prefill=1.2, decode=0.7, speedup=1.0), False),
    ],
)
def test_only_a_copy_that_pays_is_used(
    found: Measurement, pays: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requantized, "measure", lambda *_, **__: found)
    path = faster_copy(PATH, cache=tmp_path, threads=0)
    assert (path != PATH) is pays
    assert bool(list(tmp_path.glob("*/model.gguf"))) is pays
    monkeypatch.setattr(requantized, "measure", lambda *_, **__: GOOD)
    assert faster_copy(PATH, cache=tmp_path, threads=0) == path  # as decided


def test_other_types_and_large_files_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requantized, "_LARGEST", 1000)
    assert faster_copy(PATH, cache=tmp_path, threads=0) == PATH
    monkeypatch.setattr(requantized, "_LARGEST", 2**30)
    monkeypatch.setattr(requantized, "_SLOW", {"8"})
    assert faster_copy(PATH, cache=tmp_path, threads=0) == PATH
    assert not list(tmp_path.iterdir())


def test_without_a_cache_to_write_to_the_file_is_used_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with caplog.at_level("WARNING"):
        assert faster_copy(PATH, cache=blocked, threads=0) == PATH
    assert "cannot be written" in caplog.text
