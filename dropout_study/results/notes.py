"""Notes and tags of a study: ``notes.json`` in its directory, written by the user."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.task.job_files import JobFileError, read_json


@dataclass(frozen=True)
class Notes:
    """What a user has noted about a study.

    Attributes:
        tags: names by which studies are grouped, in the order in which they were given.
        notes: texts, each with the day on which it was written.
    """

    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Returns the notes and tags for a reader."""
        return [*([f"tags: {', '.join(self.tags)}"] if self.tags else []), *self.notes]


def read_notes(root: Path) -> Notes:
    """Returns the notes of the study in ``root``; none if there is no file.

    Raises:
        JobFileError: the file is damaged.
    """
    path = StudyPaths(root).notes_json
    try:
        content = read_json(path)
    except JobFileError as error:
        if error.missing:
            return Notes()
        raise
    if not isinstance(content, dict):
        raise JobFileError(path, "not an object")
    tags, notes = (content.get(name, []) for name in ("tags", "notes"))
    if not all(isinstance(each, list) for each in (tags, notes)):
        raise JobFileError(path, "`tags` and `notes` must be lists")
    return Notes(tuple(map(str, tags)), tuple(map(str, notes)))


def add_notes(root: Path, *, note: str = "", tags: Iterable[str] = ()) -> Notes:
    """Adds a note and tags to those of the study in ``root``; returns all of them."""
    before = read_notes(root)
    dated = (f"{datetime.now(UTC).astimezone():%Y-%m-%d}: {' '.join(note.split())}",)
    now = Notes(tuple(dict.fromkeys([*before.tags, *tags])), before.notes + (dated if note else ()))
    if now != before:
        with atomic_write(StudyPaths(root).notes_json) as temporary:
            text = json.dumps(asdict(now), indent=2, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8", errors="replace")
    return now
