"""llama.cpp's own log goes to Python's, and its last errors are kept for ours."""

from __future__ import annotations

import ctypes
import logging
import os
from collections import deque
from functools import cache

import llama_cpp

__all__ = ["ERRORS", "route_log"]

_logger = logging.getLogger("probes.llamacpp")
_ERROR = 4  # GGML_LOG_LEVEL_ERROR
ERRORS: deque[str] = deque(maxlen=16)
"""What llama.cpp called errors, the last ones."""


@cache
def route_log() -> object:
    """Send llama.cpp's log to Python's, once. The result must stay referenced."""

    def forward(level: int, text: bytes, _user_data: int | None) -> None:
        said = text.decode("utf-8", "replace").rstrip()
        _logger.debug("%s", said)
        if level == _ERROR:
            ERRORS.append(said)

    # Where it ends the process, it would start a debugger first.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    callback = llama_cpp.llama_log_callback(forward)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return callback
