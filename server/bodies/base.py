"""What the bodies of all requests have in common.

Types are strict: ``"0.5"`` is no temperature. Fields of OpenAI that change nothing a client
relies on are accepted and ignored; those that would be missed are refused by name.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

__all__ = ["Body", "Integer", "Text", "as_list", "only"]

# Wider numbers are no sampling parameters, and overflow in C.
Integer = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


def _is_unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("surrogate", "half a surrogate pair is no character") from error
    return text


Text = Annotated[str, AfterValidator(_is_unicode)]


class Body(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")


def as_list(text: object) -> object:
    """A text alone as a list of one."""
    return [text] if isinstance(text, str) else text


def only(*allowed: object, otherwise: str = "not supported here; leave it out") -> AfterValidator:
    """Accept what means the same as leaving the field out."""

    def check(value: object) -> object:
        if value is not None and value not in allowed:
            raise PydanticCustomError("unsupported", "{otherwise}", {"otherwise": otherwise})
        return value

    return AfterValidator(check)
