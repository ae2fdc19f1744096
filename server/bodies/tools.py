"""Tools, which the served model is given none of."""

from __future__ import annotations

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

__all__ = ["NO_TOOLS", "check_tools"]

NO_TOOLS = (
    "the served model is given no tools; leave them out, or set tool_choice to none "
    "(docs/clients.md says where a client does)"
)


def check_tools(tools: object, info: ValidationInfo) -> object:
    """Accept what offers the model no tool; the field ``tool_choice`` stands before this one."""
    if tools in (None, []) or info.data.get("tool_choice") == "none":
        return tools
    raise PydanticCustomError("unsupported", "{otherwise}", {"otherwise": NO_TOOLS})
