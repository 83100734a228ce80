"""Tables as HTML, which a notebook shows for a study, a run or a confirmation."""

from collections.abc import Iterable, Sequence
from html import escape

from dropout_study.results.printed.layout import Column


def columns_table(columns: Sequence[Column]) -> str:
    """Returns the columns of a printed table as HTML, with the same texts."""
    heads = [" ".join(column.heading.split("\n")) for column in columns]
    return table(heads, zip(*(column.cells for column in columns), strict=True))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table as HTML.

    Args:
        heads: the headings.
        rows: texts; one for each heading.
    """
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def paragraph(text: str) -> str:
    """Returns a text as a paragraph; "" for none."""
    return f"<p>{escape(text)}</p>" if text else ""
