"""Where a model looks: attention to spans of a session, on both backends."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import llama_cpp
import numpy as np
import pytest
import torch

from overlay.errors import InputError
from probes.errors import PromptTooLongError, UnavailableError
from probes.llamacpp import LlamaCppModel
from probes.llamacpp.looking import Looking, attention
from probes.llamacpp.marks import Marks
from probes.llamacpp.tensor import Tensor
from probes.neutral import NEUTRAL_TEXTS
from probes.protocol import Model
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, DEVICE, WINDOW, open_tiny, save_tiny

TEXT = "The miller's cat sleeps on the warm flour sacks until the bell rings for supper."
LONG_TEXT = "\n".join(NEUTRAL_TEXTS)
# Sums of numbers in float32.
EXACT = 1e-5
# What transformers itself says may differ from what is worked out beside its kernels.
EAGER = 1e-4
MEAN_ERROR = 1e-3
SHOWING = [name for name in CONFIGS if name != "gemma2"]


@pytest.fixture(scope="module", params=SHOWING)
def any_tiny(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> TransformersModel:
    folder = tmp_path_factory.mktemp(request.param)
    return open_tiny(save_tiny(folder, CONFIGS[request.param]))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TransformersModel:
    return open_tiny(save_tiny(tmp_path_factory.mktemp("tiny"), CONFIGS["llama"]))


@pytest.fixture(params=["llama.cpp", "transformers"])
def both(
    request: pytest.FixtureRequest, tiny_model: LlamaCppModel, tiny: TransformersModel
) -> Model:
    return tiny_model if request.param == "llama.cpp" else tiny


def eager(
    model: TransformersModel, tokens: list[int], spans: Sequence[tuple[int, int]], rows: int
) -> np.ndarray:
    """What transformers itself says of the last rows of one forward call without a cache."""
    network = model.network
    own = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            inputs = torch.tensor([tokens], device=DEVICE)
            output = network(inputs, output_attentions=True, use_cache=False)
    finally:
        network.set_attn_implementation(own)
    found = torch.stack(output.attentions)[:, 0, :, -rows:]
    summed = [found[..., start:stop].sum(-1) for start, stop in spans]
    return np.asarray(torch.stack(summed, dim=-1).cpu().numpy())


def by_token(model: Model, tokens: list[int], window: Sequence[int] = ()) -> np.ndarray:
    """Attention to each single token, from a session of its own."""
    with model.session() as session:
        session.extend(tokens)
        return model.attend(session, [(n, n + 1) for n in range(len(tokens))], window)


def test_it_is_what_eager_attention_is(any_tiny: TransformersModel) -> None:
    tokens = any_tiny.tokenize(TEXT)
    spans = [(0, 5), (4, 30), (28, 59), (59, 60), (0, 60)]
    with any_tiny.session() as session:
        session.extend(tokens[:30])
        [twin] = session.fork(1)
        twin.extend(tokens[:9])
        session.extend(tokens[30:60])
        any_tiny.flush([session, twin])
        found = any_tiny.attend(session, spans, tokens[60:64])
    assert found.shape == (2, 4, 5, 5)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, eager(any_tiny, tokens[:64], spans, 5), atol=EAGER)


def test_a_sliding_layer_attends_to_nothing_outside_of_its_window(
    tmp_path: Path,
) -> None:
    model = open_tiny(save_tiny(tmp_path, CONFIGS["gemma3"]))
    found = by_token(model, model.tokenize(TEXT))[:, :, 0]
    assert (found[0, :, :-WINDOW] == 0).all()
    assert (found[1] > 0).all()
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=EXACT)


def test_all_tokens_together_get_all_of_it(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)[:83]
    found = by_token(both, tokens, tokens[:3])
    assert found.shape[:1] + found.shape[2:] == (both.info.layers, 4, len(tokens))
    np.testing.assert_allclose(found[:, :, 0].sum(axis=-1), 1, atol=EXACT)
    assert (found.sum(axis=-1)[:, :, 1:].mean(axis=(0, 1)) < 1).all()


def test_a_span_gets_what_its_tokens_get(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)[:83]
    spans = [(3, 9), (0, len(tokens)), (len(tokens) - 1, len(tokens)), (3, 9), (8, 30)]
    with both.session() as session:
        session.extend(tokens)
        found = both.attend(session, spans, tokens[5:7])
    single = by_token(both, tokens, tokens[5:7])
    summed = [single[..., start:stop].sum(axis=-1) for start, stop in spans]
    np.testing.assert_allclose(found, np.stack(summed, axis=-1), atol=EXACT)


def test_the_window_is_as_if_it_followed(both: Model) -> None:
    """More rows than go through llama.cpp's layers at once."""
    tokens = both.tokenize(LONG_TEXT)[:180]
    head, window = tokens[:40], tokens[40:]
    found = by_token(both, head, window)
    for count in (1, 25, 70, len(window)):
        longer = by_token(both, tokens[: 40 + count])
        np.testing.assert_allclose(found[:, :, count], longer[:, :, 0, :40], atol=1e-3)


