"""What a form lets a model say: tiny random models of both backends, a vocabulary of bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overlay.errors import InputError
from probes.form import LONGEST_SCHEMA, Form, FormVocabulary
from probes.llamacpp import LlamaCppModel, generation
from probes.protocol import Model, Sampling
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
AGAIN = Form.json_schema({"type": "array", "items": {"const": "round and round"}, "minItems": 9})
SAMPLINGS = [Sampling(90, form=AGAIN), Sampling(90, temperature=1.2, seed=3, form=AGAIN)]


class Bytes:
    """A vocabulary of bytes and an end, whose tokenizer begins every text with a blank."""

    end = 256

    def tokenize(self, text: str) -> list[int]:
        return list(f" {text}".encode())

    def piece(self, token: int) -> bytes:
        return b"" if token == self.end else bytes([token])

    def ends_generation(self, token: int) -> bool:
        return token == self.end


@pytest.fixture(scope="module")
def vocabulary() -> FormVocabulary:
    return FormVocabulary(Bytes(), 257)


@pytest.fixture(scope="module")
def tiny_transformers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransformersModel]:
    with_bytes = open_tiny(save_tiny(tmp_path_factory.mktemp("tiny"), CONFIGS["llama"]))
    yield with_bytes
    with_bytes.close()


def next_bytes(vocabulary: FormVocabulary, form: Form, text: str) -> tuple[bytes, bool]:
    """What may follow on a text, and whether it may end there."""
    matcher = vocabulary.matcher(form)
    for byte in text.encode():
        assert matcher.allowed()[byte], f"{byte:c} of {text}"
        matcher.accept(byte)
    allowed = matcher.allowed()
    return bytes(np.flatnonzero(allowed[:256]).astype(np.uint8)), bool(allowed[Bytes.end])


def said(model: Model, sampling: Sampling, prompt: str = "Give me JSON:") -> tuple[str, int]:
    """What is generated, and of how many tokens."""
    with model.session() as session:
        session.extend(model.tokenize(prompt))
        tokens = list(session.generate(sampling))
    return b"".join(model.piece(token) for token in tokens).decode(), len(tokens)


@pytest.mark.parametrize(
    ("text", "follows", "ends"),
    [
        ("", b"{", False),
        ('{"name', b'"', False),
        ('{"name": "x"', b"\t\n ,", False),
        ('{"name": "x", "age": -', b"0123456789", False),
        ('{"name": "x", "age": 7', b"\t\n 0123456789}", False),
        ('{"name": "x", "age": 7}', b"", True),
    ],
)
def test_the_end_is_allowed_exactly_where_the_form_is_complete(
    vocabulary: FormVocabulary, text: str, follows: bytes, ends: bool
) -> None:
    assert next_bytes(vocabulary, Form.json_schema(PERSON), text) == (follows, ends)


def test_what_may_end_may_also_go_on(vocabulary: FormVocabulary) -> None:
    found, ends = next_bytes(vocabulary, Form.json_schema('{"type": "integer"}'), "12")
    assert ends
    assert set(b"0123456789") <= set(found)


def test_properties_come_in_the_schemas_order(vocabulary: FormVocabulary) -> None:
    matcher = vocabulary.matcher(Form.json_schema(PERSON))
    for byte in b'{"':
        matcher.accept(byte)
    assert np.flatnonzero(matcher.allowed()).tolist() == [ord("n")]
    with pytest.raises(InputError):
        matcher.accept(ord("a"))


def test_blanks_end(vocabulary: FormVocabulary) -> None:
    follows, _ = next_bytes(vocabulary, Form.json_object(), "{" + 16 * " ")
    assert b" " not in follows
    assert b"}" in follows


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ('{"type": "strin"}', "strin"),
        ('{"type": "object"', "EOF"),
        ("[]", "object"),
        ({"not": {"type": "string"}}, "not"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"type": "string", "format": "foo"}, "foo"),
        ({"type": "string", "pattern": "(?!a)b"}, "look-around"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "does not fetch"),
        ({"$ref": "#/$defs/missing"}, "missing"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "minimum (5)"),
        ('{"items":' * 500 + "{}" + "}" * 500, "recursion"),
        ({"const": {1, 2}}, "set"),
        ({"description": "x" * LONGEST_SCHEMA}, f"it may have {LONGEST_SCHEMA}"),
    ],
)
def test_a_schema_that_cannot_be_kept_to_is_refused(schema: Any, named: str) -> None:
    with pytest.raises(InputError) as refused:
        Form.json_schema(schema)
    assert refused.value.param == "response_format"
    assert named in str(refused.value)


def test_a_schema_that_no_text_follows_is_refused(tiny_model: LlamaCppModel) -> None:
    free = tiny_model.cells.free
    endless = Form.json_schema({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})
    with pytest.raises(InputError) as refused:
        said(tiny_model, Sampling(8, form=endless))
    assert refused.value.param == "response_format"
    assert tiny_model.cells.free == free


VALUES = st.recursive(
    st.sampled_from(
        [
            {"type": "boolean"},
            {"type": "null"},
            {"type": "integer", "minimum": -5, "maximum": 300},
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "string", "maxLength": 5},
            {"type": "string", "pattern": "^[a-z]{2,4}$"},
            {"type": "string", "format": "date"},
            {"enum": ["red", "größer", 3, None]},
        ]
    ),
    lambda inner: (
        st.builds(lambda one: {"type": "array", "items": one, "maxItems": 2}, inner)
        | st.builds(lambda *some: {"anyOf": list(some)}, inner, inner)
        | st.builds(
            lambda some, first: {
                "type": "object",
                "properties": {f"p{n}": one for n, one in enumerate(some)},
                "required": ["p0"] if first else [],
                "additionalProperties": False,
            },
            st.lists(inner, min_size=1, max_size=3),
            st.booleans(),
        )
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("backend", ["tiny_model", "tiny_transformers"])
@settings(max_examples=25, deadline=None)
@given(schema=VALUES, hot=st.booleans(), seed=st.integers(0, 9))
def test_whatever_the_schema_a_complete_answer_is_valid(
    request: pytest.FixtureRequest, backend: str, schema: dict[str, Any], hot: bool, seed: int
) -> None:
    model: Model = request.getfixturevalue(backend)
    form = Form.json_schema(schema)
    sampling = Sampling(120, temperature=1.5 if hot else 0.0, seed=seed, form=form)
    text, tokens = said(model, sampling)
    if tokens < sampling.max_tokens:
        jsonschema.validate(json.loads(text), schema)


@pytest.mark.parametrize("backend", ["tiny_model", "tiny_transformers"])
def test_a_random_model_completes_an_object(request: pytest.FixtureRequest, backend: str) -> None:
    model: Model = request.getfixturevalue(backend)
    schema = {**PERSON, "properties": {"name": {"enum": ["Ada", "Émile"]}, "age": {"const": 36}}}
    for seed in range(3):
        sampling = Sampling(99, temperature=1.0, seed=seed, form=Form.json_schema(schema))
        text, tokens = said(model, sampling)
        assert tokens < sampling.max_tokens
        jsonschema.validate(json.loads(text), schema)


def test_the_longest_answer_cuts_a_form_short(tiny_model: LlamaCppModel) -> None:
    text, tokens = said(tiny_model, Sampling(5, form=AGAIN))
    assert tokens == 5
    assert text.startswith("[")
    with pytest.raises(ValueError, match="column"):
        json.loads(text)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_guesses_save_calls_and_change_nothing_in_a_form(
    tiny_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch, sampling: Sampling
) -> None:
    before = tiny_model.cost
    text, tokens = said(tiny_model, sampling)
    spent = tiny_model.cost - before
    assert text.count("round and round") > 4
    assert spent.calls < tokens, "the form repeats itself, so that guesses are right"
    monkeypatch.setattr(generation, "guess_next", lambda _tokens: None)
    assert said(tiny_model, sampling) == (text, tokens)


def test_a_session_may_be_used_while_it_generates_in_a_form(tiny_model: LlamaCppModel) -> None:
    prompt = tiny_model.tokenize("Give me JSON:")
    text, _ = said(tiny_model, SAMPLINGS[0])
    with tiny_model.session() as session:
        session.extend(prompt)
        found = []
        for token in session.generate(SAMPLINGS[0]):
            found.append(token)
            # A guess that was drawn already is given up, and drawn again.
            session.rollback(len(session.tokens) - 1)
            session.extend([token])
    assert b"".join(tiny_model.piece(token) for token in found).decode() == text


@pytest.mark.parametrize("backend", ["tiny_model", "tiny_transformers"])
def test_states_are_the_models_own_whatever_the_form(
    request: pytest.FixtureRequest, backend: str
) -> None:
    model: Model = request.getfixturevalue(backend)
    prompt = model.tokenize("Give me JSON:")
    with model.session() as session, model.session() as fresh:
        session.extend(prompt)
        fresh.extend(prompt)
        read = model.generate_state(session, Sampling(12, form=AGAIN))
        assert read is not None
        assert np.isfinite(read.log_probs).all()
        again = fresh.read(read.window)
        np.testing.assert_allclose(read.log_probs, again.log_probs, atol=2e-2)
