"""``results.csv`` in LibreOffice: numbers are numbers there, and a formula is a text."""

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fake_study import write_study

from dropout_study.paths import StudyPaths
from dropout_study.results.table import write_tables
from dropout_study.task.job_files import JobFiles

SOFFICE = shutil.which("soffice")
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


def cells(row: ElementTree.Element) -> list[ElementTree.Element]:
    """The cells of a row; LibreOffice writes equal neighbours once, with their number."""
    found = []
    for cell in row:
        found += [cell] * int(cell.get(f"{TABLE}number-columns-repeated", "1"))
    return found


@pytest.mark.skipif(SOFFICE is None, reason="needs LibreOffice")
def test_libreoffice_reads_numbers_as_numbers_and_evaluates_nothing(tmp_path: Path) -> None:
    root = tmp_path / "study"
    write_study(root, ("COMPLETE", "FAIL"))
    failed = JobFiles(StudyPaths(root).job(1))
    failed.write_metrics({**failed.metrics(), "error": '=HYPERLINK("http://127.0.0.1")'})
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = [str(SOFFICE), profile, "--headless", "--convert-to", "fods", "--outdir"]
    subprocess.run(
        [*convert, str(tmp_path), str(write_tables(root))],
        check=True,
        timeout=300,
        capture_output=True,
    )
    rows = ElementTree.parse(tmp_path / "results.fods").getroot().iter(f"{TABLE}table-row")
    names, first, second = (cells(row) for row in list(rows)[:3])
    columns = ["".join(cell.itertext()).strip() for cell in names]
    kinds = {
        name: cell.get(f"{OFFICE}value-type") for name, cell in zip(columns, first, strict=False)
    }
    assert {"trial", "value", "model.dropout1", "optimizer.lr", "epochs_run"} <= {
        name for name, kind in kinds.items() if kind == "float"
    }
    assert kinds["state"] == "string"
    error = second[columns.index("error")]
    assert error.get(f"{OFFICE}value-type") == "string"
    assert error.get(f"{TABLE}formula") is None
    assert "".join(error.itertext()).strip() == '\'=HYPERLINK("http://127.0.0.1")'
