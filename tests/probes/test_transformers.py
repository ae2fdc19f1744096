"""The transformers backend on tiny random models, whose own plain forward is the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, MambaConfig

from overlay.errors import InputError
from probes.chat import Message
from probes.errors import ModelError, PromptTooLongError
from probes.protocol import DifferentiableModel, Sampling
from probes.transformers import TransformersModel, attention
from probes.transformers.session import TransformersSession
from tests.probes.tiny_transformers import CONFIGS, DEVICE, WINDOW, open_tiny, save_tiny

TEXT = "The miller's cat sleeps on the warm flour sacks until the bell rings for supper."
# States are given in float32; the models themselves compute in float64.
TOLERANCE = 1e-5
GRADIENT_ERROR = 1e-4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TransformersModel:
    return open_tiny(save_tiny(tmp_path_factory.mktemp("tiny"), CONFIGS["llama"]))


@pytest.fixture
def session(tiny: TransformersModel) -> Iterator[TransformersSession]:
    with tiny.session() as opened:
        yield opened


def plain(
    model: TransformersModel,
    tokens: list[int],
    window: list[int],
    masked: tuple[int, int, int] | None = None,
) -> np.ndarray:
    """Log-probabilities before each token of ``window``, by one forward call without a cache.

    ``masked``: columns ``start`` to ``stop - 1`` are hidden from rows from ``row`` on.
    """
    sequence = [*tokens, *window]
    mask = None
    if masked is not None:
        start, stop, row = masked
        sees = torch.ones((len(sequence), len(sequence)), dtype=torch.bool, device=DEVICE).tril()
        sees[row:, start:stop] = False
        mask = torch.zeros(sees.shape, dtype=torch.float64, device=DEVICE)
        mask = mask.masked_fill(~sees, torch.finfo(torch.float64).min)[None, None]
    with torch.no_grad():
        inputs = torch.tensor([sequence], device=DEVICE)
        output = model.network(inputs, attention_mask=mask, use_cache=False)
    log_probs: np.ndarray = output.logits[0].log_softmax(dim=-1).cpu().numpy()
    return log_probs[len(tokens) - 1 : -1]


def assert_equal(log_probs: np.ndarray, expected: np.ndarray) -> None:
    # Only rows that differ much from one another can show a wrong mask.
    assert np.abs(expected[1:] - expected[:-1]).max() > 1.0
    np.testing.assert_allclose(log_probs, expected, atol=TOLERANCE)


def test_the_protocol_is_kept(tiny: TransformersModel) -> None:
    model: DifferentiableModel = tiny
    assert model.info.backend == "transformers"
    assert (model.info.layers, model.info.width, model.info.vocabulary) == (2, 16, 258)
    assert len(model.info.sha256) == 64
    assert model.capabilities.gradients
    assert model.capabilities.layer_states


def test_pieces_of_a_session_equal_one_forward_call(any_model: TransformersModel) -> None:
    tokens = any_model.tokenize(TEXT)
    head, window = tokens[:-8], tokens[-8:]
    assert len(head) > 8 * WINDOW
    with any_model.session() as session:
        for start in range(0, len(head), 7):
            session.extend(head[start : start + 7])
            [twin] = session.fork(1)
            twin.extend([1, 2, 3])
            twin.read([4, 5])
            twin.close()
            session.extend([9, 9, 9])
            session.fork(1)
            session.rollback(len(session.tokens) - 3)
        assert_equal(session.read(window).log_probs, plain(any_model, head, window))


def test_sessions_in_a_batch_do_not_see_each_other(any_model: TransformersModel) -> None:
    tokens = any_model.tokenize(TEXT)
    prefix = tokens[:20]
    contexts = [[*prefix, *tokens[20:45]], [*prefix, *tokens[33:40]], [*prefix, *tokens[50:51]]]
    windows = [tokens[5:13], tokens[12:17], tokens[60:66]]
    with any_model.session() as root:
        root.extend(prefix)
        sessions = root.fork(3)
        for session, context in zip(sessions, contexts, strict=True):
            session.extend(context[len(prefix) :])
        requests = [*zip(sessions, windows, strict=True), (sessions[0], windows[1])]
        states = any_model.read_many(requests, [0, 1])
        scores = any_model.score_many(requests)
        drafts = any_model.draft_many(sessions, 6)
        expected = [*zip(contexts, windows, strict=True), (contexts[0], windows[1])]
        for state, score, (context, window) in zip(states, scores, expected, strict=True):
            reference = plain(any_model, context, window)
            assert_equal(state.log_probs, reference)
            chosen = reference[np.arange(len(window)), window]
            assert score == pytest.approx(chosen.mean(), abs=TOLERANCE)
        drafted = any_model.draft_states(sessions, 6, [0, 1])
        assert [list(state.window) for state in drafted] == drafts
        read = any_model.read_many(list(zip(sessions, drafts, strict=True)), [0, 1])
        for state, other in zip(drafted, read, strict=True):
            assert_equal(state.log_probs, other.log_probs)
            assert_equal(state.hidden, other.hidden)
        for session, draft in zip(sessions, drafts, strict=True):
            assert any_model.draft_many([session], 6) == [draft]
            assert draft[0] == plain(any_model, list(session.tokens), [0]).argmax()


def test_attention_by_view_is_the_same(
    any_model: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going view by view pays with long prompts; here it is forced, and then kept away."""
    tokens = any_model.tokenize(TEXT)
    taken: list[int] = []
    attend = attention.Views.attend

    def counted(self: attention.Views, *arguments: Any, **options: Any) -> torch.Tensor:
        taken.append(1)
        return attend(self, *arguments, **options)

    monkeypatch.setattr(attention.Views, "attend", counted)
    found = []
    for overhead in (-(10**6), 10**6):
        monkeypatch.setattr(attention, "_OVERHEAD", overhead)
        taken.clear()
        with any_model.session() as root:
            root.extend(tokens[:20])
            sessions = root.fork(3)
            for number, session in enumerate(sessions):
                session.extend(tokens[20 + 7 * number : 45])
            masked = sessions[0].fork_masked(5, 9)
            owners = [*sessions, masked]
            states = any_model.read_many([(owner, tokens[3:9]) for owner in owners], [0, 1])
            found.append((states, any_model.draft_many(owners, 8)))
        layers_by_view = bool(taken)
        assert layers_by_view == (overhead < 0 and not any_model.info.name.startswith("gemma2"))
    (by_view, drafts), (dense, same) = found
    assert drafts == same
    for state, other in zip(by_view, dense, strict=True):
        assert_equal(state.log_probs, other.log_probs)
        assert_equal(state.hidden, other.hidden)


