"""Every policy on the real model; the choices that can be worked out by hand, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.policies.bench import Bench
from eval.policies.catalogue import KINDS, build_policy
from eval.policies.keyword_voting import keywords, vote
from eval.policies.perplexity import PerplexityPruning
from eval.policies.protocol import Policy, Response
from eval.policies.shared_model import SharedModel
from eval.policies.spec import PolicySpec
from overlay.answer import Outcome
from overlay.errors import InputError, ResourceError
from overlay.labelled.items import Kind, Passage
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel

QUESTION = "Who is the engineer of the Thread?"
HELPFUL = Passage(
    "Emrys Pask is the engineer of the Thread. He inspects the cable.", Kind.HELPFUL, "a.md", 0.8
)
SUPPORT = Passage(
    "Ask Emrys Pask, the engineer of the Thread, before you load.", Kind.HELPFUL, "b.md", 0.6
)
IRRELEVANT = Passage("Soup is served from noon. Bread comes late.", Kind.IRRELEVANT, "c.md", 0.1)
PASSAGES = (HELPFUL, IRRELEVANT, SUPPORT)


@pytest.fixture
def bench(model: LlamaCppModel) -> Iterator[Bench]:
    free = model.cells.free
    shared = SharedModel(model)
    yield Bench(shared, Settings(max_tokens=12, draft_tokens=8))
    shared.forget()
    assert model.cells.free == free  # every session came back


def policy(bench: Bench, kind: str, **arguments: object) -> Policy:
    return build_policy(PolicySpec(kind=kind, **arguments), bench)  # type: ignore[arg-type]  # what a TOML file may hold


def answer(bench: Bench, kind: str, **arguments: object) -> Response:
    return policy(bench, kind, **arguments).answer(QUESTION, PASSAGES)


def test_plain_policies_see_what_they_say(bench: Bench) -> None:
    everything = answer(bench, "top-k")
    assert everything.accepted == (True, True, True)
    assert everything.outcome is Outcome.ANSWERED
    assert answer(bench, "top-k", k=1).accepted == (True, False, False)
    assert answer(bench, "oracle").accepted == (True, False, True)
    assert answer(bench, "similarity-cutoff", minimum=0.7).accepted == (True, False, False)
    assert answer(bench, "most-similar", k=2).accepted == (True, False, True)
    assert answer(bench, "fused-ranks", k=1).accepted == (True, False, False)
    nothing = answer(bench, "no-context")
    assert nothing.accepted == (False, False, False)
    assert nothing.outcome is Outcome.WITHOUT_CONTEXT
    assert "Pask" not in nothing.text


def test_a_budget_that_accepts_everything_is_plain_top_k(bench: Bench) -> None:
    everything = answer(
        bench,
        "overlay",
        order="rank",
        budget_step=1,
        budget_answer=64,
        anchor=False,
        majority=False,
        halve=False,
        variants=1,
        budget_index=1.0,
    )
    plain = answer(bench, "top-k")
    assert (everything.text, everything.accepted, everything.outcome) == (
        plain.text,
        plain.accepted,
        plain.outcome,
    )


def test_a_budget_that_rejects_everything_is_no_context(bench: Bench) -> None:
    nothing = answer(bench, "overlay", budget_step=0, fallback="answer")
    without = answer(bench, "no-context")
    assert (nothing.text, nothing.accepted, nothing.outcome) == (
        without.text,
        without.accepted,
        without.outcome,
    )
    assert answer(bench, "overlay", budget_step=0, fallback="abstain").outcome is Outcome.ABSTAINED


def test_information_gain_keeps_what_makes_the_model_sure(bench: Bench) -> None:
    everything = answer(bench, "information-gain", threshold=-2)
    assert everything.accepted == (True, True, True)
    nothing = answer(bench, "information-gain", threshold=2)
    assert nothing.accepted == (False, False, False)
    assert nothing.text == answer(bench, "no-context").text


def test_ablation_keeps_what_the_answer_rests_on(bench: Bench) -> None:
    kept = answer(bench, "ablation", ablations=10, keep=1)
    assert sum(kept.accepted) == 1
    assert not kept.accepted[1]


def test_perplexity_keeps_the_surprising_tokens(bench: Bench) -> None:
    pruning = PerplexityPruning(bench, rate=0.5)
    text = "The cat sat on the mat and the cat sat on the mat and the cat sat on the zephyrine."
    short = pruning.shorten(text)
    count = len(bench.model.tokenize(text))
    assert len(bench.model.tokenize(short)) <= 0.7 * count
    assert short.startswith("The cat sat")
    assert short.count("cat") == 1
    assert short.endswith("prine")
    assert PerplexityPruning(bench, rate=1).shorten(text) == text
    assert all(answer(bench, "perplexity").accepted)


def test_keyword_voting_answers_from_what_agrees(bench: Bench) -> None:
    voting = policy(bench, "keyword-voting", votes=2, share=0.6)
    ferry = Passage("The ferry leaves at 06:40 every morning.", Kind.HELPFUL)
    said = voting.answer("At what time does the ferry leave?", (ferry, IRRELEVANT, ferry))
    assert said.outcome is Outcome.ANSWERED
    assert said.accepted[::2] == (True, True)  # what soup makes a small model say is its own affair


def test_keywords_are_words_and_runs_of_words() -> None:
    assert keywords("It is Emrys Pask, the engineer.") == {
        "emrys",
        "pask",
        "emrys pask",
        "engineer",
    }
    assert keywords("it is the") == set()
    assert vote(["Emrys Pask", "Pask it is", "nobody"], 2) == ["pask"]


def test_a_passage_that_does_not_fit_is_not_accepted(bench: Bench) -> None:
    long = Passage("word " * 3000, Kind.UNKNOWN)
    said = policy(bench, "top-k").answer(QUESTION, [long, HELPFUL])
    assert said.accepted == (False, True)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"reranker"}))
def test_no_passages_at_all(bench: Bench, kind: str) -> None:
    said = policy(bench, kind).answer(QUESTION, ())
    assert said.accepted == ()
    assert said.text


def test_a_cross_encoder_keeps_the_best(bench: Bench, tmp_path: Path) -> None:
    """A tiny random cross-encoder: its order is its own, and ours must be that order."""
    from sentence_transformers import CrossEncoder

    folder = tiny_cross_encoder(tmp_path)
    pairs = [(QUESTION, passage.text) for passage in PASSAGES]
    scores = CrossEncoder(str(folder), device="cpu").predict(pairs)
    best = max(range(3), key=lambda place: float(scores[place]))
    said = answer(bench, "reranker", model=str(folder), keep=1)
    assert said.accepted == tuple(place == best for place in range(3))


def test_a_missing_cross_encoder_says_so(bench: Bench) -> None:
    with pytest.raises(ResourceError, match="cannot be loaded"):
        policy(bench, "reranker", model="/nowhere/at-all")


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("top-q", {}, "no policy 'top-q'"),
        ("top-k", {"quick": 1}, "takes no 'quick'"),
        ("nowhere.at:All", {}, "no policy 'nowhere.at:All'"),
        ("reranker", {}, "cannot be made"),
        ("overlay", {"fallback": "shrug"}, "setting fallback is 'shrug'"),
        ("overlay", {"threads": 2}, "takes no 'threads'"),
    ],
)
def test_wrong_policies_are_refused(
    bench: Bench, kind: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        policy(bench, kind, **arguments)


def test_a_policy_of_ones_own(bench: Bench) -> None:
    assert answer(bench, "eval.policies.filters:TopK", k=1).accepted == (True, False, False)


def test_labels_tell_policies_apart() -> None:
    assert PolicySpec(kind="overlay", budget_step=0.3).label == "overlay (budget_step 0.3)"  # type: ignore[call-arg]  # extra keys are arguments
    assert PolicySpec(kind="overlay", name="ours").label == "ours"


def tiny_cross_encoder(folder: Path) -> Path:
    """A random BERT with one output, as save_pretrained writes it."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = {w.lower() for p in PASSAGES for w in f"{QUESTION} {p.text}".split()}
    vocabulary = {word: n for n, word in enumerate(["[PAD]", "[UNK]", *sorted(words)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **special)  # type: ignore[no-untyped-call]  # transformers has no types here
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(  # type: ignore[call-arg]  # num_labels is the base class's
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        num_labels=1,
        initializer_range=0.5,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder
