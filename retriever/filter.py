"""Which documents of a store a search may find."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from overlay.errors import InputError
from retriever.rows import StoredDocument

__all__ = ["EVERYTHING", "Filter"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filter:
    """Documents by source and date; without any part, every document.

    Attributes:
        sources: how a document's source begins, such as ``notes/``, or a pattern for all of it,
            such as ``*.pdf``, where ``*`` stands for any text, ``/`` too. One of them is enough.
            Case counts.
        since, until: first and last date, ``YYYY-MM-DD``, both included. Where either is given,
            documents without a date are left out.

    Raises:
        InputError: a source is blank, a date is none, or ``since`` is after ``until``; ``param``
            is ``source``, ``since`` or ``until``.
    """

    sources: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        if any(not source.strip() for source in self.sources):
            raise InputError(
                "source is blank",
                hint="give how sources begin, such as notes/, or a pattern such as *.pdf",
                param="source",
            )
        for name, value in (("since", self.since), ("until", self.until)):
            if value and not _is_date(value):
                raise InputError(
                    f"{name} is {value!r}, which is no date",
                    hint="write it as YYYY-MM-DD, such as 2024-03-31",
                    param=name,
                )
        if self.since and self.until and self.since > self.until:
            raise InputError(
                f"since is {self.since}, after until, which is {self.until}",
                hint="swap them",
                param="since",
            )

    @property
    def is_open(self) -> bool:
        """Whether it lets every document through."""
        return self == EVERYTHING

    def chosen(self, documents: Iterable[StoredDocument]) -> list[str]:
        """Sources of the documents that it lets through.

        Raises:
            InputError: one of its sources fits no document at all.
        """
        held = list(documents)
        for wanted in self.sources:
            if not any(_fits(one.source, wanted) for one in held):
                raise InputError(
                    f"source is {wanted!r}, which fits none of {len(held)} documents",
                    hint="`overlay documents list` shows their sources",
                    param="source",
                )
        return [one.source for one in held if self._lets_through(one)]

    def _lets_through(self, document: StoredDocument) -> bool:
        if self.sources and not any(_fits(document.source, one) for one in self.sources):
            return False
        if not self.since and not self.until:
            return True
        # ISO dates are in order as texts.
        return bool(document.date) and self.since <= document.date <= (self.until or "9999-12-31")


EVERYTHING = Filter()


def _fits(source: str, wanted: str) -> bool:
    return source.startswith(wanted) or fnmatchcase(source, wanted)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
