from pathlib import Path

import pandas as pd
from fake_study import write_study

from dropout_study.results.histories import histories_frame, write_histories


def test_every_epoch_of_every_trial_is_a_row(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE", "COMPLETE", "PRUNED", "RUNNING"])

    frame = pd.read_csv(write_histories(tmp_path))

    assert list(frame.columns[:3]) == ["trial", "epoch", "train_loss"]
    assert frame.groupby("trial")["epoch"].max().tolist() == [6, 6, 2, 2]
    pd.testing.assert_frame_equal(frame, histories_frame(tmp_path)[0])


def test_a_damaged_history_is_left_out_and_named(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"] * 4)
    (tmp_path / "1" / "history.csv").write_text("epoch,train_loss\n1,0.5,3\n")
    (tmp_path / "2" / "history.csv").write_bytes(b"\xff\xfe\x00")

    frame, problems = histories_frame(tmp_path)

    assert sorted(frame["trial"].unique()) == [0, 3]
    assert [problem.split("/")[0] for problem in problems] == ["1", "2"]


def test_trials_may_have_other_columns(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"] * 3)
    (tmp_path / "1" / "history.csv").write_text("epoch,lr,rate_1,seconds\n1,0.5,0.2,9\n")
    (tmp_path / "2" / "history.csv").write_text("epoch,lr,rate_1,rate_4\n1,0.5,0.3,0.4\n")

    frame, problems = histories_frame(tmp_path)

    assert problems == []
    kept = frame.set_index("trial")
    assert list(kept.columns).index("rate_4") == list(kept.columns).index("rate_1") + 1
    assert kept.loc[1, ["lr", "rate_1", "seconds"]].tolist() == [0.5, 0.2, 9]
    assert kept.loc[2, ["rate_1", "rate_4"]].tolist() == [0.3, 0.4]
    assert kept.loc[0, "rate_1"].isna().all()
    assert kept.loc[0, "seconds"].notna().all()


def test_text_among_the_numbers_is_left_empty_and_named(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"])
    path = tmp_path / "0" / "history.csv"
    path.write_text(path.read_text().replace("\n2,0.5,", "\n2,much,"))

    frame, problems = histories_frame(tmp_path)

    assert frame["train_loss"].isna().sum() == 1
    assert "`train_loss`" in problems[0]


def test_without_histories_the_columns_are_there(tmp_path: Path) -> None:
    frame, problems = histories_frame(tmp_path)

    assert "val_accuracy" in frame
    assert frame.empty
    assert problems == []
