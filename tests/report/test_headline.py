import json
import re
from pathlib import Path
from typing import Any

import pytest
from fake_study import CONFIG, TEST_IMAGES, sampled, write_study

from dropout_study.report.against import test_size as size_of_test
from dropout_study.report.headline import headline
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study
from dropout_study.stats import share_estimate


def sentences_of(root: Path) -> list[str]:
    """Returns the headline with all spaces as plain ones."""
    told = headline(StudyView(load_study(root)))
    assert not any(re.search(r"\d %", sentence) for sentence in told), "a line may break there"
    return [sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in told]


def told(root: Path, *states: str, **settings: Any) -> list[str]:
    write_study(root, states or ("COMPLETE",) * 12, **settings)
    return sentences_of(root)


def test_the_best_trial_comes_with_the_interval_over_the_test_images(tmp_path: Path) -> None:
    first = told(tmp_path)[0]

    best = StudyView(load_study(tmp_path)).best
    assert best is not None
    test = best.by_seed("test_accuracy")[0]
    estimate = share_estimate(test, TEST_IMAGES)
    assert f"Best of 12 complete trials by validation accuracy: trial {best.number} " in first
    assert f"test accuracy {100 * test:.1f} %" in first
    assert f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %" in first
    assert "n = 1,000 test images, 1 seed" in first


def test_single_seeds_leave_the_noise_of_the_seed_unknown(tmp_path: Path) -> None:
    sentences = told(tmp_path, record={"test_accuracy": 0.9})
    assert "within the noise of the test images alone" in sentences[1]

    (book,) = (tmp_path / "0").glob("metrics.json")
    book.write_text(book.read_text().replace('"test_accuracy": 0.9', '"test_accuracy": 0.5'))
    against_book = sentences_of(tmp_path)[1]
    assert "+40.0 points" in against_book
    assert "beyond the noise of the test images." in against_book
    assert "`dropout-study-confirm`" in against_book


def test_without_the_size_of_the_test_set_there_is_no_interval(tmp_path: Path) -> None:
    write_study(tmp_path)
    for path in tmp_path.glob("*/provenance.json"):
        path.write_text(json.dumps({"rates": json.loads(path.read_text())["rates"]}))

    sentences = sentences_of(tmp_path)

    assert "no interval, n = 1 seed" in sentences[0]
    assert "its uncertainty is not known" in sentences[1]


def test_the_size_of_the_test_set_may_be_recorded_by_a_replicate(tmp_path: Path) -> None:
    write_study(tmp_path)
    for path in list(tmp_path.glob("*/provenance.json")):
        run = path.parent / "replicate_0"
        run.mkdir()
        path.rename(run / path.name)

    assert size_of_test(StudyView(load_study(tmp_path))) == TEST_IMAGES


