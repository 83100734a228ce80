"""Every block of commands in README.md and docs/ is run as it stands, or says why it is not.

A block is run in the order of its page, all of a page in one directory. An HTML comment on the line
before it, which a reader of the source sees, changes that:

    <!-- needs: gpu -->    not run here: gpu, cluster, data (a large download), checkout, browser or
                           lightning (tests/integrations runs it where Lightning is installed)
    <!-- needs: hours -->  not run here: an experiment (tests/test_experiments.py trains one trial)
    <!-- slow -->          run by `pytest -m slow` alone
    <!-- install -->       run without its `pip install ...`, which is the CI's to try
    <!-- shrunk: a=1 -->   run with these words after each `dropout-study...` command of the block
    <!-- install; shrunk: a=1 -->   several of them
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r"(?:^<!-- *(?P<marks>[^\n]*?) *-->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COMMANDS = {"sh", "bash", "python"}
PLAIN = {"text", "yaml", "csv", "json"}
NOT_RUN = {
    f"needs: {what}"
    for what in ("gpu", "cluster", "data", "checkout", "browser", "lightning", "hours")
}
SHRUNK = "shrunk: "
OURS = re.compile(
    r"^((?:\w+=\S+ )*(?:dropout-study|python -m dropout_study)\b[^#\n]*?)( +#.*)?$", re.MULTILINE
)
INSTALL = re.compile(r"pip install [^&\n]*(&& )?")
LIMIT = 600  # seconds a block


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    marks: tuple[str, ...]
    line: int

    def command(self) -> list[str]:
        """Returns what runs the block."""
        if self.language == "python":
            return [sys.executable, "-c", self.text]
        text = self.text.replace("\\\n", " ")
        for mark in self.marks:
            if mark == "install":
                text = INSTALL.sub("", text)
            if mark.startswith(SHRUNK):
                text = OURS.sub(rf"\1 {mark.removeprefix(SHRUNK)}\2", text)
        return ["bash", "-euo", "pipefail", "-c", text]


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            found["language"],
            found["text"],
            tuple((found["marks"] or "").split("; ")) if found["marks"] else (),
            text.count("\n", 0, found.start("language")) + 1,
        )
        for found in FENCE.finditer(text)
    ]


def run_page(page: Path, directory: Path, *, slow: bool) -> None:
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in blocks(page):
        left_out = NOT_RUN if slow else {*NOT_RUN, "slow"}
        if block.language not in COMMANDS or left_out.intersection(block.marks):
            continue
        done = subprocess.run(
            block.command(),
            cwd=directory,
            env={**os.environ, "PATH": scripts},
            timeout=LIMIT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, f"{page.name}:{block.line}\n{block.text}\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_the_page_run(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, slow=False)


def test_the_chinese_readme_has_the_commands_and_outputs_of_the_english_one() -> None:
    pages = (blocks(ROOT / name) for name in ("README.md", "README.zh-CN.md"))
    english, chinese = ([(b.language, b.text, b.marks) for b in page] for page in pages)

    assert chinese == english


def test_the_chinese_readme_links_what_the_english_one_links() -> None:
    link = re.compile(r"\]\(([^)#]+)")
    names = ("README.md", "README.zh-CN.md")
    english, chinese = (set(link.findall((ROOT / name).read_text("utf-8"))) for name in names)
    other = {"https://d2l.ai/": "https://zh.d2l.ai/", names[1]: names[0]}
    expected = {next((u.replace(a, b) for a, b in other.items() if a in u), u) for u in english}

    assert chinese == expected
    assert all((ROOT / each).exists() for each in chinese if not each.startswith("https:"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_slow_commands_of_the_page_run_too(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, slow=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(blocks(page)) * 2 == len(re.findall(r"^```", text, re.M)), "an unclosed block"
    for block in blocks(page):
        assert block.language in COMMANDS | PLAIN, f"line {block.line}: what language?"
        for mark in block.marks:
            assert mark in {*NOT_RUN, "slow", "install"} or mark.startswith(SHRUNK), mark


@pytest.mark.parametrize(
    "line",
    [
        "dropout-study --multirun",
        "PYTHONPATH=. dropout-study-confirm outputs/a  # the best again",
        "python -m dropout_study a=1",
        "dropout-study \\\n  --multirun",
    ],
)
def test_a_shrunk_command_gets_its_words_before_the_comment(line: str) -> None:
    *_, text = Block("sh", f"{line}\necho dropout-study\n", ("shrunk: a=1 b=2",), 1).command()
    first, second, *_ = text.splitlines()
    assert first.split("  #")[0].endswith(" a=1 b=2")
    assert second == "echo dropout-study"


def test_an_installation_is_left_to_the_ci() -> None:
    block = Block("bash", 'pip install ".[test]" && dropout-study\n', ("install", "shrunk: a=1"), 1)
    assert block.command()[-1] == "dropout-study a=1\n"
