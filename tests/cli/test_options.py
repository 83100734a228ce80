"""One grammar for all commands."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from command_line import run_command

from dropout_study.cli.options import Options, file, keys, listed, whole

ROOT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
OTHERS = {name: path for name, path in SCRIPTS.items() if name != "dropout-study"}


def command(name: str):
    module, _, function = OTHERS[name].partition(":")
    return getattr(import_module(module), function)


@pytest.fixture
def read(monkeypatch):
    """Reads words with options of three kinds."""

    def namespace(*words: str):
        options = Options("x", "text")
        options.study()
        options.add_argument("--top", type=whole(), default=3)
        options.add_argument("--samples", type=listed(int, "whole numbers"))
        options.add_argument("--by", type=keys)
        options.add_argument("--page", type=file)
        options.address(80, "")
        options.storage()
        monkeypatch.setattr("sys.argv", ["dropout-study-x", *words])
        return options.read()

    return namespace


@pytest.mark.parametrize(
    "words", [["d", "--top", "5", "--samples", "1,2"], ["--samples=1,2", "d", "top=5"]]
)
def test_old_words_and_options_are_the_same(read, words):
    given = read(*words)
    assert (given.dir, given.top, given.samples, given.by) == (Path("d"), 5, [1, 2], None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["d", "--top", "0"], "`--top` must be a whole number >= 1, got '0'"),
        (["d", "top=many"], "`--top` must be a whole number >= 1, got 'many'"),
        (["d", "--topp", "3"], "there is no option `--topp`; did you mean `--top`?"),
        (["d", "tops=3"], "there is no option `tops=3`; did you mean `--top`?"),
        (["d", "e"], "`e` is one argument too many"),
        (["d", "port=99999"], "`--port` must be a whole number in [0, 65535], got '99999'"),
        (["d", "study-name=x"], "`--study-name` is a name in a storage; add `--storage URL`"),
        (["d", "--page", "."], "`--page` must name a file, got '.'"),
        (["d", "--page="], "`--page` must name a file, got ''"),
        ([], "the following arguments are required: DIR"),
        (["d", "samples=a,2"], "`--samples` must be whole numbers, separated by commas, got 'a,2'"),
    ],
)
def test_a_mistake_is_one_line(read, words, says):
    with pytest.raises(SystemExit) as end:
        read(*words)
    line = f"dropout-study-x: {says}; `dropout-study-x --help` lists the options"
    assert str(end.value) == line


@pytest.mark.parametrize("name", OTHERS)
def test_every_command_ends_with_one_line_after_an_interrupt(name, monkeypatch):
    def interrupted(_options: Options) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Options, "read", interrupted)
    with pytest.raises(SystemExit, match=f"^{name}: interrupted.*$"):
        command(name)()


@pytest.mark.parametrize("name", OTHERS)
def test_every_command_has_help_with_its_options_and_the_version(name, capfd):
    ended = run_command(command(name), ["--help"], capfd)
    assert ended.code == 0
    assert ended.out.startswith(f"usage: {name} [-h]")
    assert not re.search(r" [a-z]+=[A-Za-z0-9]+[ ,.]", ended.out), "an option in the old words"
    version = run_command(command(name), ["--version"], capfd)
    assert version.out.startswith("dropout-study 0.1.0 (hydra-core ")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_main_help_and_the_readme_name_every_command(name):
    for page in ("conf/config.yaml", "README.md"):
        assert name in (ROOT / page).read_text(encoding="utf-8"), page
