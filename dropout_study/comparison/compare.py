"""Compares studies: ``compare([DIR, DIR])``."""

import shlex
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import pandas as pd

from dropout_study.checks import check_list
from dropout_study.comparison.confirmed import best_confirmed
from dropout_study.comparison.differences import StudyBest, differences
from dropout_study.comparison.result import StudyComparison, setting_column
from dropout_study.comparison.rows import difference_columns, place_and_notes, study_row
from dropout_study.comparison.sentences import budget_sentence, difference_sentences
from dropout_study.comparison.settings import differing_settings
from dropout_study.errors import UserError
from dropout_study.report.view import StudyView
from dropout_study.results.columns import REPORTED
from dropout_study.results.inside import studies
from dropout_study.results.study import load_study
from dropout_study.results.table import MOST_TOLD

WHOLE = ("epochs", "best_trial", "confirmed_trial")
"""Columns of whole numbers that may have empty cells."""


def compare(directories: Sequence[PathLike[str] | str]) -> StudyComparison:
    """Compares studies by their best trials, which validation has chosen.

    Each study is compared with the first one: by the test metric of the best confirmed trial of
    both, or, if a study is not confirmed, of the best trials of the search, paired by seed.

    Args:
        directories: those of two or more studies, or what ``load_study`` returns.

    Raises:
        UserError: there are fewer than two, one is given twice, or one is no study.
    """
    given = [directories] if isinstance(directories, (str, PathLike)) else directories
    words = "studies or their directories"
    roots = list(map(Path, check_list("directories", given, (str, PathLike), words)))
    _check(roots)
    views = [StudyView(load_study(root)) for root in roots]
    named = list(zip(_names(roots), views, strict=True))
    bests = [
        StudyBest(name, view, best_confirmed(view, [other for _, other in named if other != view]))
        for name, view in named
    ]
    found, reasons = differences(bests)
    settings = differing_settings([view.tables.config for view in views])
    columns = zip(*settings.values(), strict=True) if settings else ((),) * len(bests)
    rows = [
        {
            **study_row(best),
            **difference,
            **{setting_column(key): value for key, value in zip(settings, values, strict=True)},
            **place_and_notes(best.view),
        }
        for best, difference, values in zip(bests, difference_columns(found), columns, strict=True)
    ]
    compared = {best.name: each for best, each in zip(bests, found, strict=True) if each}
    return StudyComparison(
        studies=pd.DataFrame(rows).astype(dict.fromkeys(WHOLE, "Int64")),
        settings=tuple(map(setting_column, settings)),
        curves=_curves(bests),
        sentences=(
            *difference_sentences(compared),
            *reasons,
            *budget_sentence(bests),
            *_problems(bests),
        ),
        views=tuple(views),
    )


def _check(roots: Sequence[Path]) -> None:
    """Refuses what are no two different studies."""
    for root in roots:
        inside = studies(root) if len(roots) == 1 and root.is_dir() else []
        if len(inside) > 1:
            command = shlex.join(["dropout-study-compare", *map(str, inside)])
            raise UserError(f"{root} is no study; compare those in it: {command}")
    if len(roots) < 2:
        given = ", ".join(map(str, roots)) or "none"
        raise UserError(f"a comparison needs two studies or more, got {given}{_beside(roots)}")
    known: dict[Path, Path] = {}
    for root in roots:
        before = known.setdefault(root.resolve(), root)
        if before is not root:
            raise UserError(f"{before} and {root} are the same study; give each study once")


def _beside(roots: Sequence[Path]) -> str:
    """Returns the end of an error that names studies beside the only one that was given."""
    parents = [root.absolute().parent for root in roots if root.is_dir()]
    found = [path for parent in parents for path in studies(parent)]
    others = [path for path in found if path.resolve() != roots[0].resolve()][:MOST_TOLD]
    return f"; beside it: {', '.join(path.name for path in others)}" if others else ""


def _names(roots: Sequence[Path]) -> list[str]:
    """Returns the names of the directories, each with as many parents as tell them apart."""
    parts = [root.resolve().parts for root in roots]
    depth = 1
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return ["/".join(part[-depth:]) for part in parts]


def _curves(bests: Sequence[StudyBest]) -> pd.DataFrame:
    """Returns the learning curves of the best trials, each the mean over its seeds."""
    columns = ["study", "epoch"]
    frames = [pd.DataFrame(columns=columns)]
    for each in bests:
        if (best := each.view.single_objective_best) is None:
            continue
        histories = each.view.tables.histories
        rows = histories[histories["trial"].isin(best.trials["trial"].astype(int))]
        wanted = dict.fromkeys([*each.view.objective.names, "train_loss", *REPORTED])
        metrics = [name for name in wanted if name in rows and rows[name].notna().any()]
        means = rows.groupby("epoch")[metrics].mean().reset_index()
        frames.append(means.assign(study=each.name, epoch=means["epoch"].astype(int)))
    given = [frame for frame in frames if len(frame)] or frames[:1]
    table = pd.concat(given, ignore_index=True)
    return table[[*columns, *(name for name in table if name not in columns)]]


def _problems(bests: Sequence[StudyBest]) -> Iterator[str]:
    """Yields a sentence for each study of which something is missing or damaged."""
    for each in bests:
        if not (problems := each.view.tables.problems):
            continue
        first, *more = problems
        command = shlex.join(["dropout-study-report", str(each.view.tables.root)])
        also = f", and {len(more)} more: `{command}` lists them" if more else ""
        yield f"missing or damaged in {each.name}: {first}{also}."
