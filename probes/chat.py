"""A model's own chat template, rendered so that no message can forge the template's tokens.

Each message is rendered as a placeholder and cut out again. What is left is the template's
own text, in which special tokens count; the messages themselves are then tokenised as plain
text, in which they do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from overlay.errors import InputError
from probes.errors import ModelError
from probes.folding import Message, forms
from probes.plain_chat import PLAIN_ENDS, PLAIN_TEMPLATE
from probes.thoughts import (
    Marks,
    known_marks,
    switches,
    without_thoughts,
    without_thoughts_ahead,
)

__all__ = ["ChatStyle", "ChatTemplate", "Fill", "Message", "Part", "broken_template"]

# Private-use characters: no chat template contains them, and no message is in the text when
# they are searched for.
_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")
# Says one thing of each role; what no template that serves a chat can refuse comes last.
_TRIAL = (Message("user", "?"),)

Fill = Callable[[list[dict[str, Any]], Mapping[str, object]], str]
"""Renders role-and-content dicts, with variables, up to where the assistant's answer begins; raises
ValueError where the template refuses them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a rendered chat. ``slot_after`` marks the place where the context goes."""

    text: str
    from_template: bool
    slot_after: bool = False


@dataclass(frozen=True, slots=True)
class ChatStyle:
    """What the answers of a model look like, beside its end tokens.

    Attributes:
        ends: an answer ends before a line that begins so.
        thoughts: marks of thoughts that it may begin with.
    """

    ends: tuple[str, ...] = ()
    thoughts: tuple[Marks, ...] = ()


class ChatTemplate:
    """A chat template.

    Args:
        source: the template; it is read for what it says of thoughts, and for nothing else.
        fill: renders it.

    Attributes:
        style: what answers look like under it.
        silenced: marks of the thoughts that the model was seen to begin with by itself: every
            prompt says that there are none.
    """

    def __init__(self, source: str, fill: Fill) -> None:
        plain = source == PLAIN_TEMPLATE
        self.style = ChatStyle(PLAIN_ENDS if plain else (), known_marks(source))
        self.silenced: Marks | None = None
        self._fill = fill
        self._switches = switches(source)

    def render(self, messages: Sequence[Message]) -> list[Part]:
        """Render a chat: as it is, or where the template refuses that, in a simpler form.

        Turns of one role that follow on each other are joined where they have to alternate, a
        system message is put in front of the first user message where there is no system role, and
        at last the whole chat is told in one user message. Empty turns and the thoughts of earlier
        answers are left out, and what the template would open thoughts with is closed.

        Raises:
            InputError: the template refuses this chat in every form.
            ModelError: it refuses a single question, too.
        """
        why = "it is empty"
        for form in forms([self._thoughtless(message) for message in messages]):
            for wrap in (str, _as_parts):
                try:
                    return self._render(form, wrap)
                except ValueError as error:
                    why = str(error)
        message = f"the model's chat template refuses this chat: {why}"
        if tuple(messages) == _TRIAL:
            raise broken_template(why)
        self.render(_TRIAL)
        raise InputError(message, hint="send the question alone", param="messages")

    def encode(
        self, messages: Sequence[Message], tokenize: Callable[[str, bool], list[int]]
    ) -> list[list[int]]:
        """Tokens of a chat, split at the messages' slots.

        Args:
            tokenize: tokens of a text; its second argument says whether special tokens spelled
                out in the text count as such.

        Returns:
            One list more than there are slots.

        Raises:
            InputError, ModelError: as :meth:`render`.
        """
        pieces: list[list[int]] = [[]]
        for part in self.render(messages):
            pieces[-1] += tokenize(part.text, part.from_template)
            if part.slot_after:
                pieces.append([])
        return pieces

    def _thoughtless(self, message: Message) -> Message:
        if message.role != "assistant" or not isinstance(message.content, str):
            return message
        return replace(message, content=without_thoughts(message.content, self.style.thoughts))

    def _render(self, messages: Sequence[Message], wrap: Callable[[str], object]) -> list[Part]:
        """Render one form of a chat; ValueError where the template refuses it, or loses some."""
        if not messages:
            raise ValueError("it is empty")
        text = self._fill(
            [
                {"role": message.role, "content": wrap(f"\ue000{index}\ue001")}
                for index, message in enumerate(messages)
            ],
            self._switches,
        )
        pieces = _PLACEHOLDER.split(text)
        pieces[-1] = self._without_thoughts_ahead(pieces[-1])
        found = [int(piece) for piece in pieces[1::2]]
        if sorted(found) != list(range(len(messages))):
            raise ValueError("it drops a message, or says one twice")
        parts: list[Part] = []
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                parts.append(Part(piece, from_template=True))
                continue
            content = messages[int(piece)].content
            if isinstance(content, str):
                parts.append(Part(content, from_template=False))
            else:
                parts.append(Part(content[0], from_template=False, slot_after=True))
                parts.append(Part(content[1], from_template=False))
        return [part for part in parts if part.text or part.slot_after]

    def _without_thoughts_ahead(self, end: str) -> str:
        closed = without_thoughts_ahead(end, self.style.thoughts)
        if self.silenced is not None and closed == end and self.silenced.closed not in end:
            return end + self.silenced.nothing
        return closed


def broken_template(why: str) -> ModelError:
    """The error of a template that serves no chat at all."""
    return ModelError(
        f"the chat template cannot be used: {why}",
        hint="set chat_template to a file with another one, or to plain",
        param="chat_template",
    )


def _as_parts(text: str) -> object:
    """A content in parts, as some templates of models that see take no other."""
    return [{"type": "text", "text": text}]
