"""What is read of all chunks side by side, in one pass that a later variant begins behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from overlay.answer import Answer
from overlay.answering.candidate import Candidate
from overlay.answering.inject import inject
from overlay.answering.job import Job, make_job
from overlay.answering.judge import judge
from overlay.answering.read import read, side_by_side
from overlay.answering.retrieve import retrieve
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from overlay.calibration.observe import observe
from overlay.labelled.items import Item, Kind, Passage
from overlay.options import AskOptions, Mode
from overlay.prompt import build_prompt, chunk_tokens, completion_prompt, content_free
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.chat import Message
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from selector.order import Order
from selector.profile import Profile
from selector.verdict import not_needed
from selector.weights import Readings, Weights
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

TEXTS = (HELPFUL, SUPPORT, IRRELEVANT)
LOOKING = Weights(bias=0.0, attention=1.0)
EVERYTHING = AskOptions(budget=Budget(1, 10), max_tokens=4)


def profile_of(model: LlamaCppModel, weights: Weights) -> Profile:
    return Profile(
        model="m", sha256=model.info.sha256, layer=1, with_states=weights, without_states=weights
    )


def job_of(model: LlamaCppModel, weights: Weights = LOOKING, **settings: object) -> Job:
    prompt = build_prompt(model, [Message("user", QUESTION)])
    chosen = Settings.model_validate({"max_tokens": 4, **settings})
    return make_job(model, prompt, chosen, EVERYTHING, profile_of(model, weights))


@contextmanager
def looked(job: Job, *texts: str) -> Iterator[tuple[Workspace, list[Candidate]]]:
    with Workspace(job, None) as workspace:
        yield workspace, read(job, workspace, retrieve(job, Shelf(texts)))


def attentions(candidates: list[Candidate]) -> list[float | None]:
    return [None if one.seen is None else one.seen.attention for one in candidates]


def ask(model: LlamaCppModel, weights: Weights, options: AskOptions = EVERYTHING) -> Answer:
    overlay = Overlay(model, Shelf(TEXTS), Settings(), profile=profile_of(model, weights))
    return overlay.ask(QUESTION, options)


def evaluated_by(job: Job, workspace: Workspace, *chunks: Candidate) -> int:
    """Tokens that are evaluated for a context of these chunks."""
    before = job.model.evaluated
    context = inject(job, workspace, Variant("one", chunks, False, job.prompt.tail))
    job.model.flush([context.session])
    held = tuple(context.session.tokens)
    assert held[: len(job.prompt.prefix)] == job.prompt.prefix
    assert held[-len(chunks[-1].tokens) :] == chunks[-1].tokens
    return job.model.evaluated - before


def test_a_context_shares_the_pass(tiny_model: LlamaCppModel) -> None:
    job = job_of(tiny_model)
    orders = {
        "same": (2, 1, 0),
        "two": (2, 1),
        "less": (2, 0),
        "alone": (1,),
        "other": (2, 0, 1),
        "none": (0, 1, 2),
    }
    spent, sizes = dict[str, int](), list[int]()
    for name, ranks in orders.items():
        with looked(job, *TEXTS) as (workspace, candidates):
            chunks = side_by_side(job, workspace, candidates)
            assert [one.chunk.rank for one in chunks] == [2, 1, 0]
            sizes = [len(one.tokens) for one in candidates]
            spent[name] = evaluated_by(job, workspace, *(candidates[rank] for rank in ranks))
    # The last token is evaluated once more where nothing stands behind it.
    assert max(spent[name] for name in ("same", "two", "less", "alone")) <= 1
    assert spent["other"] == pytest.approx(sizes[0] + sizes[1], abs=1)
    assert spent["none"] == pytest.approx(sum(sizes), abs=1)


@pytest.mark.parametrize(("said", "profile"), [("similar-first", None), (None, "similar-first")])
def test_the_most_similar_chunk_is_read_first_where_settings_or_profile_say_so(
    tiny_model: LlamaCppModel, said: str | None, profile: str | None
) -> None:
    own = profile_of(tiny_model, LOOKING)
    if profile is not None:
        own = own.model_copy(update={"order": Order(profile)})
    settings = Settings.model_validate({"max_tokens": 4, "order": said, "variants": 1})
    answer, usual = (
        Overlay(tiny_model, Shelf(TEXTS), settings, profile=one).ask(QUESTION, EVERYTHING)
        for one, settings in (
            (own, settings),
            (profile_of(tiny_model, LOOKING), Settings(max_tokens=4, variants=1)),
        )
    )
    assert [step.chunk.rank for step in answer.steps] == [0, 1, 2]
    assert [step.chunk.rank for step in usual.steps] == [2, 1, 0]
    # It stands as it was read: nothing is evaluated again.
    assert answer.usage.phases["dose"].evaluated == usual.usage.phases["dose"].evaluated <= 1


def test_what_is_left_out_of_the_pass_is_not_seen(tiny_model: LlamaCppModel) -> None:
    """Nor does what is left lose its place, or what it took from the others."""
    job = job_of(tiny_model)
    with looked(job, *TEXTS) as (workspace, candidates):
        first, left_out, last = side_by_side(job, workspace, candidates)
        context = inject(job, workspace, Variant("one", (first, last), False, job.prompt.tail))
        found = context.session.read(job.prompt.tail).log_probs
        start = len(job.prompt.prefix) + len(first.tokens)
        with workspace.grown([first, left_out, last]) as whole:
            seen = whole.read(job.prompt.tail).log_probs
            with whole.fork_masked(start, start + len(left_out.tokens)) as masked:
                expected = masked.read(job.prompt.tail).log_probs
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(found - seen).max() > 0.01


def test_the_variant_as_judged_shares_the_pass(tiny_model: LlamaCppModel) -> None:
    """And its question. The most similar chunk is the steadiest, and stands last in either."""
    similar = LOOKING.model_copy(update={"attention": 1e-9, "similarity": 20.0})
    profile = profile_of(tiny_model, similar).model_copy(update={"embedder": "packaged"})
    spent = dict[Order, int]()
    for order in (Order.BEST_LAST, Order.BEST_FIRST):
        overlay = Overlay(
            tiny_model, Shelf(TEXTS), Settings(order=order, variants=1), profile=profile
        )
        answer = overlay.ask(QUESTION, replace(EVERYTHING, effects=False))
        assert all(step.verdict.accepted for step in answer.steps)
        spent[order] = answer.usage.cost.evaluated
        ranks = (2, 1, 0) if order is Order.BEST_LAST else (0, 1, 2)
        assert answer.variants[0].chunks == ranks
    shared = sum(len(chunk_tokens(tiny_model, text)) for text in TEXTS)
    shared += len(build_prompt(tiny_model, [Message("user", QUESTION)]).tail)
    # What the answer itself takes hangs on what is said: no more than its tokens and their index.
    assert spent[Order.BEST_FIRST] - spent[Order.BEST_LAST] == pytest.approx(shared, abs=12)


def test_looking_evaluates_the_chunks_both_questions_and_the_prompt_without_chunks(
    tiny_model: LlamaCppModel,
) -> None:
    job = job_of(tiny_model)
    with Workspace(job, None) as workspace:
        candidates = retrieve(job, Shelf(TEXTS))
        before = tiny_model.evaluated
        found = read(job, workspace, candidates)
        spent = tiny_model.evaluated - before
    assert all(one is not None for one in attentions(found))
    assert all(one.session is None for one in found)
    tails = 2 * len(job.prompt.tail) + len(content_free(tiny_model, job.prompt).tail)
    chunks = sum(len(one.tokens) for one in found)
    assert chunks <= spent - len(job.prompt.prefix) <= chunks + tails + 4


def test_the_state_at_each_chunks_end_is_read_in_the_same_pass(tiny_model: LlamaCppModel) -> None:
    width = tiny_model.info.width
    wary = Weights(bias=0.0, instruction=(1e-9,) * width)
    job = job_of(tiny_model, wary)
    with Workspace(job, None) as workspace:
        candidates = retrieve(job, Shelf(TEXTS))
        before = tiny_model.evaluated
        found = read(job, workspace, candidates)
        spent = tiny_model.evaluated - before
    chunks = sum(len(one.tokens) for one in found)
    # The question behind the chunks and behind none; a token more a chunk, and where it is padded.
    tails = 2 * len(job.prompt.tail)
    assert spent <= len(job.prompt.prefix) + chunks + 2 * len(found) + 2 + tails
    assert attentions(found) == [None] * 3
    for place, one in enumerate(found):
        assert one.seen is not None
        assert one.seen.state is not None
        before_it = [token for other in found[:place:-1] for token in other.tokens]
        with tiny_model.session() as session:
            session.extend([*job.prompt.prefix, *before_it, *one.tokens])
            state = session.read([session.tokens[-1]], [1]).hidden[0, 0]
        np.testing.assert_allclose(one.seen.state, state, atol=0.05 * float(np.abs(state).max()))


def test_where_the_question_looks_is_read_once_no_chunk_waits(tiny_model: LlamaCppModel) -> None:
    """A first dose is read with the question behind it, and an answer begins there."""
    job = job_of(tiny_model)
    with Workspace(job, None) as workspace:
        first, second, last = retrieve(job, Shelf(TEXTS))
        waiting = replace(last, verdict=not_needed(2))
        before = tiny_model.evaluated
        found = read(job, workspace, [first, second, waiting])
        spent = tiny_model.evaluated - before
        assert attentions(found) == [None] * 3
        tails = 2 * len(job.prompt.tail)
        assert spent <= len(job.prompt.prefix) + len(first.tokens) + len(second.tokens) + tails + 2
        chunks = side_by_side(job, workspace, found)
        before = tiny_model.evaluated
        workspace.prompted(chunks, workspace.grown(chunks))
        assert tiny_model.evaluated == before
        found = read(job, workspace, [first, second, last])
        assert None not in attentions(found)


def test_a_judge_that_weighs_none_of_it_makes_no_pass(tiny_model: LlamaCppModel) -> None:
    job = job_of(tiny_model, Weights(bias=0.0))
    before = tiny_model.evaluated
    with looked(job, *TEXTS) as (workspace, candidates):
        assert tiny_model.evaluated == before
        assert attentions(candidates) == [None] * 3
        assert evaluated_by(job, workspace, *candidates) > sum(len(c.tokens) for c in candidates)


def test_an_answer_reads_it_and_says_so(tiny_model: LlamaCppModel) -> None:
    answer = ask(tiny_model, LOOKING)
    assert all(step.attention is not None for step in answer.steps)
    written = report(answer)["steps"]
    assert isinstance(written, list)
    assert [one["attention"] for one in written] == [step.attention for step in answer.steps]
    steps = sorted(answer.steps, key=lambda step: step.chunk.rank)
    expected = LOOKING.volatilities([Readings(None, step.attention) for step in steps])
    assert [step.verdict.volatility for step in steps] == pytest.approx(expected)
    blind = ask(tiny_model, LOOKING.model_copy(update={"attention": 0.0}))
    assert all(step.attention is None for step in blind.steps)
    assert answer.usage.phases.keys() == blind.usage.phases.keys()
    more = answer.usage.phases["probe"].evaluated - blind.usage.phases["probe"].evaluated
    assert more > 0
    plain = ask(tiny_model, LOOKING, replace(EVERYTHING, mode=Mode.PLAIN, budget=None))
    assert all(step.attention is None for step in plain.steps)


def test_one_chunk_alone_is_not_looked_at(tiny_model: LlamaCppModel) -> None:
    job = job_of(tiny_model)
    with Workspace(job, None) as workspace:
        candidates = retrieve(job, Shelf(TEXTS[:1]))
        before = tiny_model.evaluated
        assert attentions(read(job, workspace, candidates)) == [None]
        # What an answer begins behind, and nothing else.
        needed = len(job.prompt.prefix) + len(candidates[0].tokens) + 2 * len(job.prompt.tail)
        assert tiny_model.evaluated <= before + needed + 1


def test_a_model_that_does_not_show_it_is_judged_without(
    tiny_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = replace(tiny_model.capabilities, attention=False)
    monkeypatch.setattr(tiny_model, "capabilities", hidden)
    job = job_of(tiny_model)
    with looked(job, *TEXTS) as (workspace, candidates):
        assert attentions(candidates) == [None] * 3
        assert all(one.accepted for one in judge(job, workspace, candidates))
    item = Item("1", "made up", QUESTION, ("Pask",), (Passage(HELPFUL, Kind.HELPFUL),))
    assert observe(tiny_model, item, layer=1, draft_tokens=4).attentions is None


def test_of_chunks_that_are_as_similar_the_better_rank_stands_later(
    tiny_model: LlamaCppModel,
) -> None:
    job = job_of(tiny_model)
    with looked(job, *TEXTS) as (workspace, candidates):
        alike = [
            replace(one, chunk=replace(one.chunk, similarity=0.5 if one.chunk.rank else 0.1))
            for one in candidates
        ]
        order = [one.chunk.rank for one in side_by_side(job, workspace, alike)]
    assert order == [0, 2, 1]


def test_what_does_not_fit_beside_more_similar_chunks_has_no_reading(
    tiny_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(tiny_model)
    with Workspace(job, None) as workspace:
        candidates = retrieve(job, Shelf(TEXTS))
        sizes = [len(one.tokens) for one in candidates]
        monkeypatch.setattr(Workspace, "room", sizes[0] + sizes[1] + sizes[2] - 1)
        read_ones = read(job, workspace, candidates)
        found = attentions(read_ones)
        assert read_ones[2].verdict is None, "it fits alone, and is judged by what is known of it"
        monkeypatch.setattr(Workspace, "room", sizes[0] - 1)
        [outgrown, *_] = read(job, workspace, candidates)
    assert outgrown.seen is None
    assert outgrown.verdict is not None
    assert "does not fit" in outgrown.verdict.reason
    assert found[2] is None
    assert None not in found[:2]


def test_the_content_free_question_is_asked_alike(tiny_model: LlamaCppModel) -> None:
    prompt = build_prompt(tiny_model, [Message("user", QUESTION)])
    empty = content_free(tiny_model, prompt)
    assert empty.lead == prompt.lead
    assert empty.tail[: empty.lead] == prompt.tail[: prompt.lead]
    said = b"".join(tiny_model.piece(token) for token in empty.tail[empty.lead :])
    assert said.startswith(b" N/A")
    plain = content_free(tiny_model, completion_prompt(tiny_model, "The engineer is"))
    assert (plain.lead, list(plain.tail)) == (0, tiny_model.tokenize("N/A"))


def test_calibration_reads_what_an_answer_reads(tiny_model: LlamaCppModel) -> None:
    kinds = (Kind.HELPFUL, Kind.HELPFUL, Kind.IRRELEVANT)
    passages = tuple(
        Passage(text, kind, similarity=1 - rank / 10)
        for rank, (text, kind) in enumerate(zip(TEXTS, kinds, strict=True))
    )
    item = Item("1", "made up", QUESTION, ("Pask",), passages)
    observed = observe(tiny_model, item, layer=1, draft_tokens=4)
    with looked(job_of(tiny_model), *TEXTS) as (_, candidates):
        assert observed.attentions == pytest.approx(attentions(candidates), abs=0.02)
    one = replace(item, passages=passages[:1])
    assert observe(tiny_model, one, layer=1, draft_tokens=4).attentions == (0.0,)