def test_cells_out_of_order_change_nothing(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)
    head, tail = tokens[:70], tokens[70:130]
    expected = by_token(both, head + tail, tokens[130:134])
    with ExitStack() as stack:
        opened = [stack.enter_context(both.session()) for _ in range(3)]
        first, second, third = opened
        first.extend(tokens[200:260])
        second.extend(head[:30])
        both.flush(opened[:2])
        second.extend([*head[30:], *tokens[5:25]])
        [fork] = second.fork(1)
        stack.enter_context(fork)
        third.extend(tokens[90:150])
        both.flush([third])
        first.rollback(20)
        fork.rollback(len(head))
        first.close()
        for start in range(0, len(tail), 17):
            fork.extend(tail[start : start + 17])
            second.extend(tokens[start : start + 3])
            both.flush([fork, second])
        spans = [(n, n + 1) for n in range(len(head + tail))]
        found = both.attend(fork, spans, tokens[130:134])
        np.testing.assert_allclose(found, expected, atol=1e-3)
        assert list(fork.tokens) == head + tail


def test_what_is_masked_gets_nothing(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)[:83]
    with both.session() as session:
        session.extend(tokens[:40])
        with session.fork_masked(10, 20) as masked:
            masked.extend(tokens[40:44])
            found = both.attend(masked, [(0, 44), (10, 20), (5, 12)])
            assert (found[..., 1] == 0).all()
            np.testing.assert_allclose(found[..., 0], 1, atol=EXACT)
            short = both.attend(masked, [(5, 10)])
            np.testing.assert_allclose(found[..., 2], short[..., 0], atol=EXACT)


def test_the_session_stays_as_it_was(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)[:83]
    head, window = tokens[:40], tokens[40:]
    with both.session() as session:
        session.extend(head)
        expected = session.read(window).log_probs
    with both.session() as session:
        session.extend(head[:20])
        both.attend(session, [(0, 20)], window)
        session.extend(head[20:])
        both.attend(session, [(0, 20), (30, 40)], window)
        np.testing.assert_array_equal(session.read(window).log_probs, expected)


@pytest.mark.parametrize("sizes", [(3, 0), (20, 31), (70, 64), (1, 130)])
def test_several_sessions_are_extended_and_read_at_once(
    both: Model, sizes: tuple[int, int]
) -> None:
    tokens = both.tokenize(LONG_TEXT)
    head, windows = tokens[:70], [tokens[70 : 70 + sizes[0]], tokens[20 : 20 + sizes[1]]]
    spans = [(0, 5), (4, 60), (65, 70), (69, 70)]
    with both.session() as session:
        session.extend(head)
        expected = [both.attend(session, spans, window) for window in windows]
        one, other = forks = session.fork(2)
        with one, other:
            before = both.cost
            found = both.extend_attended(list(zip(forks, windows, strict=True)), spans)
            assert (both.cost - before).prefilled == 2 + sum(sizes)
            for fork, window, own, alone in zip(forks, windows, found, expected, strict=True):
                np.testing.assert_allclose(own, alone, atol=1e-3)
                assert list(fork.tokens) == [*head, *window]
            before = both.cost
            read = [fork.read(tokens[5:9]).log_probs for fork in forks]
            assert (both.cost - before).prefilled == 8, "nothing but the windows is evaluated again"
        assert list(session.tokens) == head
    for log_probs, window in zip(read, windows, strict=True):
        with both.session() as fresh:
            fresh.extend([*head, *window])
            np.testing.assert_allclose(log_probs, fresh.read(tokens[5:9]).log_probs, atol=1e-3)


