"""Every kind of model file is answered, or refused with a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from overlay.answer import Answer, AnswerFinished, TextAdded, ThoughtAdded
from overlay.loading import load_model
from overlay.options import AskOptions, Mode
from overlay.runtime import Overlay
from overlay.selfcheck import check_model
from overlay.settings import Settings
from probes.chat import Message
from probes.errors import ModelError
from probes.gguf import gguf_sha256
from probes.llamacpp import LlamaCppModel
from tests.scripted_gguf import CHATML, save_scripted_gguf

_ALTERNATING = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}{{ '<|im_start|>assistant\n' }}"
)
_THINKING = f"{CHATML}<think>\n"
_SWITCHED = (
    CHATML + "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
    "{% else %}<think>\n{% endif %}"
)
_PARTS = CHATML.replace("message['content']", "message['content'][0]['text']")
_WORD = {"\n": " lantern", ":": " lantern", " lantern": "<|im_end|>"}

ANSWERED: dict[str, dict[str, Any]] = {
    "llama": {},
    "no chat template": {"template": None},
    "roles by turns": {"template": _ALTERNATING},
    "content in parts": {"template": _PARTS},
    "a template that opens thoughts": {"template": _THINKING},
    "a template with a switch for thoughts": {"template": _SWITCHED},
    "a template of llama.cpp's": {"template": "chatml"},
    "experts": {"architecture": "moe"},
    "qwen2": {"architecture": "qwen2"},
    "qwen3": {"architecture": "qwen3"},
    "sliding windows": {"architecture": "gemma3"},
    "BOS in the template and by itself": {
        "template": "{{ bos_token }}" + CHATML,
        "meta": {"tokenizer.ggml.add_bos_token": True},
    },
    "no special tokens named": {
        "meta": {"tokenizer.ggml.bos_token_id": None, "tokenizer.ggml.eos_token_id": None}
    },
}


@pytest.mark.parametrize("kind", ANSWERED)
def test_it_is_answered(tmp_path: Path, kind: str) -> None:
    save_scripted_gguf(tmp_path / "one.gguf", _WORD, **ANSWERED[kind])
    answer = _ask(tmp_path / "one.gguf")
    assert answer.text.strip() == "lantern"
    assert answer.reasoning == ""
    assert answer.finish_reason == "stop"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "recurrent": ({"architecture": "mamba"}, "recurrent model, whose state cannot be rolled back"),
    "unknown": ({"architecture": "nonesuch"}, "'nonesuch', which this llama.cpp does not know"),
    "an encoder": ({"architecture": "bert"}, "makes embeddings, or ranks: it writes no text"),
    "encoder and decoder": ({"architecture": "t5"}, "has an encoder and a decoder"),
    "embeddings": ({"meta": {"llama.pooling_type": 3}}, "makes embeddings, or ranks"),
    "both ways": ({"meta": {"llama.attention.causal": False}}, "makes embeddings, or ranks"),
    "a projector": ({"architecture": "clip"}, "the part of a model that sees or hears"),
    "an adapter": ({"meta": {"general.type": "adapter"}}, "is a LoRA adapter"),
    "no vocabulary": ({"meta": {"tokenizer.ggml.model": None}}, "has no vocabulary"),
    "a broken template": ({"template": "{% for"}, "the chat template cannot be used"),
    "a template that refuses all": (
        {"template": "{{ raise_exception('not today') }}"},
        "the chat template cannot be used: .*not today",
    ),
    "a template that says nothing": ({"template": "{{ bos_token }}"}, "it drops a message"),
    "a short context": ({"meta": {"llama.context_length": 32}}, "the context holds 32"),
    "no numbers": ({"mixing": float("nan")}, "computes no numbers"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    made, sentence = REFUSED[kind]
    save_scripted_gguf(tmp_path / "one.gguf", _WORD, **made)
    _refused(tmp_path / "one.gguf", sentence)


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut in its tensors": (lambda whole: whole[:-1000], "is cut short: .* bytes are here"),
    "cut in its header": (lambda whole: whole[:3000], "header of .* cannot be read"),
    "another format": (lambda whole: b"PK" + whole, "not a GGUF file"),
    "a page in its place": (lambda _: b"<html>404</html>", "not a GGUF file"),
    "nothing": (lambda _: b"", "not a GGUF file"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    spoil, sentence = BROKEN[kind]
    whole = save_scripted_gguf(tmp_path / "whole.gguf").read_bytes()
    (tmp_path / "one.gguf").write_bytes(spoil(whole))
    _refused(tmp_path / "one.gguf", sentence)


def test_an_altered_tensor_shape_is_told_in_llama_cpps_words(tmp_path: Path) -> None:
    path = save_scripted_gguf(tmp_path / "one.gguf", meta={"llama.block_count": 3})
    _refused(path, "tensor 'blk.2")


def test_a_template_writes_bos_once(tmp_path: Path) -> None:
    path = save_scripted_gguf(
        tmp_path / "one.gguf", **ANSWERED["BOS in the template and by itself"]
    )
    model = LlamaCppModel(path)
    [tokens] = model.encode_chat([Message("user", "Hi")])
    bos = model.opening[0]
    assert tokens[0] == bos
    assert tokens.count(bos) == 1
    model.close()


def test_thoughts_that_the_model_begins_with_are_closed_ahead(tmp_path: Path) -> None:
    """A model is seen to open thoughts when it is loaded; then its prompts leave no room."""
    script = {"\n": "<think>", "<think>": "hm", "hm": "</think>", "</think>": " lantern"}
    path = save_scripted_gguf(tmp_path / "one.gguf", {**script, "\n\n": "never"})
    model = LlamaCppModel(path)
    [tokens] = model.encode_chat([Message("user", "Hi")])
    said = b"".join(map(model.spelled, tokens)).decode()
    assert said.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    model.close()


def test_thoughts_that_come_all_the_same_are_set_apart(tmp_path: Path) -> None:
    """A model that thinks behind a closed thought: the thoughts are no part of the answer."""
    script = {"\n": "<think>", "<think>": " hm", " hm": "</think>", "</think>": " lantern"}
    save_scripted_gguf(tmp_path / "one.gguf", {**script, " lantern": "<|im_end|>"})
    for variants in (1, 3):
        events = _events(tmp_path / "one.gguf", variants=variants)
        assert "".join(one.text for one in events if isinstance(one, ThoughtAdded)) == "hm"
        assert "".join(one.text for one in events if isinstance(one, TextAdded)) == "lantern"
        last = events[-1]
        assert isinstance(last, AnswerFinished)
        assert (last.answer.text, last.answer.reasoning) == ("lantern", "hm")
        # Two marks, the thought, and the answer's one token.
        assert last.answer.usage.completion_tokens == 4
        assert last.answer.finish_reason == "stop"


def test_thoughts_without_end_leave_no_answer(tmp_path: Path) -> None:
    save_scripted_gguf(tmp_path / "one.gguf", {"\n": "<think>", "<think>": "hm", "hm": "hm"})
    answer = _ask(tmp_path / "one.gguf", max_tokens=20)
    assert answer.text == ""
    assert answer.reasoning == "hm" * 19
    assert answer.usage.completion_tokens == 20
    assert answer.finish_reason == "length"


def test_a_base_model_stops_where_it_would_ask_the_next_question(tmp_path: Path) -> None:
    script = {":": " lantern", " lantern": "\nUser", "\nUser": ":"}
    save_scripted_gguf(tmp_path / "one.gguf", script, template=None)
    answer = _ask(tmp_path / "one.gguf", max_tokens=20)
    assert answer.text == "lantern"
    assert answer.finish_reason == "stop"


@pytest.mark.parametrize("named", [1, 2, 3])
def test_any_shard_leads_to_the_whole(tmp_path: Path, named: int) -> None:
    shards = _split(save_scripted_gguf(tmp_path / "one.gguf", _WORD), 3)
    whole = LlamaCppModel(shards[named - 1])
    assert whole.info.name == "one"
    assert len(whole.info.sha256) == 64
    assert whole.info.sha256 == gguf_sha256(shards[0])
    whole.close()
    assert _ask(shards[named - 1]).text.strip() == "lantern"


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    shards = _split(save_scripted_gguf(tmp_path / "one.gguf", _WORD), 3)
    shards[1].unlink()
    _refused(shards[0], "one-00002-of-00003.gguf is missing: the model lies in 3 files")


def test_a_shard_by_another_name_is_told(tmp_path: Path) -> None:
    shards = _split(save_scripted_gguf(tmp_path / "one.gguf", _WORD), 3)
    shards[0].rename(tmp_path / "renamed.gguf")
    _refused(tmp_path / "renamed.gguf", "is one of 3 files")


def test_cells_outside_of_the_window_come_back(tmp_path: Path) -> None:
    """A sliding window keeps what a rollback needs, far beyond the window itself."""
    path = save_scripted_gguf(tmp_path / "one.gguf", architecture="gemma3", mixing=0.3)
    model = LlamaCppModel(path)
    tokens = model.tokenize("What stands here is longer than the window of eight tokens.")
    other = model.tokenize(" And this goes on for a while, too, before it is forgotten.")
    window = model.tokenize(" Yes")
    with model.session() as straight, model.session() as prefix:
        straight.extend(tokens)
        prefix.extend(tokens)
        [fork] = prefix.fork(1)
        with fork:
            fork.extend(other)
            other_read = fork.read(window)
            fork.rollback(len(tokens))
            read, again = straight.read(window), fork.read(window)
    assert not np.allclose(read.log_probs, other_read.log_probs)
    np.testing.assert_array_equal(read.log_probs, again.log_probs)
    model.close()


_LEGAL_CHATS: dict[str, list[Message]] = {
    "two questions": [Message("user", "One?"), Message("user", "Two?")],
    "the assistant first": [Message("assistant", "Hello."), Message("user", "One?")],
    "an empty answer": [
        Message("user", "One?"),
        Message("assistant", ""),
        Message("user", "Two?"),
    ],
    "two system prompts": [
        Message("system", "Be kind."),
        Message("user", "One?"),
        Message("system", "Be brief."),
        Message("user", "Two?"),
    ],
    "a tool": [
        Message("user", "One?"),
        Message("assistant", "I look."),
        Message("tool", "7"),
        Message("user", "Two?"),
    ],
    "a system prompt alone before": [Message("developer", "Be kind."), Message("user", "One?")],
}


@pytest.mark.parametrize("template", [CHATML, _ALTERNATING, None])
@pytest.mark.parametrize("chat", _LEGAL_CHATS)
def test_no_legal_chat_is_refused_and_nothing_said_is_lost(
    tmp_path: Path, chat: str, template: str | None
) -> None:
    path = save_scripted_gguf(tmp_path / "one.gguf", template=template)
    model = LlamaCppModel(path)
    [tokens] = model.encode_chat(_LEGAL_CHATS[chat])
    said = b"".join(map(model.spelled, tokens)).decode()
    places = [said.find(str(message.content)) for message in _LEGAL_CHATS[chat]]
    assert min(places) >= 0
    model.close()


GIVEN_UP: dict[str, dict[str, Any]] = {
    "n_layer_all": {"llama.block_count": 0},
    "n_expert_used_max": {"llama.expert_count": 4, "llama.expert_used_count": 9},
}


@pytest.mark.parametrize("why", GIVEN_UP)
def test_a_file_that_would_end_the_process_is_refused(tmp_path: Path, why: str) -> None:
    """llama.cpp aborts here: this process would be gone."""
    path = save_scripted_gguf(tmp_path / "one.gguf", _WORD, meta=GIVEN_UP[why])
    settings = Settings(model=str(path), model_cache=tmp_path / "cache")
    with pytest.raises(ModelError, match=f"gives up on one.gguf: .*{why}"):
        load_model(settings)


def test_a_file_is_tried_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_scripted_gguf(tmp_path / "one.gguf", _WORD)
    settings = Settings(model=str(path), model_cache=tmp_path / "cache", context_size=512)
    load_model(settings).close()
    monkeypatch.setattr("overlay.trial.subprocess.run", pytest.fail)
    load_model(settings).close()


def _open(path: Path, **settings: Any) -> Overlay:
    chosen = Settings(model=str(path), context_size=512, **settings)
    model = LlamaCppModel(path, context_size=512)
    try:
        check_model(model)
    except BaseException:
        model.close()
        raise
    return Overlay(model, None, chosen)


def _events(path: Path, **settings: Any) -> list[Any]:
    with _open(path, **settings) as overlay:
        # Thoughts ahead are not closed here: the model thinks all the same.
        overlay._model._vocabulary.template.silenced = None  # type: ignore[attr-defined]
        asked = [Message("user", "Where is it?")]
        return list(overlay.stream(asked, AskOptions(mode=Mode.NO_CONTEXT)))


def _ask(path: Path, **settings: Any) -> Answer:
    answer: Answer = _events(path, **settings)[-1].answer
    return answer


def _refused(path: Path, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as caught:
        _open(path).close()
    assert caught.value.hint


def _split(path: Path, count: int) -> list[Path]:
    """The same model in several files, as llama.cpp's own tool writes them."""
    whole = GGUFReader(path)
    shards = []
    for number in range(count):
        shard = path.with_name(f"{path.stem}-{number + 1:05d}-of-{count:05d}.gguf")
        writer = GGUFWriter(shard, "llama")
        for key, field in whole.fields.items():
            if number == 0 and not key.startswith("GGUF.") and key != "general.architecture":
                inner = field.types[1] if field.types[0] == GGUFValueType.ARRAY else None
                writer.add_key_value(key, field.contents(), field.types[0], inner)
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", count)
        writer.add_int32("split.tensors.count", len(whole.tensors))
        for tensor in whole.tensors[number::count]:
            writer.add_tensor(tensor.name, np.array(tensor.data))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        shards.append(shard)
    return shards
