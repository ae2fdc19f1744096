"""The bodies of requests: OpenAI's, and the field ``overlay`` beside them.

Types are strict: ``"0.5"`` is no temperature. Fields of OpenAI that change nothing a client
relies on are accepted and ignored; those that would be missed are refused by name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from overlay.errors import InputError
from overlay.options import AskOptions, Mode
from probes.chat import Message
from retriever import Filter
from selector.budget import Budget

__all__ = ["ALIASES", "ChatMessage", "ChatRequest", "CompletionRequest", "OverlayFields"]

# Wider numbers are no sampling parameters, and overflow in C.
_Integer = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


def _is_unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("surrogate", "half a surrogate pair is no character") from error
    return text


_Text = Annotated[str, AfterValidator(_is_unicode)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")


class TextPart(_Body):
    """A piece of a message. Images and sound are not understood."""

    type: Literal["text"]
    text: _Text


def _as_parts(content: object) -> object:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _not_empty(parts: list[TextPart]) -> list[TextPart]:
    if not any(part.text.strip() for part in parts):
        raise PydanticCustomError("empty", "a message needs some text")
    return parts


class ChatMessage(_Body):
    """One turn of the chat."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        list[TextPart],
        BeforeValidator(_as_parts, json_schema_input_type=str | list[TextPart]),
        AfterValidator(_not_empty),
    ]

    def to_message(self) -> Message:
        """Return the message in the runtime's form."""
        role = "system" if self.role == "developer" else self.role
        return Message(role, "\n".join(part.text for part in self.content))


def _ends_with_user(messages: list[ChatMessage]) -> list[ChatMessage]:
    if messages[-1].role != "user":
        raise PydanticCustomError("last_role", "the last message must be the user's")
    return messages


class StreamOptions(_Body):
    """How a stream is sent."""

    include_usage: Annotated[
        bool | None, Field(description="send token counts in the last chunk")
    ] = None


class BudgetFields(_Body):
    """How much volatility may be spent; what is left out comes from the server's settings."""

    model_config = ConfigDict(extra="forbid")

    step: Annotated[float | None, Field(description="by one step; steps spend 0 to 1 each")] = None
    answer: Annotated[float | None, Field(description="by all accepted steps of the answer")] = None


def _as_list(text: object) -> object:
    return [text] if isinstance(text, str) else text


class OverlayFields(_Body):
    """What this request wants of the overlay; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")

    enabled: Annotated[
        bool,
        Field(
            description="probe and judge every retrieved chunk; "
            "false puts them all into the prompt, as plain retrieval-augmented generation does"
        ),
    ] = True
    retrieval: Annotated[
        bool, Field(description="false: retrieve nothing, and answer without context")
    ] = True
    select: Annotated[
        bool,
        Field(
            description="quote the accepted sentence nearest to the question, with its source, "
            "in place of generating"
        ),
    ] = False
    k: Annotated[_Integer | None, Field(description="how many chunks to retrieve")] = None
    collection: Annotated[
        _Text | None,
        Field(description="of the store, to retrieve from; the server's own if left out"),
    ] = None
    window: Annotated[
        _Integer | None,
        Field(description="chunks on either side that are joined to each retrieved one"),
    ] = None
    source: Annotated[
        Annotated[list[_Text], Field(max_length=64)] | None,
        BeforeValidator(_as_list, json_schema_input_type=str | list[str] | None),
        Field(
            description="search only documents whose name begins with one of these (`notes/`) or "
            "fits it as a pattern (`*.pdf`); a text, or up to 64"
        ),
    ] = None
    since: Annotated[
        _Text | None,
        Field(
            description="search only documents of this date, YYYY-MM-DD, or later; those without a "
            "date are left out"
        ),
    ] = None
    until: Annotated[_Text | None, Field(description="likewise, of this date or before")] = None
    budget: Annotated[BudgetFields | None, Field(description="limits on volatility")] = None

    @property
    def mode(self) -> Mode:
        """The mode that the two switches mean."""
        if not self.retrieval:
            return Mode.NO_CONTEXT
        return Mode.OVERLAY if self.enabled else Mode.PLAIN


def _only(*allowed: object, otherwise: str = "not supported here; leave it out") -> AfterValidator:
    """Accept what means the same as leaving the field out."""

    def check(value: object) -> object:
        if value is not None and value not in allowed:
            raise PydanticCustomError("unsupported", "{otherwise}", {"otherwise": otherwise})
        return value

    return AfterValidator(check)


ALIASES = {"overlay": Mode.OVERLAY, "overlay:plain": Mode.PLAIN, "overlay:off": Mode.NO_CONTEXT}
"""Names of the served model for clients that can choose a model and nothing else."""


class _Request(_Body):
    """What requests for an answer have in common."""

    model: Annotated[
        str, Field(description=f"the served model's id, or an alias: {', '.join(ALIASES)}")
    ]
    max_tokens: Annotated[_Integer | None, Field(description="longest answer, in tokens")] = None
    temperature: Annotated[
        float | None, Field(description="0 to 2; 0 always takes the likeliest token")
    ] = None
    top_p: Annotated[float | None, Field(description="0 to 1: nucleus sampling")] = None
    seed: Annotated[_Integer | None, Field(description="makes sampling repeatable")] = None
    stop: Annotated[
        Annotated[list[_Text], Field(max_length=4)] | None,
        BeforeValidator(_as_list, json_schema_input_type=str | list[str] | None),
        Field(description="texts that end the answer, up to 4"),
    ] = None
    overlay: Annotated[
        OverlayFields | None, Field(description="what this request wants of the overlay")
    ] = None

    n: Annotated[_Integer | None, _only(1, otherwise="only 1 is supported")] = None
    logit_bias: Annotated[Any, _only({})] = None

    @property
    def mode(self) -> Mode:
        """What the field ``overlay`` asks for, or the model's alias where it says nothing."""
        if self.overlay and self.overlay.model_fields_set & {"enabled", "retrieval"}:
            return self.overlay.mode
        return ALIASES.get(self.model, Mode.OVERLAY)

    def to_options(self, default: Budget) -> AskOptions:
        """Return the options in the runtime's form.

        Raises:
            InputError: a value is out of range.
        """
        wish = self.overlay or OverlayFields()
        return AskOptions(
            mode=self.mode,
            k=wish.k,
            window=wish.window,
            collection=wish.collection,
            select=wish.select,
            only=Filter(tuple(wish.source or ()), wish.since or "", wish.until or ""),
            budget=_complete(wish.budget, default),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=tuple(self.stop or ()),
        )


