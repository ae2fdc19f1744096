"""The chat template of models that have none: words tell whose turn it is."""

from __future__ import annotations

__all__ = ["PLAIN_ENDS", "PLAIN_TEMPLATE"]

PLAIN_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}\n\n"
    "{% elif message['role'] == 'user' %}User: {{ message['content'] }}\n"
    "{% else %}Assistant: {{ message['content'] }}\n"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
"""A base model goes on with the text: what follows is most often the answer."""

PLAIN_ENDS = ("User:", "Assistant:", "System:", "Question:", "Context:")
"""With one of these at the beginning of a line the model begins the next turn by itself."""
