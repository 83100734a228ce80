"""Fills the templates of the pages: one file that contains its style, scripts and pictures."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dropout_study.report.figures.drawing import inline_svg
from dropout_study.report.language import NO_BREAK, html_language, many, say, script_texts

WATCHES = "watch.js"
SCRIPTS = ("echarts.min.js", "study.js", "table.js", "chosen.js", "limits.js", "charts.js")


def filled_template(
    template: str,
    data: Mapping[str, Any],
    scripts: Sequence[str] = SCRIPTS,
    version: str = "",
    **texts: Any,
) -> str:
    """Returns a page in the present language, see ``report/language.py``.

    Args:
        template: its file name.
        data: what the scripts of the page need, as plain data.
        scripts: the names of the scripts.
        version: of a page that is served and asks its server for a newer one; "" for a file.
        texts: what else the template needs.
    """
    environment = Environment(
        loader=PackageLoader("dropout_study.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say, "many": many}
    environment.filters |= {"code": _code, "duration": _duration, "inline_svg": inline_svg}
    sources = [_static(script) for script in (*scripts, *([WATCHES] if version else []))]
    return environment.get_template(template).render(
        css=_static("page.css"),
        data=as_json(data),
        policy=content_security_policy(sources, asks=bool(version)),
        version=version,
        scripts=sources,
        language=html_language(),
        script_texts=as_json(script_texts()),
        **texts,
    )


def as_json(data: Mapping[str, Any]) -> Markup:
    """Returns the data as JSON that no HTML parser takes for markup."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)


@cache
def _static(name: str) -> Markup:
    path = files("dropout_study.report") / "static" / name
    return Markup(path.read_text(encoding="utf-8"))


def content_security_policy(texts: Sequence[str], *, asks: bool = False) -> str:
    """Returns the rule that the page loads nothing and runs no script but ``texts``.

    Args:
        texts: the scripts.
        asks: whether the page may ask the server that it comes from.
    """
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    rules = ["default-src 'none'", "img-src data:", "style-src 'unsafe-inline'"]
    rules += ["connect-src 'self'"] if asks else []
    return "; ".join([*rules, f"script-src {hashes}"])


def _code(sentence: str) -> str:
    """Returns the text as HTML, with text in backticks as code, and no line break in "n = 3"."""
    sentence = sentence.replace(" = ", f"{NO_BREAK}={NO_BREAK}")
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(sentence, quote=False)))


def _duration(seconds: float) -> str:
    """Returns seconds as "0:01:47"."""
    return str(timedelta(seconds=round(seconds)))
