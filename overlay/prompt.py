"""Words a question and its context as a chat with a slot for the chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from overlay.errors import InputError
from overlay.follow_ups import search_queries
from probes.chat import Message
from probes.folding import SYSTEM_ROLES
from probes.form import Form
from probes.look import Asking
from probes.protocol import Model
from probes.subject import as_text
from selector.order import Order

__all__ = [
    "INSTRUCTION",
    "WORDINGS",
    "Prompt",
    "build_prompt",
    "by_similarity",
    "chat_text",
    "chunk_text",
    "chunk_tokens",
    "completion_prompt",
    "content_free",
    "in_form",
    "question_of",
    "with_wordings",
]

_SYSTEM = "You are a helpful assistant."
# Characters; embedders read a few hundred tokens, and a question stands at the end.
_SEARCHED = 1000
# The instruction stands after the context: small models follow what they read last.
INSTRUCTION = "Use the context to answer in a few words."
_AS_JSON = f"{INSTRUCTION[:-1]}, as JSON."
WORDINGS = (
    "Answer the question from the context above, as shortly as you can.",
    "Read the text. Then answer in a few words.",
)
"""The same instruction in other words."""


_NOTHING = "N/A"
# Characters of a schema that a prompt shows; a longer one would leave little room for the context.
_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in tokens: what stands before the context, and what after it.

    Attributes:
        question: what is asked.
        searched_for: the queries, see :func:`overlay.follow_ups.search_queries`.
        lead: tokens of the tail before the question.
        wordings: the tail in other words, each in tokens.
        alone: what the model reads where there is no context; None for prefix and tail.
        formed: the tail that asks for an answer in a form, with which it is spoken; all that is
            read before that is read with the plain one. None where no form is asked for.
    """

    prefix: tuple[int, ...]
    tail: tuple[int, ...]
    question: str
    searched_for: tuple[str, ...]
    lead: int = 0
    wordings: tuple[tuple[int, ...], ...] = ()
    alone: tuple[int, ...] | None = None
    formed: tuple[int, ...] | None = None

    @property
    def after(self) -> int:
        """Tokens that stand after the context, at most."""
        return max(len(self.tail), len(self.formed or ()))


def question_of(messages: Sequence[Message]) -> str:
    """The last user message, which is the question.

    Raises:
        InputError: there are no messages, the last is not the user's, or it is empty.
    """
    if not messages:
        raise InputError("messages is empty", hint="send a user message", param="messages")
    last, place = messages[-1], len(messages) - 1
    if last.role == "user" and not str(last.content).strip():
        raise InputError(
            f"messages[{place}].content is empty",
            hint="write a question",
            param=f"messages[{place}].content",
        )
    if last.role != "user" or not isinstance(last.content, str):
        raise InputError(
            f"the last message is from {last.role!r}",
            hint="the question is the last message and comes from 'user'",
            param="messages",
        )
    return last.content


def build_prompt(
    model: Model, messages: Sequence[Message], instruction: str = INSTRUCTION
) -> Prompt:
    """Put a slot for the context and the instruction before the question.

    Earlier turns stay as they are, and so does a system message of the caller's. Empty ones say
    nothing, and are left out.
    """
    question = question_of(messages)
    said = [message for message in messages[:-1] if str(message.content).strip()]
    systems = [str(message.content) for message in said if message.role in SYSTEM_ROLES]
    turns = [message for message in said if message.role not in SYSTEM_ROLES]
    chat = [
        Message("system", "\n\n".join(systems or [_SYSTEM])),
        *turns,
        Message("user", _around_context(question, instruction)),
    ]
    prefix, tail = model.encode_chat(chat)
    # The space goes with the question's first word in most vocabularies.
    before = model.tokenize(f"\n{instruction}\nQuestion:")
    same = takewhile(lambda pair: pair[0] == pair[1], zip(before, tail[:-1], strict=False))
    lead = sum(1 for _ in same)
    return Prompt(tuple(prefix), tuple(tail), question, search_queries(messages), lead=lead)


def chat_text(question: str, texts: Sequence[str]) -> list[dict[str, str]]:
    """The chat that :func:`build_prompt` writes of a question, with the chunks in their slot."""
    context = "".join(f"{chunk_text(text)}\n" for text in texts)
    asked = context.join(_around_context(question, INSTRUCTION))
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": asked}]