def test_several_seeds_are_compared_in_pairs(tmp_path: Path) -> None:
    sentences = told(
        tmp_path,
        *["COMPLETE"] * 6,
        params=lambda n: {"model.dropout1": n // 3 / 5, "trainer.seed": n % 3},
        seeds=lambda n: n % 3,
        config={**CONFIG, "model": {"dropout1": 0.0}},
    )

    assert "n = 3 seeds" in sentences[0]
    assert any("no dropout" in sentence for sentence in sentences)


def test_what_was_not_tried_is_said(tmp_path: Path) -> None:
    sentences = told(tmp_path, params=sampled, config={**CONFIG, "model": {"input_dropout": 0.3}})

    assert "No complete trial has the book's dropout rates (0.2, 0.5)." in sentences
    assert "No complete trial is without dropout." in sentences


def rewrite_rates(root: Path, rates: dict[int, dict[str, float | None] | None]) -> list[str]:
    for number, given in rates.items():
        path = root / str(number) / "provenance.json"
        facts = {k: v for k, v in json.loads(path.read_text()).items() if k != "rates"}
        path.write_text(json.dumps(facts if given is None else {**facts, "rates": given}))
    return sentences_of(root)


@pytest.mark.parametrize(
    ("rates", "said"),
    [(None, False), ({"elsewhere": None}, False), ({"drop": 0.2, "elsewhere": None}, True)],
)
def test_what_is_not_known_of_the_rates_is_not_stated(
    tmp_path: Path, rates: dict[str, float | None] | None, said: bool
) -> None:
    told(tmp_path, "COMPLETE", "COMPLETE")
    sentences = rewrite_rates(tmp_path, {0: rates, 1: {"drop": 0.3}})

    assert ("No complete trial is without dropout." in sentences) is said
    assert any("Not all dropout rates of 1 complete trial are known" in line for line in sentences)


def test_a_task_of_another_application_is_told_nothing_about_dropout(tmp_path: Path) -> None:
    told(tmp_path, "COMPLETE", "COMPLETE")
    sentences = rewrite_rates(tmp_path, {0: None, 1: None})

    assert len(sentences) == 3  # the best, its optimism, and why there is no prediction
    assert "dropout rate" not in " ".join(sentences)


def test_networks_without_a_dropout_layer_are_said_to_have_none(tmp_path: Path) -> None:
    told(tmp_path, "COMPLETE", "COMPLETE")

    assert "The network has no dropout layer." in rewrite_rates(tmp_path, {0: {}, 1: {}})


def test_what_else_differs_from_a_reference_is_named(tmp_path: Path) -> None:
    def params(number: int) -> dict[str, Any]:
        return {"model.dropout1": number / 4, "model.dropout2": 0.0, "optimizer.lr": 0.1 + number}

    sentences = told(tmp_path, "COMPLETE", "COMPLETE", params=params, record={"test_accuracy": 0.9})

    other = next(s for s in sentences if "dropout1" not in s and "no dropout (trial 0" in s)
    assert "on the test set; also different: lr 1.1 against 0.1) the difference is" in other


@pytest.mark.parametrize("state", ["FAIL", "PRUNED", "RUNNING"])
def test_without_a_complete_trial_nothing_is_concluded(tmp_path: Path, state: str) -> None:
    assert told(tmp_path, state, state) == [
        f"No trial is complete (2 {state}), so there is nothing to conclude yet."
    ]


def test_an_objective_that_is_no_accuracy_is_told_as_a_number(tmp_path: Path) -> None:
    nothing = dict.fromkeys(["val_accuracy", "test_accuracy", "train_accuracy"])

    first = told(tmp_path, record={**nothing, "value": 3.5})[0]

    assert "by objective value" in first
    assert first.endswith("objective value 3.5.")


def test_a_confirmation_speaks_first(tmp_path: Path) -> None:
    write_study(tmp_path)
    (tmp_path / "confirmation.csv").write_text(
        "configuration,n,mean,sd,low,high,minus_book,minus_book_n,minus_book_low,minus_book_high,"
        "minus_book_p,minus_book_p_holm\ntrial_3,10,0.88,0.01,0.87,0.89,0.02,10,0.01,0.03,.001,.002\n"
    )

    first, second, *others = sentences_of(tmp_path)

    assert not any("Against the book's rates" in sentence for sentence in others)
    assert any("Against no dropout" in sentence for sentence in others)  # not confirmed
    assert (
        "n = 10 fresh seeds, trial 3, the best by validation accuracy, reaches a test accuracy of "
        "88.0 % (95 %" in first
    )
    assert second.startswith("Against the book's rates")
    assert "+2.0 points (95 % interval +1.0 to +3.0)" in second
    assert second.endswith("p = 0.002: beyond the noise.")


def test_a_confirmation_says_how_many_seeds_have_no_result(tmp_path: Path) -> None:
    write_study(tmp_path)
    (tmp_path / "confirmation.csv").write_text(
        "configuration,metric,n,diverged,failed,mean,sd,low,high,minus_book,minus_book_n,"
        "minus_book_low,minus_book_high,minus_book_p,minus_book_p_holm\n"
        "trial_3,test_loss,7,3,0,0.4,.01,.39,.41,-.02,5,-.03,-.01,.001,.002\n"
        "trial_0,test_loss,8,1,1,0.42,.01,.41,.43,,,,,,\n"
    )

    first, difference, second, *_ = sentences_of(tmp_path)

    assert "reaches a test loss of 0.4 (95 % interval 0.39 to 0.41, over the seeds)" in first
    assert "-0.02 (95 % interval -0.03 to -0.01) over the 5 seeds that both have" in difference
    assert "trial 3: 3 diverged of 10 seeds; trial 0: 1 diverged and 1 failed of 10 seeds" in second


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        ("last", " after the last epoch;"),
        ("mean_last_5", " as the mean of its last 5 epochs;"),
        ("best_epoch", " at its best epoch, chosen by the same metric;"),
    ],
)
def test_the_headline_says_from_which_epochs_its_numbers_are(
    tmp_path: Path, epochs: str, words: str
) -> None:
    assert (
        words in told(tmp_path, config={**CONFIG, "trainer": {"epochs": 6, "objective": epochs}})[0]
    )


