"""Tables as HTML, which a notebook shows for a study, a run or a confirmation."""

from collections.abc import Collection, Iterable, Sequence
from html import escape

from dropout_study.results.printed.layout import Column

LEFT = ' style="text-align: left"'


def columns_table(columns: Sequence[Column]) -> str:
    """Returns the columns of a printed table as HTML, with the same texts."""
    heads = [" ".join(column.heading.split("\n")) for column in columns]
    left = {place for place, column in enumerate(columns) if column.left}
    return table(heads, zip(*(column.cells for column in columns), strict=True), left)


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[int] = frozenset()
) -> str:
    """Returns a table as HTML.

    Args:
        heads: the headings.
        rows: texts; one for each heading.
        left: the places of the columns with texts, which stand on the left.
    """
    body = "".join(f"<tr>{_cells('td', row, left)}</tr>" for row in rows)
    head = f"<tr>{_cells('th', heads, left)}</tr>"
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _cells(kind: str, texts: Sequence[str], left: Collection[int]) -> str:
    return "".join(
        f"<{kind}{LEFT if place in left else ''}>{escape(text)}</{kind}>"
        for place, text in enumerate(texts)
    )


def paragraph(text: str) -> str:
    """Returns a text as a paragraph; "" for none."""
    return f"<p>{escape(text)}</p>" if text else ""