def _around_context(question: str, instruction: str) -> tuple[str, str]:
    """What stands before and behind the chunks in the user's turn."""
    return "Context:\n", f"\n{instruction}\nQuestion: {question}"


def with_wordings(model: Model, prompt: Prompt, messages: Sequence[Message]) -> Prompt:
    """A prompt that :func:`build_prompt` made, with what stands after the context in other words.

    A wording that would change what stands before the context is left out.
    """
    others = [build_prompt(model, messages, wording) for wording in WORDINGS]
    tails = tuple(other.tail for other in others if other.prefix == prompt.prefix)
    return replace(prompt, wordings=tails)


def content_free(model: Model, prompt: Prompt) -> Asking:
    """What would stand behind the context, did the question say nothing.

    As in a first turn: what stands before the context does not count.
    """
    if prompt.alone is not None:
        return Asking(completion_prompt(model, _NOTHING).tail, 0)
    empty = build_prompt(model, [Message("user", _NOTHING)])
    return Asking(empty.tail, empty.lead)


def by_similarity(
    sizes: Sequence[int], similarities: Sequence[float], room: int, order: Order
) -> list[int]:
    """Places of the chunks that stand side by side where the question looks, in their order.

    Those most similar have room first. They stand first where the order says so, else last, next to
    the question.

    Args:
        sizes: ``[k]`` tokens of each chunk.
        room: tokens that they may take together.
    """
    fitting: list[int] = []
    for place in sorted(range(len(sizes)), key=lambda place: -similarities[place]):
        if sizes[place] <= room:
            fitting.append(place)
            room -= sizes[place]
    return fitting if order is Order.SIMILAR_FIRST else fitting[::-1]


def in_form(model: Model, prompt: Prompt, messages: Sequence[Message], form: Form) -> Prompt:
    """A prompt that :func:`build_prompt` made, with a tail that asks for JSON of a form.

    A schema is shown as it stands unless it is long.
    """
    schema = form.schema if len(form.schema) <= _SHOWN else ""
    asked = f"{INSTRUCTION[:-1]}, as JSON of this schema: {schema}" if schema else _AS_JSON
    other = build_prompt(model, messages, asked)
    # A template that words what stands before the context by what follows shows it nowhere.
    return replace(prompt, formed=other.tail if other.prefix == prompt.prefix else prompt.tail)


def completion_prompt(model: Model, text: str | Sequence[int]) -> Prompt:
    """A text that the model shall continue, without a chat around it; the context stands before.

    What is searched for is its end.

    Args:
        text: the text, or its tokens.

    Raises:
        InputError: there is no text, or a token is none of the model's.
    """
    tokens = model.tokenize(text) if isinstance(text, str) else list(text)
    if not tokens:
        raise InputError("the prompt is empty", hint="write some text", param="prompt")
    size = model.info.vocabulary
    foreign = next((token for token in tokens if not 0 <= token < size), None)
    if foreign is not None:
        raise InputError(
            f"the prompt holds token {foreign}, the model has tokens 0 to {size - 1}",
            hint="tokenize with the tokenizer of the served model, or send text",
            param="prompt",
        )
    words = text if isinstance(text, str) else as_text(model, tokens)
    prefix = (*model.opening, *model.tokenize("Context:\n"))
    # Who sends tokens has put what begins a text there.
    alone = (*model.opening, *tokens) if isinstance(text, str) else tuple(tokens)
    end = words[-_SEARCHED:]
    return Prompt(prefix, tuple(tokens), end, (end,), alone=alone)


def chunk_text(text: str) -> str:
    """A chunk as it stands in the context, without the line break that ends it.

    Its lines after the first are indented by a space unless they are already: what begins in the
    first column is another chunk, or the prompt's own. So no chunk can end itself and go on as the
    instruction or as a question. Doing this twice changes nothing.
    """
    first, *others = text.strip().splitlines() or [""]
    return "\n".join(
        [first, *(line if not line or line[0].isspace() else f" {line}" for line in others)]
    )


def chunk_tokens(model: Model, text: str) -> list[int]:
    """A chunk's text as it stands in the context, in tokens; special ones in it are plain text."""
    return model.tokenize(f"{chunk_text(text)}\n")
