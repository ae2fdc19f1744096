"""Requests about collections, as OpenAI's clients send them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from server.bodies.base import Body, Integer, Text, as_list, only

__all__ = ["AttachRequest", "CreateStoreRequest", "SearchRequest", "UpdateStoreRequest"]

_MOST_FILES = 100
_Name = Annotated[Text, Field(max_length=256)]
_Metadata = Annotated[
    dict[
        Annotated[Text, Field(max_length=64)],
        Annotated[Text, Field(max_length=512)],
    ],
    Field(max_length=16, description="kept, and changes nothing"),
]
_Attributes = Annotated[
    dict[
        Annotated[Text, Field(max_length=64)],
        Annotated[Text, Field(max_length=512)] | bool | float | int,
    ],
    Field(max_length=16, description="kept, and given back by searches"),
]
_Expires = Annotated[
    Any, only(otherwise="not supported here: what is uploaded stays; leave it out")
]


def _is_auto(strategy: object) -> object:
    if strategy is not None and not (isinstance(strategy, dict) and strategy.get("type") == "auto"):
        said = 'only {"type": "auto"}; the setting chunk_tokens says how documents are cut'
        raise PydanticCustomError("unsupported", "{said}", {"said": said})
    return strategy


_Chunking = Annotated[Any, AfterValidator(_is_auto)]


class CreateStoreRequest(Body):
    """A collection to be made."""

    name: Annotated[
        _Name | None, Field(description="any text; the id is made of its letters and digits")
    ] = None
    file_ids: Annotated[
        list[Text],
        BeforeValidator(
            lambda given: [] if given is None else given,
            json_schema_input_type=list[str] | None,
        ),
        Field(max_length=_MOST_FILES, default_factory=list),
    ]
    metadata: _Metadata | None = None
    chunking_strategy: _Chunking = None
    expires_after: _Expires = None


class UpdateStoreRequest(Body):
    """What to change of a collection; what is left out stays."""

    name: _Name | None = None
    metadata: _Metadata | None = None
    expires_after: _Expires = None


class AttachRequest(Body):
    """A file that a collection is to hold."""

    file_id: Text
    attributes: _Attributes | None = None
    chunking_strategy: _Chunking = None


class RankingOptions(Body):
    """How what was found is ranked."""

    ranker: Text | None = None
    score_threshold: Annotated[float | None, Field(description="least similarity of a result")] = (
        None
    )


class SearchRequest(Body):
    """A search of a collection."""

    query: Annotated[
        list[Annotated[Text, Field(max_length=10_000, pattern=r"\S")]],
        BeforeValidator(as_list, json_schema_input_type=str | list[str]),
        Field(min_length=1, max_length=8, description="a text, or up to 8 for the same thing"),
    ]
    max_num_results: Annotated[
        Integer | None, Field(ge=1, le=50, description="how many chunks; 10 if left out")
    ] = None
    ranking_options: RankingOptions | None = None
    filters: Annotated[Any, only({})] = None
    rewrite_query: Annotated[bool | None, only(False)] = None