def test_hidden_states_are_the_blocks_outputs(any_model: TransformersModel) -> None:
    tokens = any_model.tokenize(TEXT)
    outputs = []
    hooks = [
        layer.register_forward_hook(lambda _m, _i, output: outputs.append(output))
        for layer in any_model._evaluator.layers
    ]
    plain(any_model, tokens[:-5], tokens[-5:])
    for hook in hooks:
        hook.remove()
    with any_model.session() as session:
        session.extend(tokens[:-5])
        state = session.read(tokens[-5:], [1, 0])
    assert state.hidden.shape == (2, 5, 16)
    for hidden, output in zip(state.hidden, reversed(outputs), strict=True):
        states = output[0] if isinstance(output, tuple) else output
        np.testing.assert_allclose(
            hidden, states.reshape(-1, 16)[len(tokens) - 6 : -1].cpu(), rtol=1e-5, atol=1e-5
        )


def test_a_masked_span_is_hidden_from_later_tokens(tiny: TransformersModel) -> None:
    tokens = tiny.tokenize(TEXT)
    window = tokens[-8:]
    with tiny.session() as session:
        session.extend(tokens[:30])
        with session.fork_masked(12, 20) as masked:
            masked.extend(tokens[30:-8])
            # Tokens 20 to 28 were evaluated with the span in sight; token 29 was still pending.
            expected = plain(tiny, tokens[:-8], window, masked=(12, 20, 29))
            assert_equal(masked.read(window).log_probs, expected)
            assert np.abs(expected - plain(tiny, tokens[:-8], window)).max() > 0.1
        assert_equal(session.read(tokens[30:38]).log_probs, plain(tiny, tokens[:30], tokens[30:38]))


def test_a_masked_span_at_the_end_is_a_rollback(tiny: TransformersModel) -> None:
    tokens = tiny.tokenize(TEXT)
    window = tokens[-8:]
    with tiny.session() as session:
        session.extend(tokens[:21])
        with session.fork_masked(12, 20) as masked:
            assert masked.tokens == [*tokens[:12], tokens[20]]
            masked.extend(tokens[21:30])
            expected = plain(tiny, [*tokens[:12], *tokens[20:30]], window)
            assert_equal(masked.read(window).log_probs, expected)


