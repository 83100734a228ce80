"""Reads and writes the files of a job directory. Reading gives plain data and builds no objects."""

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.trial import Objective, TrialState

T = TypeVar("T", dict[str, Any], list[Any])
KINDS: Mapping[type, str] = {dict: "an object", list: "a list"}
WHOLE_NUMBERS = ("trial", "epochs_run", "best_epoch", "seed")
NUMBERS = ("value", "seconds", *WHOLE_NUMBERS)
SPREAD = ("value_sd", "n", "replicate", "duplicate_of")
WHOLE, TEXTS = {*WHOLE_NUMBERS, *SPREAD[1:]}, {"job_dir", "error"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, those that turn the direction of writing included."""
MOST_THREADS = 4096
"""A larger number of threads cannot be that of a job."""
SIZES = ("train", "val", "test", "classes")
Row = dict[str, float | None]
"""An epoch of ``history.csv``: column -> number, None if the cell is empty."""


class JobFileError(UserError):
    """A file of a job directory is missing or damaged.

    Args:
        path: path of the file.
        reason: what is wrong with its content; an empty text if there is no such file.
    """

    def __init__(self, path: Path, reason: str = "") -> None:
        self.path, self.reason = path, " ".join(reason.split())
        super().__init__(f"{path} is {f'damaged: {self.reason}' if reason else 'missing'}")

    @property
    def missing(self) -> bool:
        """Whether there is no such file."""
        return not self.reason


@dataclass(frozen=True)
class DataFacts:
    """The facts about its data that a job has recorded.

    Attributes:
        train: number of training images.
        val: number of validation images.
        test: number of test images.
        classes: number of classes K.
        in_shape: (C, H, W).
        class_names: a name for each class, or None.
        pixels: how the images were scaled, or None if that was not recorded.
        sha256: checksum of images and labels.
    """

    train: int
    val: int
    test: int
    classes: int
    in_shape: tuple[int, ...]
    class_names: tuple[str, ...] | None
    pixels: dict[str, Any] | None
    sha256: str


@dataclass(frozen=True)
class JobFiles:
    """The content of the files of one job directory.

    A method raises ``JobFileError`` if its file is missing or damaged. If it has an argument
    ``default`` and one is given, it returns this default instead.

    Args:
        paths: the job's paths.
    """

    paths: JobPaths

    def config(self, default: dict[str, Any] | None = None) -> dict[str, Any]:
        """Returns the composed configuration, with interpolations as text."""
        return _read(read_yaml, self.paths.config_yaml, dict, default)

    def hydra(self, default: dict[str, Any] | None = None) -> dict[str, Any]:
        """Returns Hydra's own settings of the job, with interpolations as text."""
        return _read(read_yaml, self.paths.hydra_yaml, dict, default)

    def overrides(self, default: list[str] | None = None) -> list[str]:
        """Returns the overrides that the job was started with."""
        return [str(o) for o in _read(read_yaml, self.paths.overrides_yaml, list, default)]

    def metrics(self) -> dict[str, Any]:
        """Returns the record of a job that has ended; its ``state`` is a valid trial state."""
        path = self.paths.metrics_json
        record = _read(read_json, path, dict)
        state = record.get("state")
        if not isinstance(state, str) or state not in set(TrialState):
            raise JobFileError(path, f"not a state of a trial: {state!r}")
        for name, value in record.items():
            if problem := record_problem(name, value):
                raise JobFileError(path, problem)
        return record

    def write_metrics(self, record: Mapping[str, Any]) -> None:
        """Writes ``metrics.json``, whole or not at all."""
        _write_json(self.paths.metrics_json, record)

    def provenance(self, default: dict[str, Any] | None = None) -> dict[str, Any]:
        """Returns what the job was trained with: versions, commit, device, data."""
        return _read(read_json, self.paths.provenance_json, dict, default)

    def write_provenance(self, facts: Mapping[str, Any]) -> None:
        """Writes ``provenance.json``, whole or not at all."""
        _write_json(self.paths.provenance_json, facts, durable=False)

    def threads(self) -> int | None:
        """Returns the number of threads that the job had; None if not known."""
        threads = self.provenance({}).get("threads")
        return threads if _is_count(threads) and 0 < threads <= MOST_THREADS else None

    def rates(self) -> dict[str, float | None] | None:
        """Returns the rate of each noise layer by name; None if the rates are not known."""
        rates = self.provenance({}).get("rates")
        return rates if isinstance(rates, dict) and all(map(_is_rate, rates.values())) else None

    def objective(self) -> Objective | None:
        """Returns what the trial was judged by; None if it is not known."""
        match self.provenance({}).get("objective"):
            case {"name": str(name), "minimize": bool(minimize)}:
                return Objective(name, minimize)
        return None

    def data(self) -> DataFacts:
        """Returns the recorded facts about the job's data."""
        data = self.provenance().get("data")
        data = data if isinstance(data, dict) else {}
        shape, names, pixels = (data.get(key) for key in ("in_shape", "class_names", "pixels"))
        valid = {
            **{size: _is_count(data.get(size)) for size in SIZES},
            "in_shape": isinstance(shape, list) and bool(shape) and all(map(_is_count, shape)),
            "class_names": names is None or isinstance(names, list),
            "pixels": pixels is None or isinstance(pixels, dict),
        }
        for name, right in valid.items():
            if not right:
                told = f"`data.{name}` is {data[name]!r}" if name in data else f"no `data.{name}`"
                raise JobFileError(self.paths.provenance_json, told)
        return DataFacts(
            **{size: data[size] for size in SIZES},
            in_shape=tuple(data["in_shape"]),
            class_names=None if names is None else tuple(map(str, names)),
            pixels=pixels,
            sha256=str(data.get("sha256", "")),
        )

    def history(self) -> list[Row]:
        """Returns the learning curves, one row per epoch."""
        path = self.paths.history_csv
        with _told(path), path.open(encoding="utf-8", newline="") as stream:
            names, *rows = list(csv.reader(stream, strict=True)) or [[]]
            header = list(map(printable, names))
            if "epoch" not in header:
                raise ValueError("no column `epoch`")
            history = [_epoch(header, row) for row in rows]
        return history


def trial_files(study: StudyPaths, number: int) -> list[JobFiles]:
    """Returns the files of trial ``number`` and of its replicates; [] without a directory."""
    job = study.job(number)
    if not job.root.is_dir():
        return []
    return [JobFiles(run) for run in (job, *(run for _, run in study.replicates(number)))]


def recorded_data(
    study: StudyPaths, numbers: Iterable[int]
) -> Iterator[tuple[JobFiles, DataFacts]]:
    """Yields the runs of trials that have recorded their data, and these facts."""
    for files in (files for number in numbers for files in trial_files(study, number)):
        try:
            data = files.data()
        except JobFileError:
            continue
        yield files, data


def record_problem(name: str, value: Any) -> str:
    """Returns why ``value`` cannot be the field ``name`` of ``metrics.json``, or an empty text.

    A field that has no type of its own, as a task's metric or a parameter, may be anything.
    """
    if value is None or name not in {*NUMBERS, *SPREAD, *TEXTS}:
        return ""
    kind: type = str if name in TEXTS else int if name in WHOLE else Real
    if isinstance(value, kind) and not isinstance(value, bool):
        return ""
    words = "text" if name in TEXTS else "whole number" if name in WHOLE else "number"
    return f"{name} is not a {words}: {value!r}"


def trained_runs(study: StudyPaths, number: int) -> list[JobPaths]:
    """Returns the jobs that the numbers of trial ``number`` come from.

    They are its replicates or its own job. If it was not trained, because an earlier trial has the
    same parameters, they are that trial's.

    Raises:
        JobFileError: its record is missing or damaged.
    """
    source = JobFiles(study.job(number)).metrics().get("duplicate_of")
    number = number if source is None else source
    job = study.job(number)
    replicates = study.replicates(number) if job.root.is_dir() else []
    return [run for _, run in replicates] or [job]


def read_yaml(path: Path) -> Any:
    """Returns the content of a YAML file as Hydra would read it, with interpolations as text."""
    with _told(path):
        return _printable(OmegaConf.to_container(OmegaConf.load(path), resolve=False))


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file."""
    with _told(path):
        return _printable(json.loads(path.read_text(encoding="utf-8"), parse_int=_whole_number))


def printable(text: str) -> str:
    """Returns a text without control characters, which a terminal would obey."""
    return text if text.isprintable() else CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _printable(node: Any) -> Any:
    if isinstance(node, str):
        return printable(node)
    if isinstance(node, dict):
        return {_printable(key): _printable(value) for key, value in node.items()}
    return [_printable(each) for each in node] if isinstance(node, list) else node


def _whole_number(text: str) -> int | float:
    """Returns a whole number; one that a table cannot hold as such becomes a float."""
    number = int(text)
    return number if -(2**63) <= number < 2**63 else float(text)


def _read(read: Callable[[Path], Any], path: Path, kind: type[T], default: T | None = None) -> T:
    try:
        content = read(path)
        if not isinstance(content, kind):
            raise JobFileError(path, f"not {KINDS[kind]}")
    except JobFileError:
        if default is None:
            raise
        return default
    return content


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns every error of reading a file into a ``JobFileError``."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise JobFileError(path) from error
    except OSError as error:
        raise JobFileError(path, error.strerror or str(error)) from error
    except (ValueError, YAMLError, OmegaConfBaseException, csv.Error, RecursionError) as error:
        raise JobFileError(path, str(error)) from error


def _write_json(path: Path, content: Mapping[str, Any], *, durable: bool = True) -> None:
    with atomic_write(path, durable=durable) as temporary:
        text = json.dumps(content, indent=2, default=_json_value)
        temporary.write_text(text + "\n", encoding="utf-8")


def _json_value(value: Any) -> float | str:
    """Returns a number or text for a value that JSON does not support (NumPy numbers, tensors)."""
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)


def _epoch(header: list[str], cells: list[str]) -> Row:
    row = {name: float(cell) if cell else None for name, cell in zip(header, cells, strict=True)}
    if not (row["epoch"] or 0.5).is_integer():
        raise ValueError(f"`epoch` is not a whole number: {row['epoch']}")
    return row


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_rate(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (number and 0 <= value < math.inf)
