"""Where a model that a setting names lies: in a folder, or in the hub's cache."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from overlay.errors import ResourceError

__all__ = ["model_folder", "quiet"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def model_folder(source: str, what: str, error: type[ResourceError], *, instead: str = "") -> Path:
    """A folder that is named by its path, else the snapshot of a hub model, fetched if need be.

    Args:
        what: the setting that names it; errors say so.
        error: raised where there is none.
        instead: what else may be named, for the hint.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    if not _HUB_ID.fullmatch(source):
        others = f", or {instead}" if instead else ""
        raise error(
            f"there is no folder {source}",
            hint=f"give a model folder or a hub id{others}",
            param=what,
        )
    return _hub_folder(source, what, error)


def _hub_folder(model: str, what: str, error: type[ResourceError]) -> Path:
    from huggingface_hub import errors, snapshot_download  # only for a hub id
    from huggingface_hub.utils.tqdm import disable_progress_bars  # as above

    # Other formats of the same weights.
    skipped = ["*.onnx", "*.h5", "*.ot", "*.msgpack", "*.mlmodel", "openvino/*"]
    try:
        with disable_progress_bars():
            return Path(snapshot_download(model, ignore_patterns=skipped))
    except (OSError, errors.HfHubHTTPError, errors.HFValidationError) as reason:
        raise error(
            f"cannot get the {what} {model} from the hub: {reason}",
            hint="check the id and the connection, or give a model folder",
            param=what,
        ) from reason


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no advice from transformers, as long as this lasts."""
    from transformers.utils import logging as advice  # takes seconds

    def without_bar(bar: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return bar(*args, **{**options, "disable": True})

    verbosity = advice.get_verbosity()
    hook = advice.set_tqdm_hook(without_bar)
    advice.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        advice.set_verbosity(verbosity)
        advice.set_tqdm_hook(hook)