def test_only_the_layers_that_are_asked_for_are_read(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)[:40]
    spans = [(0, 5), (4, 30)]
    with both.session() as session:
        session.extend(tokens)
        everything = both.attend(session, spans, tokens[:3])
        last = both.info.layers - 1
        found = both.attend(session, spans, tokens[:3], layers=[last])
        np.testing.assert_array_equal(found, everything[[last]])
        with pytest.raises(InputError, match="layer"):
            both.attend(session, spans, layers=[last + 1])


def test_unlike_sessions_are_refused(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)[:20]
    with both.session() as one, both.session() as other:
        one.extend(tokens)
        other.extend(tokens[::-1])
        with pytest.raises(InputError, match="unlike tokens"):
            both.extend_attended([(one, [1]), (other, [1])], [(0, 5)])


@pytest.mark.parametrize("size", [30, 61, 140])
def test_rows_that_are_filled_up_to_a_tile_are_not_read(tiny_gguf: Path, size: int) -> None:
    exact = LlamaCppModel(tiny_gguf, context_size=256)
    fast = LlamaCppModel(tiny_gguf, context_size=256, exact=False)
    try:
        tokens = exact.tokenize(LONG_TEXT)[:200]
        found, expected = (
            by_token(one, tokens[:60], tokens[60 : 60 + size]) for one in (fast, exact)
        )
        assert found.shape == expected.shape
        assert np.abs(found - expected).mean() < MEAN_ERROR
        np.testing.assert_allclose(found[:, :, 0].sum(axis=-1), 1, atol=EXACT)
    finally:
        exact.close()
        fast.close()


def test_only_the_last_token_and_the_window_are_evaluated(both: Model) -> None:
    tokens = both.tokenize(LONG_TEXT)[:83]
    with both.session() as session:
        session.extend(tokens[:40])
        both.flush([session])
        before = both.cost
        both.attend(session, [(n, n + 5) for n in range(30)], tokens[:3])
        spent = both.cost - before
        assert (spent.prefilled, spent.decoded, spent.reused) == (4, 0, 39)


def test_a_single_token_attends_to_itself(both: Model) -> None:
    found = by_token(both, both.tokenize(LONG_TEXT)[:1])
    np.testing.assert_allclose(found, 1, atol=EXACT)


@pytest.mark.parametrize("spans", [[], [(3, 3)], [(4, 3)], [(-1, 3)], [(0, 3), (2, 11)]])
def test_spans_outside_are_refused(both: Model, spans: list[tuple[int, int]]) -> None:
    with both.session() as session:
        session.extend(both.tokenize(LONG_TEXT)[:10])
        with pytest.raises(InputError, match=r"span|tokens"):
            both.attend(session, spans)


def test_too_long_a_window_is_refused(tiny: TransformersModel) -> None:
    with tiny.session() as session:
        session.extend([1] * 200)
        with pytest.raises(PromptTooLongError):
            tiny.attend(session, [(0, 1)], [1] * 57)


def test_a_model_that_does_not_show_it_says_so(tmp_path: Path) -> None:
    """Gemma 2 caps its scores, which the kernels behind views do not."""
    model = open_tiny(save_tiny(tmp_path, CONFIGS["gemma2"]))
    assert not model.capabilities.attention
    with model.session() as session:
        session.extend([1, 2, 3])
        with pytest.raises(UnavailableError, match=r"transformers does not show .* scaled dot"):
            model.attend(session, [(0, 1)])
    assert model.cost.evaluated == 0


