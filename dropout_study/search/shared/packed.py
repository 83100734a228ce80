"""Text files as attributes of a study or a trial: compressed, in parts that a column can hold."""

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

FILES_ATTR = "files"
"""Name of the attribute with the first part; ``files:DIGEST:1``, ... have the others."""
PART = 40_000  # characters; a text column of MySQL holds 65,535 bytes
MOST_BYTES = 64 * 2**20  # of a packed set of files, after unpacking

Attrs = Mapping[str, Any]


@dataclass(frozen=True)
class Packed:
    """A set of text files, packed.

    Attributes:
        digest: identifies the content.
        parts: the content.
    """

    digest: str
    parts: list[str]

    @classmethod
    def of(cls, files: Mapping[str, str]) -> "Packed":
        """Packs files, given as name -> text."""
        text = json.dumps(files)
        packed = base64.b85encode(zlib.compress(text.encode(), 9)).decode()
        parts = [packed[start : start + PART] for start in range(0, len(packed), PART)]
        return cls(digest_of(files), parts)

    def write(self, write: Callable[[str, Any], None]) -> None:
        """Writes the attributes; that without which the others are not seen comes last."""
        for index, part in enumerate(self.parts[1:], start=1):
            write(_name(self.digest, index), part)
        first = {"digest": self.digest, "parts": len(self.parts), "part": self.parts[0]}
        write(FILES_ATTR, first)


def digest_of(files: Mapping[str, str]) -> str:
    """Returns what identifies the content of files."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def packed_digest(attrs: Attrs) -> str | None:
    """Returns the digest of the files in attributes; None if there are none."""
    first = attrs.get(FILES_ATTR)
    return str(first["digest"]) if isinstance(first, dict) and "digest" in first else None


def unpacked(attrs: Attrs) -> dict[str, str]:
    """Returns the files in attributes as name -> text.

    Raises:
        ValueError: the attributes are damaged, or not of this form.
    """
    try:
        first = attrs[FILES_ATTR]
        others = (attrs[_name(first["digest"], n)] for n in range(1, first["parts"]))
        content = base64.b85decode("".join([first["part"], *others]))
        expand = zlib.decompressobj()
        text = expand.decompress(content, MOST_BYTES)
        if not expand.eof:
            raise ValueError("the content is cut off, or too large")
        files = json.loads(text)
    except (KeyError, TypeError, zlib.error) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if not isinstance(files, dict) or not all(isinstance(each, str) for each in files.values()):
        raise ValueError("the content is no set of text files")
    return files


def _name(digest: str, index: int) -> str:
    return f"{FILES_ATTR}:{digest}:{index}"
