"""A font with Chinese characters for the figures of a Chinese report, as the system has it."""

import logging
import re
from functools import cache

log = logging.getLogger(__name__)

FILES = re.compile(
    r"(noto(sans|serif)-?(cjk|sc)|sourcehan|wqy|simhei|simsun|msyh|pingfang|heiti|hiragino|"
    r"droidsansfallback|uming|ukai|fandol|lxgw)",
    re.IGNORECASE,
)
"""What the names of such fonts' files begin with."""


@cache
def chinese_font() -> str | None:
    """Returns the family of an installed font with Chinese characters; if there is none, says so.

    Matplotlib's own list of fonts may be older than the system's fonts, so their files are looked
    at.
    """
    from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager

    for path in sorted(findSystemFonts()):
        if FILES.match(re.split(r"[/\\]", path)[-1]):
            try:
                fontManager.addfont(path)
                # It would tell of each text that a font has no normal weight.
                logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
                return FontProperties(fname=path).get_name()
            except (OSError, RuntimeError):  # damaged, or a format that cannot be read
                continue
    log.warning(
        "no font with Chinese characters is installed (fonts-noto-cjk is one): the texts of the "
        "figures stay English"
    )
    return None
