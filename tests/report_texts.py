"""The texts of the report, as they stand in its sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import dropout_study.report

ROOM = Path(dropout_study.report.__file__).parent
FUNCTIONS = {"say", "many", "NotEnoughError"}
IN_TEMPLATES = re.compile(r"\bsay\(\"((?:[^\"\\]|\\.)*)\"")
PLACEHOLDER = re.compile(r"\{(\w+)[^}]*\}")


def python_texts() -> Iterator[str]:
    """Yields the texts that are given to the functions by which the report speaks."""
    for path in sorted(ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FUNCTIONS:
                texts = (each.value for each in node.args if isinstance(each, ast.Constant))
                yield from (text for text in texts if isinstance(text, str))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FigureSpec":
                given = [*node.args[1:3], *(k.value for k in node.keywords if k.arg in TEXTS)]
                yield from (str(each.value) for each in given if isinstance(each, ast.Constant))


TEXTS = ("heading", "caption")
"""The arguments of a figure that are shown."""


def template_texts() -> Iterator[str]:
    """Yields the texts of the page's templates."""
    for path in sorted(ROOM.glob("templates/*")):
        for found in IN_TEMPLATES.finditer(path.read_text(encoding="utf-8")):
            yield found[1].replace('\\"', '"')


def script_texts() -> Iterator[str]:
    """Yields the texts of the page's own scripts."""
    for path in sorted(ROOM.glob("static/*.js")):
        if "min" not in path.suffixes[0]:
            yield from (found[1] for found in IN_TEMPLATES.finditer(path.read_text("utf-8")))


def placeholders(text: str) -> set[str]:
    """Returns the names in braces."""
    return {found[1] for found in PLACEHOLDER.finditer(text)}
