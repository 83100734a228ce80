import json
from dataclasses import replace
from pathlib import Path

import torch

from dropout_study.data import synthetic
from dropout_study.models import MLP
from dropout_study.paths import JobPaths
from dropout_study.task.provenance import data_facts, write_provenance


def test_a_job_records_versions_device_and_data(tmp_path: Path) -> None:
    splits = synthetic(n_train=64, n_test=32, val_size=16)
    model = MLP(in_shape=splits.in_shape, classes=10, hidden1=4, hidden2=4)
    write_provenance(JobPaths(tmp_path), splits, model)

    facts = json.loads((tmp_path / "provenance.json").read_text())
    assert facts["packages"]["torch"] == torch.__version__.partition("+")[0]
    assert facts["device"].startswith("cpu")
    assert facts["threads"] == torch.get_num_threads()
    assert facts["rates"] == {"1": 0.0, "4": 0.2, "7": 0.5}
    assert {name: facts["data"][name] for name in ("train", "val", "test", "classes")} == {
        "train": 48,
        "val": 16,
        "test": 32,
        "classes": 10,
    }


def test_one_changed_pixel_or_label_changes_the_checksum() -> None:
    splits = synthetic(n_train=64, n_test=32)
    images = splits.test.images.clone()
    images[0, 0, 0, 0] += 1
    labels = splits.test.labels.roll(1)
    others = [
        replace(splits, test=replace(splits.test, images=images)),
        replace(splits, test=replace(splits.test, labels=labels)),
    ]

    sums = {data_facts(each)["sha256"] for each in (splits, *others)}

    assert len(sums) == 3
    assert data_facts(synthetic(n_train=64, n_test=32)) == data_facts(splits)
