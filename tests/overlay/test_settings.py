"""Settings: file, environment, arguments, and what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from overlay.settings import Backend, DType, Fallback, Quantize, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("OVERLAY_")]:
        monkeypatch.delenv(name)


def test_later_sources_win(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("overlay.toml").write_text('k = 3\nmax_tokens = 30\nfallback = "answer"\n')
    monkeypatch.setenv("OVERLAY_MAX_TOKENS", "60")
    monkeypatch.setenv("OVERLAY_SEED", "6")
    settings = load_settings(seed="9", model=None)
    assert (settings.k, settings.max_tokens, settings.seed) == (3, 60, 9)
    assert settings.fallback is Fallback.ANSWER
    assert settings.model == "smollm2"


def test_a_named_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("other.toml").write_text("k = 7\n")
    assert load_settings(Path("other.toml")).k == 7
    monkeypatch.setenv("OVERLAY_CONFIG", "other.toml")
    assert load_settings().k == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("budget_stepp = 1", ["budget_stepp", "did you mean budget_step"]),
        ("k = 'many'", ["k", "many", "integer"]),
        ("budget_step = -0.5", ["budget_step", "-0.5", "greater than or equal to 0"]),
        ("fallback = 'guess'", ["fallback", "guess", "abstain"]),
        ("backend = 'vllm'", ["backend", "vllm", "transformers"]),
        ("device = 'tpu'", ["device", "tpu", "cuda"]),
        ("dtype = 'float64'", ["dtype", "float64", "bfloat16"]),
        ("quantize = '2bit'", ["quantize", "2bit", "4bit"]),
        ("k = = 2", ["no TOML"]),
    ],
)
def test_a_wrong_file_is_explained(text: str, words: list[str]) -> None:
    Path("overlay.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    for word in words:
        assert word in str(caught.value)


def test_how_a_model_is_run_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("overlay.toml").write_text('backend = "transformers"\nmodel_cache = "converted"\n')
    monkeypatch.setenv("OVERLAY_QUANTIZE", "4bit")
    settings = load_settings(dtype="bfloat16")
    assert settings.backend is Backend.TRANSFORMERS
    assert settings.model_cache == Path("converted")
    assert settings.quantize is Quantize.FOUR_BIT
    assert settings.dtype is DType.BFLOAT16


def test_a_file_that_is_not_text_is_explained() -> None:
    Path("overlay.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        load_settings(Path("nowhere.toml"))


def test_an_unknown_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERLAY_BUGDET_STEP", "1")
    with pytest.raises(SettingsError, match=r"OVERLAY_BUGDET_STEP.*budget_step"):
        load_settings()


def test_an_unknown_argument_is_named() -> None:
    with pytest.raises(SettingsError, match="colour"):
        load_settings(colour="red")
