"""A model's own chat template, rendered so that no message can forge the template's tokens.

Each message is rendered as a placeholder and cut out again. What is left is the template's
own text, in which special tokens count; the messages themselves are then tokenised as plain
text, in which they do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from probes.errors import ModelError

__all__ = ["ChatTemplate", "Message", "Part", "require_template"]

# Private-use characters: no chat template contains them, and no message is in the text when
# they are searched for.
_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    Attributes:
        role: ``system``, ``user`` or ``assistant``.
        content: the text; or two texts, between which lies a slot for the context.
    """

    role: str
    content: str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a rendered chat. ``slot_after`` marks the place where the context goes."""

    text: str
    from_template: bool
    slot_after: bool = False


class ChatTemplate:
    """A chat template.

    Args:
        fill: renders role-and-content dicts, up to the point where the assistant's answer
            begins, and raises ValueError where it refuses them.
    """

    def __init__(self, fill: Callable[[list[dict[str, str]]], str]) -> None:
        self._fill = fill

    def render(self, messages: Sequence[Message]) -> list[Part]:
        """Render a chat.

        A system message is put in front of the first user message where the template has no
        system role.

        Raises:
            ModelError: the template refuses the messages, or loses the last one.
        """
        try:
            return self._render(messages)
        except ValueError as error:
            if messages and messages[0].role == "system":
                return self.render(_fold_system(messages))
            raise ModelError(f"the model's chat template refuses this chat: {error}") from error

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
            ModelError: as :meth:`render`.
        """
        pieces: list[list[int]] = [[]]
        for part in self.render(messages):
            pieces[-1] += tokenize(part.text, part.from_template)
            if part.slot_after:
                pieces.append([])
        return pieces

    def _render(self, messages: Sequence[Message]) -> list[Part]:
        placeholders = [
            {"role": message.role, "content": f"\ue000{index}\ue001"}
            for index, message in enumerate(messages)
        ]
        text = self._fill(placeholders)
        parts: list[Part] = []
        seen = set()
        for index, piece in enumerate(_PLACEHOLDER.split(text)):
            if index % 2 == 0:
                parts.append(Part(piece, from_template=True))
                continue
            seen.add(int(piece))
            content = messages[int(piece)].content
            if isinstance(content, str):
                parts.append(Part(content, from_template=False))
            else:
                parts.append(Part(content[0], from_template=False, slot_after=True))
                parts.append(Part(content[1], from_template=False))
        if len(messages) - 1 not in seen:
            raise ModelError("the model's chat template drops the last message")
        return [part for part in parts if part.text or part.slot_after]


def require_template(template: ChatTemplate | None) -> ChatTemplate:
    """The template, or a ModelError where the model has none."""
    if template is None:
        raise ModelError(
            "the model has no chat template",
            hint="choose an instruct or chat model",
            param="model",
        )
    return template


def _fold_system(messages: Sequence[Message]) -> list[Message]:
    system, *rest = messages
    for index, message in enumerate(rest):
        if message.role == "user":
            head = f"{system.content}\n\n"
            content: str | tuple[str, str] = (
                head + message.content
                if isinstance(message.content, str)
                else (head + message.content[0], message.content[1])
            )
            return [*rest[:index], Message("user", content), *rest[index + 1 :]]
    return rest
