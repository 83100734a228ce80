"""A table as lines of text: decimal points under each other, whole columns or none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    import pandas as pd

GAP = "  "
PLACES = 4
"""Decimal places of a metric with an interval."""


@dataclass(frozen=True)
class Column:
    """A column of a printed table.

    Attributes:
        name: of the column in the data.
        heading: one line or several.
        cells: a text for each row.
        left: whether texts stand on the left.
        rank: columns of a higher rank are left out first where there is no room; 0 stays.
    """

    name: str
    heading: str
    cells: Sequence[str]
    left: bool = False
    rank: int = 0
    texts: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", list(self.cells) if self.left else aligned(self.cells))

    @property
    def width(self) -> int:
        """Places on a terminal."""
        return max(map(cell_len, [*self.heading.split("\n"), *self.texts]), default=0)


def aligned(cells: Sequence[str]) -> list[str]:
    """Returns the numbers among ``cells`` with their decimal points at the same place."""
    numbers = [cell for cell in cells if _is_number(cell)]
    after = max((len(_fraction(cell)) for cell in numbers), default=0)
    spaces = {cell: " " * (after - len(_fraction(cell))) for cell in numbers}
    return [cell + spaces.get(cell, "") for cell in cells]


def _fraction(number: str) -> str:
    """Returns the decimal point and what follows it."""
    _, point, fraction = number.partition(".")
    return point + fraction


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Returns the columns that have room, in their order. A column is shown whole or not at all.

    The columns of the highest rank go first; of one rank, the last one. Those of rank 0 stay.
    """
    kept = list(columns)
    while _width(kept) > width and any(column.rank for column in kept):
        highest = max(column.rank for column in kept)
        last = max(i for i, column in enumerate(kept) if column.rank == highest)
        del kept[last]
    return kept


def _width(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)


def lines(columns: Sequence[Column]) -> list[str]:
    """Returns the heading, a rule, and a line for each row."""
    headings = [column.heading.split("\n") for column in columns]
    height = max(map(len, headings), default=0)
    heads = [[*[""] * (height - len(each)), *each] for each in headings]
    rows = [*zip(*heads, strict=True), None, *zip(*(c.texts for c in columns), strict=True)]
    return ["-" * _width(columns) if row is None else _line(columns, row) for row in rows]


def _line(columns: Sequence[Column], cells: Sequence[str]) -> str:
    placed = (_placed(cell, column) for cell, column in zip(cells, columns, strict=True))
    return GAP.join(placed).rstrip()


def _placed(cell: str, column: Column) -> str:
    space = " " * (column.width - cell_len(cell))
    return cell + space if column.left else space + cell


def with_intervals(
    table: "pd.DataFrame", mean: str, low: str, high: str, sign: str = ""
) -> list[str]:
    """Returns ``0.8412 [0.8390, 0.8431]`` for each row; what is not known is left out.

    Args:
        table: the table.
        mean: the column of the means.
        low: the column of the lower bounds.
        high: the column of the upper bounds.
        sign: "+" to write the sign of a positive number.
    """
    form = f"{sign}.{PLACES}f"

    def cell(a: float, b: float, c: float) -> str:
        if a != a:
            return ""
        return f"{a:{form}}" + (f" [{b:{form}}, {c:{form}}]" if b == b else "")

    return [cell(*row) for row in zip(table[mean], table[low], table[high], strict=True)]


def markdown(columns: Sequence[Column]) -> str:
    """Returns the table in Markdown, as GitHub and Pandoc read it."""
    heads = [" ".join(column.heading.split("\n")) for column in columns]
    rules = [":--" if column.left else "--:" for column in columns]
    rows = zip(*(column.cells for column in columns), strict=True)
    return "".join(f"| {' | '.join(map(_escaped, row))} |\n" for row in [heads, rules, *rows])


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")
