"""The page in a real browser."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fake_study import write_study

from dropout_study.report.figures import study_figures
from dropout_study.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000", "--window-size=1000,900"),
)
# Appended to a copy of the page: it leaves what the browser saw in the page's title.
PROBE = """<script>
addEventListener("load", () => {
  const pictures = [...document.images];
  const missing = pictures.filter(i => !i.complete || i.naturalWidth < 300).length;
  const wide = document.documentElement.scrollWidth > innerWidth;
  document.title = `PROBE ${pictures.length} pictures, ${missing} missing, wide ${wide}`;
});
</script>"""


def browse(page: Path, profile: Path) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_a_browser_finds_no_missing_picture_and_no_error(tmp_path: Path) -> None:
    root = write_study(tmp_path / "study", ["COMPLETE"] * 9 + ["PRUNED"])
    probed = root / "probed.html"
    probed.write_text(write_report(root).read_text() + PROBE)

    seen = browse(probed, tmp_path / "profile")

    told = re.search(r"<title>(PROBE.*?)</title>", seen.stdout)
    assert told is not None
    assert told[1] == f"PROBE {len(study_figures())} pictures, 0 missing, wide false"
    assert "CONSOLE" not in seen.stderr
