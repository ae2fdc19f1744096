"""The faster copy: made once, measured, and used only where it pays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gguf.constants import GGMLQuantizationType

from overlay.models import find_model
from probes.llamacpp import LlamaCppModel, requantized
from probes.llamacpp.requantized import MOST_KL, Measurement, faster_copy
from tests.leads import LEAD_NATS
from tests.tiny_gguf import save_tiny_gguf

PATH = find_model("smollm2")
GOOD = Measurement(kl=0.004, prefill=1.6, decode=0.9, speedup=1.3)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model of the packaged file's number type."""
    folder = tmp_path_factory.mktemp("slow")
    return save_tiny_gguf(folder / "slow.gguf", GGMLQuantizationType.Q4_1)


def test_a_copy_is_made_and_measured_once(
    slow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The copy is used whatever the machine and the noise in a random model's weights.
    monkeypatch.setattr(requantized, "_LEAST_GAIN", 0.0)
    monkeypatch.setattr(requantized, "MOST_KL", 1.0)
    copy = faster_copy(slow, cache=tmp_path, threads=0)
    assert copy.parent.parent == tmp_path
    [note] = tmp_path.glob("*/measured.json")
    found = Measurement(**json.loads(note.read_text()))
    assert found.kl > 0
    assert min(found.prefill, found.decode, found.speedup) > 0

    def again(*_: object, **__: object) -> Measurement:
        raise AssertionError("measured twice")

    monkeypatch.setattr(requantized, "measure", again)
    assert faster_copy(slow, cache=tmp_path, threads=0) == copy


@pytest.mark.real_model
def test_the_copy_of_the_packaged_model_says_the_same(model_cache: Path) -> None:
    """Whether it pays on this processor or not: the note says what was measured."""
    copy = faster_copy(PATH, cache=model_cache, threads=0)
    [note] = model_cache.glob("*-q8_0/measured.json")
    assert 0 < Measurement(**json.loads(note.read_text())).kl < MOST_KL
    loaded = LlamaCppModel(PATH, context_size=512, copy=copy)
    assert loaded.info.path == str(PATH)
    assert loaded.info.name == PATH.stem
    [paris] = loaded.tokenize(" Paris")
    with loaded.session() as session:
        session.extend(loaded.tokenize("The capital of France is"))
        [expected] = session.read([paris]).log_probs
    loaded.close()
    [second, first] = np.argsort(expected)[-2:]
    assert first == paris
    assert expected[first] - expected[second] > LEAD_NATS


@pytest.mark.parametrize(
    ("found", "pays"),
    [
        (GOOD, True),
        (Measurement(kl=0.02, prefill=1.6, decode=0.9, speedup=1.3), False),
        (Measurement(kl=0.004, prefill=1.2, decode=0.7, speedup=1.0), False),
    ],
)
def test_only_a_copy_that_pays_is_used(
    slow: Path,
    found: Measurement,
    pays: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requantized, "measure", lambda *_, **__: found)
    path = faster_copy(slow, cache=tmp_path, threads=0)
    assert (path != slow) is pays
    assert bool(list(tmp_path.glob("*/model.gguf"))) is pays
    monkeypatch.setattr(requantized, "measure", lambda *_, **__: GOOD)
    assert faster_copy(slow, cache=tmp_path, threads=0) == path  # as decided


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