class ChatRequest(_Request):
    """A chat completion request, as OpenAI's clients send it."""

    messages: Annotated[list[ChatMessage], Field(min_length=1), AfterValidator(_ends_with_user)]
    stream: Annotated[bool | None, Field(description="send the answer as server-sent events")] = (
        None
    )
    stream_options: StreamOptions | None = None
    max_completion_tokens: Annotated[
        _Integer | None, Field(description="newer name of `max_tokens`; wins over it")
    ] = None
    response_format: Annotated[
        Any, _only({"type": "text"}, otherwise='only {"type": "text"} is supported')
    ] = None
    logprobs: Annotated[bool | None, _only(False)] = None
    top_logprobs: Annotated[_Integer | None, _only(0)] = None
    tools: Annotated[Any, _only([])] = None
    functions: Annotated[Any, _only([])] = None
    audio: Annotated[Any, _only()] = None

    def to_messages(self) -> list[Message]:
        """Return the chat in the runtime's form."""
        return [message.to_message() for message in self.messages]

    def to_options(self, default: Budget) -> AskOptions:
        """See :meth:`_Request.to_options`; the newer name of ``max_tokens`` wins."""
        if self.max_completion_tokens is None:
            return super().to_options(default)
        newer = self.model_copy(
            update={"max_tokens": self.max_completion_tokens, "max_completion_tokens": None}
        )
        try:
            return newer.to_options(default)
        except InputError as error:
            if error.param == "max_tokens":
                error.param = "max_completion_tokens"
            raise


_Prompt = _Text | list[_Integer]


def _as_prompts(prompt: object) -> object:
    """One prompt, or a list of them: as text, or in tokens."""
    if isinstance(prompt, list) and not (prompt and all(isinstance(part, int) for part in prompt)):
        return prompt
    return [prompt]


class CompletionRequest(_Request):
    """A request to continue a text, as OpenAI's older endpoint takes it."""

    prompt: Annotated[
        list[_Prompt],
        BeforeValidator(_as_prompts, json_schema_input_type=_Prompt | list[_Prompt]),
        Field(min_length=1, max_length=64, description="text or tokens, or up to 64 of either"),
    ]
    echo: Annotated[bool | None, Field(description="give the prompt back before its end")] = None
    logprobs: Annotated[
        _Integer | None,
        Field(ge=0, le=20, description="log-probabilities, and so many of the likeliest tokens"),
    ] = None
    stream: Annotated[bool | None, _only(False, otherwise="only chats are streamed")] = None
    best_of: Annotated[_Integer | None, _only(1, otherwise="only 1 is supported")] = None
    suffix: Annotated[str | None, _only("")] = None

    def to_options(self, default: Budget) -> AskOptions:
        """See :meth:`_Request.to_options`."""
        options = super().to_options(default)
        return replace(options, top_log_probs=self.logprobs, echo=bool(self.echo))


def _complete(budget: BudgetFields | None, default: Budget) -> Budget | None:
    if budget is None:
        return None
    return default.with_limits(budget.step, budget.answer)
