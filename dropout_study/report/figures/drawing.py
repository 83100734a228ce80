"""A figure's SVG file as a part of the page, in the page's own colours."""

import re
from html import escape
from pathlib import Path

from markupsafe import Markup

from dropout_study.report.figures.style import HALO, INK, PAPER


def inline_svg(svg: Path, label: str) -> Markup:
    """Returns the drawing as an element of HTML that a screen reader names ``label``.

    Texts and axes have the colour of the text around it, and what is behind them is transparent.
    So they can be read on a dark page, too, and a colour that stands for a value stays as it is.
    Names of groups are left out: several drawings on a page would have the same.
    """
    text = svg.read_text(encoding="utf-8")
    drawing = text[text.index("<svg") :]
    drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)
    drawing = drawing.replace(INK, "currentColor").replace(HALO, "var(--page)")
    background = f"fill: {PAPER}"
    drawing = drawing.replace(background, "fill: none", 1)  # the first path is the background
    named = f'<svg role="img" aria-label="{escape(label)}"'
    return Markup(drawing.replace("<svg", named, 1))