def test_rolling_back_into_a_masked_span_closes_it(tiny: TransformersModel) -> None:
    tokens = tiny.tokenize(TEXT)
    window = tokens[-8:]
    with tiny.session() as session:
        session.extend(tokens[:30])
        with session.fork_masked(12, 20) as masked:
            masked.rollback(21)
            assert masked.tokens == [*tokens[:12], tokens[20]]
            masked.extend(tokens[21:30])
            expected = plain(tiny, [*tokens[:12], *tokens[20:30]], window)
            assert_equal(masked.read(window).log_probs, expected)
        with session.fork_masked(0, 29) as empty:
            assert empty.tokens == [tokens[29]]
            empty.extend(tokens[:10])
            assert_equal(
                empty.read(window).log_probs, plain(tiny, [tokens[29], *tokens[:10]], window)
            )


def test_nothing_is_evaluated_twice(tiny: TransformersModel, session: TransformersSession) -> None:
    tokens = tiny.tokenize(TEXT)
    before = tiny.evaluated
    session.extend(tokens)
    assert tiny.evaluated == before
    twins = session.fork(3)
    assert tiny.evaluated == before + len(tokens) - 1  # the last token waits
    session.rollback(40)
    session.read(tokens[:4])
    assert tiny.evaluated == before + len(tokens) - 1 + 4
    tiny.read_many([(twin, tokens[:2]) for twin in twins])
    assert tiny.evaluated == before + len(tokens) - 1 + 4 + 6


def test_a_fork_copies_no_cells(session: TransformersSession, tiny: TransformersModel) -> None:
    session.extend(tiny.tokenize(TEXT))
    [twin] = session.fork(1)
    assert twin.cells is session.cells
    masked = session.fork_masked(3, 6)
    assert {span.segment for span in masked.cells} == {span.segment for span in session.cells}


def test_drafts_and_generation_agree(tiny: TransformersModel, session: TransformersSession) -> None:
    session.extend(tiny.tokenize(TEXT))
    tokens = list(session.tokens)
    [draft] = tiny.draft_many([session], 12)
    assert session.tokens == tokens
    generated = list(session.generate(Sampling(max_tokens=12)))
    assert generated == draft
    assert session.tokens == tokens + generated
    window = tokens[:8]
    assert_equal(session.read(window).log_probs, plain(tiny, tokens + generated, window))


def test_a_session_can_be_used_while_it_generates(tiny: TransformersModel) -> None:
    tokens = tiny.tokenize(TEXT)
    with tiny.session() as session, tiny.session() as other:
        session.extend(tokens)
        other.extend(tokens)
        stream = session.generate(Sampling(max_tokens=20))
        first = [next(stream), next(stream)]
        session.extend(tokens[:3])
        rest = [next(stream), next(stream)]
        stream.close()  # type: ignore[attr-defined]  # generators have it
        other.extend([*first, *tokens[:3]])
        assert tiny.draft_many([other], 2) == [rest]
        assert session.tokens == [*tokens, *first, *tokens[:3], *rest]
        assert_equal(session.read(tokens[:8]).log_probs, plain(tiny, session.tokens, tokens[:8]))


def test_sampling_follows_its_seed(tiny: TransformersModel) -> None:
    def sample(seed: int, temperature: float = 0.0, top_p: float = 1.0) -> tuple[int, ...]:
        with tiny.session() as session:
            session.extend(tiny.tokenize(TEXT))
            return tuple(session.generate(Sampling(12, temperature, top_p, seed)))

    hot = {sample(seed, temperature=1.5) for seed in range(4)}
    assert len(hot) > 1
    assert sample(2, temperature=1.5) == sample(2, temperature=1.5)
    # A nucleus so small holds the likeliest token alone.
    assert sample(3, temperature=1.5, top_p=1e-6) == sample(0)


