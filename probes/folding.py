"""The same chat in forms that more templates take: roles by turns, no system turn, one turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["SYSTEM_ROLES", "Content", "Message", "forms"]

Content = str | tuple[str, str]

SYSTEM_ROLES = frozenset({"system", "developer"})
_TOOL_ROLES = frozenset({"tool", "function"})
_APART = "\n\n"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    Attributes:
        role: ``system`` (or ``developer``), ``user``, ``assistant`` or ``tool``.
        content: the text; or two texts, between which lies a slot for the context.
    """

    role: str
    content: Content


def forms(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Yield a chat as it is, then in ever simpler forms; each says all that the first one says.

    What is empty says nothing and is left out. What a tool said is a user's turn: there is no
    word here of the call that it answers.
    """
    plain = [_simple(message) for message in messages if _says(message.content)]
    yield plain
    system = _joined([one for one in plain if one.role == "system"])
    turns = _led_by_user(_joined([one for one in plain if one.role != "system"]))
    yield [*system, *turns]
    if system and turns:
        yield [Message("user", _behind(system[0].content, turns[0].content)), *turns[1:]]
    if len(turns) > 1:
        yield [Message("user", _told([*system, *turns]))]


def _says(content: Content) -> bool:
    return isinstance(content, tuple) or bool(content.strip())


def _simple(message: Message) -> Message:
    if message.role in SYSTEM_ROLES:
        return Message("system", message.content)
    if message.role in _TOOL_ROLES:
        return Message("user", _behind("A tool says:", message.content, "\n"))
    return message


def _joined(messages: Sequence[Message]) -> list[Message]:
    """Turns of one role that follow on each other, as one."""
    found: list[Message] = []
    for message in messages:
        if found and found[-1].role == message.role:
            found[-1] = Message(message.role, _behind(found[-1].content, message.content))
        else:
            found.append(message)
    return found


def _led_by_user(turns: list[Message]) -> list[Message]:
    """The same; what the assistant says before the first user turn is told in that turn."""
    if len(turns) < 2 or turns[0].role != "assistant":
        return turns
    first, second, *others = turns
    told = _behind("You said:", first.content, "\n")
    return [Message("user", _behind(told, second.content)), *others]


def _told(messages: Sequence[Message]) -> Content:
    """A whole chat as one text, in which the last turn says nothing of who speaks."""
    content: Content = ""
    for place, message in enumerate(messages):
        spoken = message.content
        if message.role != "system" and place < len(messages) - 1:
            spoken = _behind(f"{message.role.capitalize()}:", spoken, " ")
        content = _behind(content, spoken) if content else spoken
    return content


def _behind(before: Content, after: Content, between: str = _APART) -> Content:
    """Two contents, one behind the other; at most one of them has a slot."""
    if isinstance(before, tuple):
        return (before[0], before[1] + between + "".join(after))
    if isinstance(after, tuple):
        return (before + between + after[0], after[1])
    return before + between + after