def test_attention_that_is_not_what_the_model_computes_is_refused(
    tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flat(*args: np.ndarray, **options: float) -> np.ndarray:
        found = attention(*args, **options)  # type: ignore[arg-type]  # whatever it is given
        return np.sqrt(found)

    monkeypatch.setattr("probes.llamacpp.looking.attention", flat)
    model = LlamaCppModel(tiny_gguf, context_size=256)
    try:
        assert not model.capabilities.attention
        assert model.capabilities.layer_states
        with model.session() as session:
            session.extend([1, 2, 3])
            with pytest.raises(UnavailableError, match=r"llama\.cpp does not show .* softmax"):
                model.attend(session, [(0, 1)])
    finally:
        model.close()


def test_without_flash_attention_it_is_the_same(
    tiny_gguf: Path, tiny_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        llama_cpp, "LLAMA_FLASH_ATTN_TYPE_AUTO", llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    tokens = tiny_model.tokenize(LONG_TEXT)[:150]
    seen: list[bytes] = []
    wants = Looking.wants

    def noted(self: Looking, tensor: Tensor) -> bool:
        seen.append(tensor.operation)
        return wants(self, tensor)

    plain = LlamaCppModel(tiny_gguf, context_size=256)
    try:
        monkeypatch.setattr(Looking, "wants", noted)
        found = by_token(plain, tokens[:70], tokens[70:])
        assert b"FLASH_ATTN_EXT" not in seen
        expected = by_token(tiny_model, tokens[:70], tokens[70:])
        assert b"FLASH_ATTN_EXT" in seen
        # What the first layer rounds otherwise, a random second layer makes more of.
        np.testing.assert_allclose(found[0], expected[0], atol=2e-3)
        assert np.abs(found - expected).mean() < MEAN_ERROR
    finally:
        plain.close()


def test_scores_are_scaled_capped_and_drained_by_hand() -> None:
    queries = np.array([[[2.0]], [[1.0]]], dtype=np.float32)
    keys = np.array([[[1.0], [3.0], [9.0]]], dtype=np.float32)
    mask = np.array([[0.0, 0.0, -np.inf]], dtype=np.float32)
    found = attention(queries, keys, mask, scale=0.5)
    scores = np.array([[1.0, 3.0], [0.5, 1.5]])
    weights = np.exp(scores)
    np.testing.assert_allclose(
        found[:, 0, :2], weights / weights.sum(axis=1, keepdims=True), rtol=1e-5
    )
    assert (found[..., 2] == 0).all()
    capped = np.exp(2 * np.tanh(scores / 2))
    sinks = np.array([0.0, 4.0], dtype=np.float32)
    found = attention(queries, keys, mask, scale=0.5, cap=2.0, sinks=sinks)
    whole = capped.sum(axis=1) + np.exp(sinks)
    np.testing.assert_allclose(found[:, 0, :2], capped / whole[:, None], rtol=1e-5)


@pytest.mark.parametrize("position", [0, 1, 7, 30])
def test_marks_find_every_cell(position: int) -> None:
    """Cells in any order, among those of others."""
    spans = [(n, n + 3) for n in range(max(position - 1, 0))] + [(0, position + 1)]
    spans.append((position, position + 1))
    marks = Marks(spans, position)
    places = np.random.default_rng(0).permutation(2 * position + 5)[: position + 1]
    marking = np.zeros((len(marks.sequences), 2 * position + 5), dtype=np.bool_)
    for row, parts in zip(marking, marks.sequences, strict=True):
        assert parts[-1][1] == position
        for start, stop in parts:
            row[places[start:stop]] = True
    first = np.zeros(marking.shape[1], dtype=np.bool_)
    first[places] = True
    numbers = marks.with_own(marks.numbers(marking), first)
    inside = marks.inside(numbers, marking.shape[1] + 2)
    for column, (start, stop) in enumerate(spans):
        assert set(np.flatnonzero(inside[:, column])) == set(places[start:stop])
    assert len(marks.sequences) <= 6