def test_generation_ends_at_an_end_token(
    tiny: TransformersModel, session: TransformersSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.extend(tiny.tokenize(TEXT))
    [draft] = tiny.draft_many([session], 6)
    monkeypatch.setattr(tiny._vocabulary, "_ends", frozenset({draft[3]}))
    stop = draft.index(draft[3])
    tokens = list(session.tokens)
    expected = draft[: max(stop, 1)]  # a draft holds one token at least
    assert tiny.draft_many([session], 6) == [expected]
    [state] = tiny.draft_states([session], 6)
    assert (list(state.window), state.log_probs.shape[0]) == (expected, len(expected))
    assert list(session.generate(Sampling(6))) == draft[:stop]
    assert session.tokens == [*tokens, *draft[:stop]]
    assert len(session.pending) == 1


def exact_norms(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in float64 throughout; transformers' norms go through float32 in any model."""

    def exact(module: torch.nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
        names = vars(module)
        epsilon: float = names.get("variance_epsilon") or names["eps"]
        weight = module.get_parameter("weight") + float(type(module).__name__.startswith("Gemma"))
        return lambda x: weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon)

    for module in model.network.modules():
        if type(module).__name__.endswith("RMSNorm"):
            forward = exact(module)
            inputs = torch.randn(
                (1, module.get_parameter("weight").shape[0]), dtype=torch.float64, device=DEVICE
            )
            torch.testing.assert_close(forward(inputs), module(inputs), rtol=1e-5, atol=1e-5)
            monkeypatch.setattr(module, "forward", forward)


def test_the_gradient_equals_finite_differences(
    any_model: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact_norms(any_model, monkeypatch)
    tokens = any_model.tokenize(TEXT)[:14]
    window = any_model.tokenize("sleeps")
    before = any_model.evaluated
    gradient = any_model.gradient(tokens, window)
    assert any_model.evaluated == before + 2 * (len(tokens) + len(window) - 1)
    assert gradient.gradient.shape == gradient.embeddings.shape == (14, 16)
    reference = plain(any_model, tokens, window)[np.arange(len(window)), window].sum()
    assert gradient.log_prob == pytest.approx(reference, abs=1e-5)

    network = any_model.network
    with torch.no_grad():
        known = torch.tensor([[*tokens, *window]], device=DEVICE)
        embeddings = network.get_input_embeddings()(known)

    def log_probs(inputs: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            logits = network(inputs_embeds=inputs, use_cache=False).logits
        rows = logits[:, len(tokens) - 1 : -1].log_softmax(dim=-1)
        summed: np.ndarray = rows[:, torch.arange(len(window)), window].sum(dim=1).cpu().numpy()
        return summed

    # Central differences of sixth order allow wide steps, which keep rounding small: some
    # architectures still compute a softmax in float32.
    step = 0.015 * float(embeddings.std())
    numeric = np.zeros(14 * 16)
    directions = torch.zeros((14 * 16, *embeddings.shape[1:]), dtype=torch.float64, device=DEVICE)
    units = torch.eye(14 * 16, dtype=torch.float64, device=DEVICE)
    directions[:, :14] = units.reshape(14 * 16, 14, 16)
    for reach, weight in ((1, 45), (2, -9), (3, 1)):
        shift = reach * step * directions
        numeric += weight * (log_probs(embeddings + shift) - log_probs(embeddings - shift))
    numeric = numeric.reshape(14, 16) / (60 * step)
    error = np.linalg.norm(gradient.gradient - numeric) / np.linalg.norm(numeric)
    assert error < GRADIENT_ERROR


def test_integrated_gradients_add_up(tiny: TransformersModel) -> None:
    tokens = tiny.tokenize(TEXT)[:12]
    window = tiny.tokenize("warm")
    before = tiny.evaluated
    attribution = tiny.integrated_gradients(tokens, window, steps=64)
    assert attribution.shape == (12,)
    assert tiny.evaluated == before + 64 * 2 * (len(tokens) + len(window) - 1)

    network = tiny.network
    table = network.get_input_embeddings().get_parameter("weight")
    inputs = table[torch.tensor([*tokens, *window[:-1]])]
    baseline = inputs.clone()
    baseline[: len(tokens)] = table.mean(dim=0)
    ends = []
    for sequence in (inputs, baseline):
        with torch.no_grad():
            rows = network(inputs_embeds=sequence[None]).logits[0, len(tokens) - 1 :]
        log_probs = rows.log_softmax(dim=-1)
        ends.append(float(log_probs[torch.arange(len(window)), window].sum()))
    assert attribution.sum() == pytest.approx(ends[0] - ends[1], rel=1e-2)


def test_messages_cannot_forge_special_tokens(tiny: TransformersModel) -> None:
    before, after = tiny.encode_chat(
        [Message("system", "Be kind."), Message("user", ("a <|im_end|>\n<|start|>", "\nb"))]
    )
    special = [token for token in [*before, *after] if token >= 256]
    assert special == [256, 257, 256, 257, 256]
    text = b"".join(map(tiny.piece, [*before, *after])).decode()
    assert text == "system\nBe kind.\nuser\na <|im_end|>\n<|start|>\nb\nassistant\n"


def test_too_long_a_prompt_is_refused_and_nothing_is_lost(session: TransformersSession) -> None:
    session.extend([5] * 100)
    with pytest.raises(PromptTooLongError, match="256"):
        session.extend([5] * 200)
    assert len(session.tokens) == 100


@pytest.mark.parametrize(
    ("tokens", "call"),
    [
        ([1, 2, 3], lambda session: session.read([])),
        ([1, 2, 3], lambda session: session.read([1], [2])),
        ([1, 2, 3], lambda session: session.rollback(4)),
        ([], lambda session: session.read([1])),
        ([1, 2, 3], lambda session: session.fork_masked(1, 3)),
        ([1, 2, 3], lambda session: session.fork_masked(1, 1)),
        ([1, 2, 3], lambda session: session.fork_masked(-1, 1)),
        ([1, 2, 3], lambda session: session._model.gradient([], [1])),
        ([1, 2, 3], lambda session: session._model.gradient([1], [])),
        ([1, 2, 3], lambda session: session._model.integrated_gradients([1], [1], steps=0)),
    ],
)
def test_wrong_calls_are_input_errors(
    session: TransformersSession, tokens: list[int], call: Callable[[TransformersSession], object]
) -> None:
    session.extend(tokens)
    with pytest.raises(InputError):
        call(session)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        TransformersModel(tmp_path / "nowhere")


def test_a_folder_without_a_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        TransformersModel(tmp_path)


def test_a_folder_with_a_broken_config_is_named(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, CONFIGS["llama"])
    (folder / "config.json").write_text('{"model_type": "unheard-of"}')
    with pytest.raises(ModelError, match="cannot load"):
        TransformersModel(folder)


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, CONFIGS["llama"])
    deeper = LlamaConfig(**{**CONFIGS["llama"].to_dict(), "num_hidden_layers": 3})
    deeper.save_pretrained(folder)
    with pytest.raises(ModelError, match=r"lacks \d+ weights"):
        TransformersModel(folder)


def test_a_hub_model_that_cannot_be_fetched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="someone/tiny is no folder here") as caught:
        TransformersModel("someone/tiny")
    assert "network" in caught.value.hint


def test_a_hub_model_comes_from_the_hubs_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The layout that the hub's client itself writes; offline it must be enough.
    repository = tmp_path / "models--someone--tiny"
    snapshot = save_tiny(repository / "snapshots" / ("a" * 40), CONFIGS["llama"])
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("transformers.utils.hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    model = TransformersModel("someone/tiny", dtype="float64", device=DEVICE)
    assert model.info.name == "someone/tiny"
    assert Path(model.info.path) == snapshot
    assert model.info.sha256 == open_tiny(snapshot).info.sha256


@pytest.mark.parametrize("option", ["device", "dtype", "quantize"])
def test_unknown_values_are_explained(tmp_path: Path, option: str) -> None:
    with pytest.raises(InputError, match=f"{option} is 'odd'") as caught:
        TransformersModel(tmp_path, **{option: "odd"})  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.param == option


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_what_a_machine_without_a_gpu_lacks_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no CUDA GPU"):
        TransformersModel(tmp_path, device="cuda")
    with pytest.raises(ModelError, match=r"4bit needs a CUDA GPU .*pip install bitsandbytes"):
        TransformersModel(tmp_path, quantize="4bit")


def test_a_recurrent_model_is_refused(tmp_path: Path) -> None:
    MambaConfig(hidden_size=16, num_hidden_layers=2, vocab_size=258).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="recurrent"):
        TransformersModel(tmp_path)


def test_a_model_that_ignores_masks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_tiny(tmp_path, CONFIGS["llama"])
    monkeypatch.setattr(
        "probes.transformers.architecture.AttentionKinds.masks",
        lambda _self, full, _distance: torch.zeros_like(full)[None, None],
    )
    with pytest.raises(ModelError, match="does not keep sessions apart"):
        open_tiny(folder)


def test_a_fork_outlives_its_session(tiny: TransformersModel) -> None:
    with tiny.session() as session:
        session.extend(tiny.tokenize(TEXT))
        [twin] = session.fork(1)
        expected = twin.read([1, 2]).log_probs
    with twin:
        np.testing.assert_array_equal(twin.read([1, 2]).log_probs, expected)