def test_the_references_are_compared_where_nothing_else_differs(tmp_path: Path) -> None:
    sentences = told(tmp_path)

    best = StudyView(load_study(tmp_path)).best
    assert best is not None
    assert best.number > 1
    book, none, alike = (s for s in sentences if "the difference" in s)
    assert "Against the book's rates (trial 0," in book
    assert "also different: lr 0.0549 against 0.5" in book
    assert "Against no dropout (trial 1," in none
    assert alike.startswith("All else equal, the difference of the book's rates (trial 0,")


def test_what_mattered_is_told_with_the_share_of_the_rates(tmp_path: Path) -> None:
    (sentence,) = (s for s in told(tmp_path) if "shares of importance" in s)

    shares = [float(each) for each in re.findall(r" (\d\.\d\d)[,.]", sentence)]
    assert sentence.startswith("Of the searched parameters epochs mattered most; the shares of")
    assert shares[:3] == sorted(shares[:3], reverse=True)
    assert "The dropout rates together have 0." in sentence


def test_two_seeds_give_no_interval_and_no_verdict(tmp_path: Path) -> None:
    sentences = told(
        tmp_path,
        *["COMPLETE"] * 4,
        params=lambda n: {"model.dropout1": n // 2 / 5, "trainer.seed": n % 2},
        seeds=lambda n: n % 2,
        config={**CONFIG, "model": {"dropout1": 0.0}},
    )

    assert "(no interval: 2 seeds are too few, n = 2 seeds)" in sentences[0]
    text = " ".join(sentences)
    assert "% interval" not in text
    assert "the noise" not in text


def test_a_confirmation_of_an_earlier_version_loses_what_two_seeds_cannot_tell(
    tmp_path: Path,
) -> None:
    write_study(tmp_path)
    (tmp_path / "confirmation.csv").write_text(
        "configuration,n,mean,sd,low,high,minus_book,minus_book_n,minus_book_low,minus_book_high,"
        "minus_book_p,minus_book_p_holm\ntrial_3,2,0.88,.07,.25,1.42,.02,2,-.5,.53,.5,.9\n"
    )

    first, difference, *_ = sentences_of(tmp_path)

    assert "88.0 % (no interval: 2 seeds are too few, over the seeds)" in first
    assert "difference is +2.0 points (no interval: 2 seeds are too few), Holm" in difference


def test_a_confirmation_names_what_else_differs(tmp_path: Path) -> None:
    write_study(tmp_path)
    (tmp_path / "confirmation.csv").write_text(
        "configuration,n,mean,sd,low,high,minus_book,minus_book_n,minus_book_low,minus_book_high,"
        "minus_book_p,minus_book_p_holm,minus_no_dropout,minus_no_dropout_n,minus_no_dropout_low,"
        "minus_no_dropout_high,minus_no_dropout_p,minus_no_dropout_p_holm,differences\n"
        "trial_3,10,0.88,.01,.87,.89,.02,10,.01,.03,.001,.002,.03,10,.01,.04,.001,.002,3\n"
        "trial_0,10,0.86,.01,.85,.87,,0,,,,,.01,10,-.01,.02,.2,.4,3\n"
        "trial_1,10,0.85,.01,.84,.86,-.01,10,-.02,.01,.2,.4,,0,,,,,3\n"
    )

    _, first, _, second, *_ = sentences_of(tmp_path)

    assert first.startswith("Against the book's rates (also different: lr 0.0549 against 0.5")
    assert "+2.0 points (simultaneous 95 % interval +1.0 to +3.0)" in first
    assert second.startswith("All else equal, the book's rates against no dropout: ")
    assert "+1.0 points (simultaneous 95 % interval -1.0 to +2.0)" in second
    assert second.endswith("p = 0.400: within the noise.")
