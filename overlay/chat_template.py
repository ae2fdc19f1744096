"""The chat template that the settings name."""

from __future__ import annotations

from pathlib import Path

from overlay.settings import AUTO_TEMPLATE, PLAIN_TEMPLATE, SettingsError
from probes import plain_chat

__all__ = ["read_chat_template"]

_LARGEST = 2**20  # bytes; the longest templates in use take some 30,000


def read_chat_template(setting: str) -> str | None:
    """The template itself; None for the one that the model brings.

    Whether it is one is found out where the model is loaded.

    Args:
        setting: ``auto``, ``plain`` or a path.

    Raises:
        SettingsError: the file cannot be read, is empty, or is no text.
    """
    if setting == AUTO_TEMPLATE:
        return None
    if setting == PLAIN_TEMPLATE:
        return plain_chat.PLAIN_TEMPLATE
    path = Path(setting).expanduser()
    try:
        if path.stat().st_size > _LARGEST:
            raise _unusable(setting, f"it is larger than {_LARGEST} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _unusable(setting, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _unusable(setting, "it is not UTF-8") from error
    if not text.strip():
        raise _unusable(setting, "it is empty")
    return text


def _unusable(setting: str, why: str) -> SettingsError:
    return SettingsError(
        f"chat_template {setting!r} cannot be read: {why}",
        hint="auto, plain, or a path to a .jinja file",
        param="chat_template",
    )
