"""A comparison of studies as it is printed."""

import shlex

import pandas as pd

from dropout_study.comparison.result import IMAGES, StudyComparison, setting_key
from dropout_study.report.objective import metric_words
from dropout_study.results.printed.layout import Column, markdown, with_intervals
from dropout_study.results.printed.show import print_table


def print_comparison(compared: StudyComparison) -> None:
    """Prints the table of studies, their settings, and what the comparison says."""
    print_table(heading(compared.studies), columns(compared.studies))
    for title, lines in (
        ("What differs:", setting_lines(compared)),
        ("Tags and notes:", note_lines(compared.studies)),
    ):
        if lines:
            print("", title, *(f"  {line}" for line in lines), sep="\n")
    if compared.sentences:
        print("", *compared.sentences, sep="\n")


def as_markdown(compared: StudyComparison) -> str:
    """Returns the same as Markdown."""
    blocks = [f"{heading(compared.studies)}\n", markdown(columns(compared.studies))]
    if compared.settings:
        blocks += ["What differs:\n", markdown(setting_columns(compared))]
    lines = [*note_lines(compared.studies), *compared.sentences]
    return "\n".join([*blocks, "".join(f"- {line}\n" for line in lines)])


def heading(studies: pd.DataFrame) -> str:
    """Returns how many studies there are, and how the table is read."""
    told = f"{len(studies)} studies; the best trial of each is chosen by its objective"
    over = studies["test_over"].unique()
    if IMAGES in over:
        told += "; the interval of one seed is over the test images"
    told += "; brackets are 95 % intervals"
    minus = _minus(studies)
    several = minus in studies and studies[minus].count() > 1
    return f"{told}, those of the differences simultaneous" if several else told


def _minus(studies: pd.DataFrame) -> str:
    """Returns the name of the column of the differences to the first study."""
    return f"minus_{studies['study'].iloc[0]}"


def columns(studies: pd.DataFrame) -> list[Column]:
    """Returns the columns of the printed table of studies.

    A terminal that is too narrow loses numbers of trials first, then the test metric of the search,
    the differences, which the sentences tell too, and the objectives.
    """
    found = [
        Column("study", "study", list(studies["study"]), left=True),
        Column("trials", "trials", [str(n) for n in studies["trials"]], rank=6),
        *_objective(studies),
        Column("best_trial", "best\ntrial", _numbers(studies["best_trial"]), rank=3),
        _metric("value", studies["objective"], studies),
    ]
    if studies["test"].notna().any():
        found.append(_metric("test", studies["test_metric"], studies, rank=2))
    if studies["confirmed"].notna().any():
        found += [
            Column(
                "confirmed_trial", "confirmed\ntrial", _numbers(studies["confirmed_trial"]), rank=4
            ),
            _metric("confirmed", studies["test_metric"], studies),
            Column("confirmed_n", "n", [str(n or "") for n in studies["confirmed_n"]], rank=5),
        ]
    return [*found, *_differences(studies)]


def _objective(studies: pd.DataFrame) -> list[Column]:
    """Returns a column of the objectives if they differ; else []."""
    told = [
        f"{way} {name}".strip()
        for way, name in zip(studies.direction, studies.objective, strict=True)
    ]
    return [Column("objective", "objective", told, left=True, rank=1)] if len(set(told)) > 1 else []


def _numbers(column: "pd.Series[int]") -> list[str]:
    return ["" if pd.isna(number) else str(number) for number in column]


def _metric(name: str, metric: "pd.Series[str]", studies: pd.DataFrame, rank: int = 0) -> Column:
    """Returns a column of a metric with its intervals; it has the metric's name if there is one."""
    words = metric_words(metric.iloc[0]) if metric.nunique() == 1 else name
    told = "\n".join(words.split(" ", 1)) if name != "confirmed" else f"confirmed\n{words}"
    return Column(
        name, told, with_intervals(studies, name, f"{name}_low", f"{name}_high"), True, rank
    )


def _differences(studies: pd.DataFrame) -> list[Column]:
    """Returns the column of the differences to the first study; [] if nothing was compared."""
    minus = _minus(studies)
    if minus not in studies:
        return []
    cells = with_intervals(studies, minus, f"{minus}_low", f"{minus}_high", sign="+")
    return [Column(minus, f"minus\n{studies['study'].iloc[0]}", cells, left=True, rank=1)]


def setting_lines(compared: StudyComparison) -> list[str]:
    """Returns for each study the settings in which it differs, as words for a shell."""
    names = list(compared.studies["study"])
    width = max(map(len, names))
    rows = compared.studies[list(compared.settings)].to_dict("records")
    words = [
        [f"{setting_key(str(name))}={text}" for name, text in row.items() if text != ""]
        for row in rows
    ]
    if not compared.settings:
        return []
    return [f"{n:{width}}  {shlex.join(w)}" for n, w in zip(names, words, strict=True)]


def setting_columns(compared: StudyComparison) -> list[Column]:
    """Returns a table with a row for each setting and a column for each study."""
    names, table = compared.studies["study"], compared.studies[list(compared.settings)]
    cells = [list(map(str, row)) for row in table.to_numpy().tolist()]
    return [
        Column("setting", "setting", list(map(setting_key, compared.settings)), left=True),
        *(Column(name, name, row, left=True) for name, row in zip(names, cells, strict=True)),
    ]


def note_lines(studies: pd.DataFrame) -> list[str]:
    """Returns the tags and notes of the studies that have any."""
    told = zip(studies["study"], studies["tags"], studies["notes"], strict=True)
    lines = [(name, tags and f"[{tags}]", notes) for name, tags, notes in told if tags or notes]
    return [" ".join(filter(None, (f"{name}:", *rest))) for name, *rest in lines]
