"""The files of a folder that can be read, and those that cannot, each with its reason."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from retriever.errors import DocumentError
from retriever.loaders import KINDS, is_known

__all__ = ["File", "Listing", "Skip", "Skipped", "list_files", "printable"]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Skip(StrEnum):
    """Why a file is left out."""

    KIND = "unknown kind"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    LINK = "link out of the folder, or to nothing"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out.

    Attributes:
        source: as in :class:`File`.
        reason: for the user, without the file's name.
    """

    source: str
    skip: Skip
    reason: str

    @property
    def suffix(self) -> str:
        """By which those of an unknown kind are counted."""
        return PurePosixPath(self.source).suffix.lower() or "without suffix"


@dataclass(frozen=True, slots=True)
class File:
    """A file that may be read.

    Attributes:
        path: absolute.
        source: POSIX path relative to the folder, as :func:`printable` writes it.
    """

    path: Path
    source: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What stands in a folder.

    Attributes:
        root: the folder, absolute; of a single file, the one that it stands in.
        files: sorted by source.
    """

    root: Path
    files: tuple[File, ...]
    skipped: tuple[Skipped, ...]


def printable(path: Path | str) -> str:
    """A path as text that can be stored and shown, whatever bytes it has.

    Bytes that are not UTF-8, line ends and what moves a terminal's cursor are written ``\\xe9``.
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def list_files(folder: Path) -> Listing:
    """Every file under a folder, or a single file; hidden ones are passed over.

    Links are not followed: what they lead to inside of the folder is found there, and what lies
    outside is not asked for. A file with several names is listed once.

    Raises:
        DocumentError: there is no such folder, it cannot be come to, or the single file is of no
            known kind.
    """
    # Not resolved: a folder that is a link keeps the name by which the user knows it.
    root = folder.absolute()
    mode = _mode(folder)
    if stat.S_ISREG(mode):
        if not is_known(root.name):
            raise DocumentError(
                f"{folder} is not a document", hint=f"what can be read: {KINDS}", param="folder"
            )
        return Listing(root.parent, (File(root, printable(root.name)),), ())
    if not stat.S_ISDIR(mode):
        raise DocumentError(
            f"{folder} is no folder and no regular file", hint="check the path", param="folder"
        )
    files: list[File] = []
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()
    for path in _walk(root, skipped):
        source = printable(path.relative_to(root).as_posix())
        try:
            status = path.stat(follow_symlinks=False)
        except OSError as error:
            skipped.append(Skipped(source, Skip.UNREADABLE, error.strerror or str(error)))
            continue
        if stat.S_ISLNK(status.st_mode):
            if reason := _leads_astray(path, root):
                skipped.append(Skipped(source, Skip.LINK, reason))
        elif not stat.S_ISREG(status.st_mode):
            skipped.append(Skipped(source, Skip.UNREADABLE, "it is no regular file"))
        elif not is_known(path.name):
            skipped.append(Skipped(source, Skip.KIND, "files of this kind are not read"))
        elif (identity := (status.st_dev, status.st_ino)) not in seen:
            seen.add(identity)
            files.append(File(path, source))
    return Listing(root, tuple(sorted(files, key=lambda file: file.source)), tuple(skipped))


def _mode(folder: Path) -> int:
    """What kind of thing a path leads to, as ``st_mode`` has it."""
    try:
        return folder.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DocumentError(
            f"there is no folder {folder}", hint="check the path", param="folder"
        ) from error
    except (OSError, ValueError) as error:  # a folder above is closed; links go round in a circle
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentError(
            f"{folder} cannot be opened: {reason}", hint="check its permissions", param="folder"
        ) from error


def _walk(root: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """Files, links and whatever else is no folder, in order of their names."""

    def refused(error: OSError) -> None:
        source = printable(Path(error.filename).relative_to(root).as_posix())
        reason = error.strerror or str(error)
        skipped.append(Skipped(source, Skip.UNREADABLE, f"the folder cannot be opened: {reason}"))

    for parent, folders, names in os.walk(root, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted((*linked, *names)):
            if not name.startswith("."):
                yield Path(parent, name)


def _leads_astray(link: Path, root: Path) -> str:
    """Why nothing is read behind a link; empty where it is found by its own name."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # there is nothing, or it goes round in a circle
        return "it leads nowhere"
    return "" if target.is_relative_to(root.resolve()) else "it leads out of the folder"
