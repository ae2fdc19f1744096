"""The runtime on the real model, with a retriever that returns chosen chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from overlay.anchor import plain_sentences
from overlay.answer import Answer, AnswerFinished, Outcome, StepTaken, TextAdded
from overlay.answering.speak import ABSTENTION
from overlay.errors import InputError
from overlay.options import AskOptions, Mode
from overlay.prompt import chunk_tokens
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Fallback, Settings
from probes.chat import Message
from probes.copied import backing, copied_share
from probes.errors import PromptTooLongError
from probes.llamacpp import LlamaCppModel
from probes.protocol import Sampling
from retriever import Chunk, Filter, RankedChunk
from selector.budget import Budget
from selector.order import Order
from selector.profile_files import default_profile

QUESTION = "Who is the engineer of the Thread?"
HELPFUL = "Emrys Pask is the engineer of the Thread. He inspects the cable every Monday."
SUPPORT = "Ask Emrys Pask, the engineer of the Thread, before you load anything."
IRRELEVANT = "Soup is served from noon. The bread comes from Vardle."


@dataclass
class Shelf:
    """Stands in for the retriever: always the same chunks."""

    texts: Sequence[str]

    def search(self, _question: str, k: int) -> list[RankedChunk]:
        return [
            RankedChunk(Chunk(f"c{rank}", f"{rank}.md", "", 0, text), 1 - rank / 10, rank)
            for rank, text in enumerate(self.texts[:k])
        ]


def overlay_on(model: LlamaCppModel, *texts: str, **settings: object) -> Overlay:
    """Under the default profile, and with no variant but the first."""
    chosen = {"max_tokens": 16, "profile": "default", "variants": 1, "budget_index": 1.0}
    return Overlay(model, Shelf(texts), Settings(**(chosen | settings)))  # type: ignore[arg-type]  # pydantic checks the settings


def test_passages_that_were_given_cannot_be_filtered(model: LlamaCppModel) -> None:
    with pytest.raises(InputError, match="to be chosen by") as error:
        overlay_on(model, HELPFUL).ask(QUESTION, AskOptions(only=Filter(("notes/",))))
    assert error.value.param == "source"
    with pytest.raises(InputError) as error:
        overlay_on(model, HELPFUL).ask(QUESTION, AskOptions(window=1))
    assert error.value.param == "window"


def test_an_answer_with_its_trajectory(model: LlamaCppModel) -> None:
    with_three = overlay_on(model, HELPFUL, SUPPORT, IRRELEVANT, order="best-first", anchor=True)
    before = model.evaluated
    question = "What is the engineer of the Thread called?"
    answer = with_three.ask(question, AskOptions(budget=Budget(1, 10)))
    assert answer.outcome is Outcome.ANSWERED
    assert sorted(step.chunk.rank for step in answer.steps) == [0, 1, 2]
    first = answer.steps[0]
    assert first.chunk.rank == 0
    assert first.verdict.accepted
    assert first.reading is not None
    assert first.reading.information_gain > 0
    assert first.marginal_drift == first.reading.logit_drift
    assert answer.usage.cost.evaluated == model.evaluated - before
    assert list(answer.usage.phases) == ["probe", "anchor", "dose", "answer", "index"]
    probe, _, dose, said, sure = answer.usage.phases.values()
    # k drafts and one without context; the rest of the prompt before the answer was read already.
    assert 4 <= probe.decoded <= 4 * 16
    assert dose.evaluated > 0
    assert said.prefilled == 0
    assert said.decoded == pytest.approx(answer.usage.completion_tokens, abs=1)
    assert said.reused == answer.usage.prompt_tokens - 1
    # Read once more where they stand, and without context.
    assert sure.evaluated == 2 * min(answer.usage.completion_tokens, 16)
    written = report(answer)["cost"]
    assert isinstance(written, dict)
    for name in ("prefilled", "decoded", "reused", "calls"):
        assert written[name] == sum(part[name] for part in written["phases"].values())
    assert answer.spent == pytest.approx(sum(step.verdict.spent for step in answer.steps))
    signs = answer.signs
    assert signs is not None
    inside = [step for step in answer.steps if step.verdict.accepted]
    assert signs.chunks == len(inside)
    copied = copied_share(answer.text, question, "\n".join(step.text for step in inside))
    assert signs.copied == copied
    sentences = [line for step in inside for line in plain_sentences(step.text)]
    assert signs.backing == backing(answer.text, question, sentences) > 0.1
    assert signs.gain > 0.1, "the chunk names him, and the model cannot know him"
    index = default_profile().index_for(question)
    assert index is not None
    assert answer.volatility_index == index.chance(signs)


def test_events_come_in_order_and_add_up(model: LlamaCppModel) -> None:
    overlay = overlay_on(model, HELPFUL, SUPPORT)
    events = list(overlay.stream([Message("user", QUESTION)], AskOptions()))
    kinds = [type(event) for event in events]
    assert kinds[:2] == [StepTaken, StepTaken]
    assert kinds[-1] is AnswerFinished
    assert set(kinds[2:-1]) == {TextAdded}
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    text = "".join(event.text for event in events if isinstance(event, TextAdded))
    assert last.answer.text == text


def test_a_step_budget_of_zero_rejects_every_chunk(model: LlamaCppModel) -> None:
    overlay = overlay_on(model, HELPFUL, SUPPORT, fallback=Fallback.ABSTAIN)
    answer = overlay.ask(QUESTION, AskOptions(budget=Budget(0, 1)))
    assert not any(step.verdict.accepted for step in answer.steps)
    assert answer.outcome is Outcome.ABSTAINED
    assert answer.text == ABSTENTION
    assert answer.spent == 0


def test_accepting_everything_gives_the_answer_of_plain_mode(model: LlamaCppModel) -> None:
    overlay = overlay_on(model, HELPFUL, SUPPORT, IRRELEVANT, anchor=False, order=Order.RANK)
    everything = overlay.ask(QUESTION, AskOptions(budget=Budget(1, 10)))
    plain = overlay.ask(QUESTION, AskOptions(mode=Mode.PLAIN))
    assert everything.text == plain.text
    assert everything.usage.prompt_tokens == plain.usage.prompt_tokens
    assert all(step.reading is None for step in plain.steps)


def test_rejecting_everything_gives_the_answer_without_context(model: LlamaCppModel) -> None:
    overlay = overlay_on(model, HELPFUL, SUPPORT, fallback=Fallback.ANSWER)
    nothing = overlay.ask(QUESTION, AskOptions(budget=Budget(0, 0), max_tokens=8))
    without = overlay.ask(QUESTION, AskOptions(mode=Mode.NO_CONTEXT, max_tokens=8))
    assert nothing.outcome is without.outcome is Outcome.WITHOUT_CONTEXT
    assert nothing.text == without.text
    assert nothing.usage.prompt_tokens == without.usage.prompt_tokens
    assert without.steps == ()


def test_one_chunk_alone_has_no_support_and_says_so(model: LlamaCppModel) -> None:
    [step] = overlay_on(model, HELPFUL).ask(QUESTION).steps
    assert step.reading is not None
    assert step.reading.support_max is None
    assert "no other chunk" in step.reading.unavailable["support_max"]


def test_a_chunk_that_does_not_fit_is_rejected_not_cut(model: LlamaCppModel) -> None:
    answer = overlay_on(model, HELPFUL, "word " * 2500).ask(QUESTION)
    assert answer.steps[0].verdict.accepted
    assert not answer.steps[-1].verdict.accepted
    assert "does not fit" in answer.steps[-1].verdict.reason
    plain = overlay_on(model, "word " * 2500, HELPFUL).ask(QUESTION, AskOptions(mode=Mode.PLAIN))
    assert [step.verdict.accepted for step in plain.steps] == [False, True]


@pytest.mark.parametrize(("size", "chunks"), [(512, 3), (1024, 7)])
def test_a_small_context_holds_what_it_can(tiny_gguf: Path, size: int, chunks: int) -> None:
    """Probing and the growing context share one cache: neither may run out of cells."""
    small = LlamaCppModel(tiny_gguf, context_size=size)
    texts = [f"{HELPFUL} {SUPPORT} {IRRELEVANT} Note {number}." for number in range(12)]
    try:
        overlay = overlay_on(small, *texts)
        answer = overlay.ask(QUESTION, AskOptions(k=12, budget=Budget(1, 64)))
        assert answer.usage.completion_tokens > 0
        assert sum(step.verdict.accepted for step in answer.steps) >= chunks
        rejected = [step for step in answer.steps if not step.verdict.accepted]
        assert all("does not fit" in step.verdict.reason for step in rejected)
    finally:
        small.close()


def test_earlier_turns_stay_in_the_prompt(model: LlamaCppModel) -> None:
    overlay = overlay_on(model)
    turns = [
        Message("user", "My name is Quillon."),
        Message("assistant", "Nice to meet you, Quillon."),
        Message("user", "What is my name?"),
    ]
    options = AskOptions(mode=Mode.NO_CONTEXT, max_tokens=1)
    *_, with_turns = overlay.stream(turns, options)
    *_, alone = overlay.stream(turns[-1:], options)
    assert isinstance(with_turns, AnswerFinished)
    assert isinstance(alone, AnswerFinished)
    added = with_turns.answer.usage.prompt_tokens - alone.answer.usage.prompt_tokens
    assert added > sum(len(model.tokenize(str(turn.content))) for turn in turns[:-1])


def test_closing_the_stream_early_frees_everything(model: LlamaCppModel) -> None:
    stream = overlay_on(model, HELPFUL, SUPPORT).stream([Message("user", QUESTION)], AskOptions())
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in fact


def test_stop_texts_and_length_end_the_answer(model: LlamaCppModel) -> None:
    overlay = overlay_on(model, HELPFUL)
    stopped = overlay.ask(QUESTION, AskOptions(mode=Mode.PLAIN, stop=("Pask",)))
    assert "Pask" not in stopped.text
    assert stopped.finish_reason == "stop"
    short = overlay.ask(QUESTION, AskOptions(mode=Mode.PLAIN, max_tokens=2))
    assert short.finish_reason == "length"
    assert short.usage.completion_tokens == 2


def test_a_question_longer_than_the_context_is_refused(model: LlamaCppModel) -> None:
    with pytest.raises(PromptTooLongError, match="2048"):
        overlay_on(model).ask("why " * 3000)


@pytest.mark.parametrize(
    "messages",
    [[], [Message("user", " ")], [Message("user", "a"), Message("assistant", "b")]],
)
def test_unusable_messages_are_refused(model: LlamaCppModel, messages: list[Message]) -> None:
    with pytest.raises(InputError):
        overlay_on(model).ask(messages)


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"temperature": -1.0}, {"max_tokens": 0}, {"top_p": 0.0}, {"stop": ("",)}]
)
def test_options_are_checked(options: dict[str, object]) -> None:
    [name] = options
    with pytest.raises(InputError) as caught:
        AskOptions(**options)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.param == name


def test_the_report_is_json(model: LlamaCppModel) -> None:
    import json

    whole = report(overlay_on(model, HELPFUL, SUPPORT).ask(QUESTION))
    text = json.dumps(whole, allow_nan=False)
    assert json.loads(text)["steps"][0]["reading"]["information_gain"] > 0


def complete(overlay: Overlay, prompt: str | list[int], **options: object) -> Answer:
    *_, last = overlay.complete(prompt, AskOptions(max_tokens=8, **options))  # type: ignore[arg-type]  # options by name
    assert isinstance(last, AnswerFinished)
    return last.answer


PROMPT = f"Question: {QUESTION}\nAnswer:"


def test_a_text_is_continued_with_what_is_within_budget(model: LlamaCppModel) -> None:
    ferry = "The ferry leaves at 06:40 every morning."
    overlay = overlay_on(model, ferry, f"Be at the quay in time. {ferry}")
    prompt = "Question: When does the ferry leave?\nAnswer: The ferry leaves at"
    dosed = complete(overlay, prompt)
    assert dosed.text.startswith(" 06:40")
    assert dosed.outcome is Outcome.ANSWERED
    tokens = complete(overlay, model.tokenize(prompt))
    assert tokens.text == dosed.text


def test_without_context_a_text_stands_alone(model: LlamaCppModel) -> None:
    answer = complete(overlay_on(model, HELPFUL), PROMPT, mode=Mode.NO_CONTEXT)
    with model.session() as session:
        session.extend(model.tokenize(PROMPT))
        own = list(session.generate(Sampling(max_tokens=8)))
    assert answer.text == b"".join(map(model.piece, own)).decode()
    assert answer.usage.prompt_tokens == len(model.tokenize(PROMPT))


def test_a_completion_is_never_refused(model: LlamaCppModel) -> None:
    overlay = overlay_on(model, IRRELEVANT, budget_step=0, fallback=Fallback.ABSTAIN)
    assert complete(overlay, PROMPT).outcome is Outcome.WITHOUT_CONTEXT


@pytest.mark.parametrize("mode", [Mode.NO_CONTEXT, Mode.PLAIN])
def test_echoed_log_probabilities_are_those_of_the_model(model: LlamaCppModel, mode: Mode) -> None:
    prompt = model.tokenize(PROMPT)
    answer = complete(overlay_on(model, HELPFUL), prompt, mode=mode, echo=True, top_log_probs=1)
    assert answer.prompt == PROMPT
    assert len(answer.prompt_log_probs) == len(prompt)
    before = model.tokenize("Context:\n") + chunk_tokens(model, HELPFUL)
    with model.session() as session:
        session.extend(prompt[:1] if mode is Mode.NO_CONTEXT else [*before, prompt[0]])
        window = prompt[1:]
        rows = session.read(window).log_probs
        session.extend(window)
        said = list(session.generate(Sampling(max_tokens=8)))
    own = rows[range(len(window)), window].tolist()
    echoed = [one.log_prob for one in answer.prompt_log_probs]
    assert echoed[1:] == pytest.approx(own, abs=0.05)
    assert (echoed[0] is None) is (mode is Mode.NO_CONTEXT)
    # An end token counts among them: a client can leave the last one out.
    assert len(answer.log_probs) == len(said) + (len(said) < 8)
    greedy = [one.top[0][0] for one in answer.log_probs]
    assert [one.piece for one in answer.log_probs] == greedy


@pytest.mark.parametrize(("prompt", "words"), [("", "empty"), ([], "empty"), ([10**6], "1000000")])
def test_a_prompt_that_cannot_be_continued(
    model: LlamaCppModel, prompt: str | list[int], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        complete(overlay_on(model), prompt)


def test_a_follow_up_is_searched_for_with_what_came_before(model: LlamaCppModel) -> None:
    asked: list[str] = []

    class Noting(Shelf):
        def search(self, question: str, k: int) -> list[RankedChunk]:
            asked.append(question)
            return super().search(question, k)

    settings = Settings(max_tokens=4, profile="default", variants=1, budget_index=1.0)
    overlay = Overlay(model, Noting([HELPFUL]), settings)
    assert overlay.ask(QUESTION).searched_for == (QUESTION,)
    turns = [
        Message("user", QUESTION),
        Message("assistant", "Emrys Pask."),
        Message("user", "Is he?"),
    ]
    answer = overlay.ask(turns, AskOptions(mode=Mode.PLAIN))
    assert answer.searched_for == (f"{QUESTION} Is he?", f"{QUESTION} Emrys Pask. Is he?")
    assert asked == [QUESTION, *answer.searched_for]
    assert report(answer)["searched_for"] == list(answer.searched_for)
    assert overlay.ask(turns, AskOptions(mode=Mode.NO_CONTEXT)).searched_for == ()
