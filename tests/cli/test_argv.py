"""Words of the command line that are neither an option nor a setting."""

import pytest

from dropout_study.cli.argv import options_first
from dropout_study.errors import UserError


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("--epochs 5", "`trainer.epochs=5`"),
        ("--epochs=5", "`trainer.epochs=5`"),
        ("-epochs 5", "`trainer.epochs=5`"),
        ("trainer.epochs 5", "`trainer.epochs=5`"),
        ("trainer.epochs = 5", "`trainer.epochs=5`"),
        ("trainer.epochs= 5", "`trainer.epochs=5`"),
        ("trainer.epochs:5", "`trainer.epochs=5`"),
        ("dropout1", "`model.dropout1=VALUE`"),
        ("--n-trials 5", "`search_space.n_trials=5`"),
        ("--n_jobs 2", "`hydra.sweeper.n_jobs=2`"),
        ("--sampler random", "`hydra/sweeper/sampler=random`"),
        ("--model lenet", "`model=lenet`"),
        ("mlp_deep", "`model=mlp_deep`"),
        ("quickstart", "`experiment=quickstart`"),
        ("-m --resume", "the same command again continues a study"),
        ("resume", "the same command again continues a study"),
        ("help", "`dropout-study --help`"),
        ("sweep", "`dropout-study --multirun`"),
        ("results outputs/x", "`dropout-study-results`"),
        ("model.widths=[512, 256]", "the shell splits at spaces; type `'model.widths=[512,256]'`"),
        ("-m model.dropout1=0, 0.5", "type `model.dropout1=0,0.5`"),
        ("-m a=tag(log, interval(0, 1)) b=2", "type `'a=tag(log,interval(0,1))'`"),
        ("--cfg nope", "invalid choice: 'nope'"),
        ("--zzzz", "there is no option `--zzzz`"),
        ("zzzz", "a setting is KEY=VALUE"),
    ],
)
def test_the_answer_says_what_to_type(typed, says):
    with pytest.raises(UserError) as refusal:
        options_first(typed.split())
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a=1 -m b=2 --cfg job c=3", "-m --cfg job a=1 b=2 c=3"),
        ("-m a=1 ~b +c=[1,2]", "-m a=1 ~b +c=[1,2]"),
        ("\N{EM DASH}multirun a=1", "--multirun a=1"),
        ("\N{EN DASH}m a=1", "-m a=1"),
        ("", ""),
    ],
)
def test_options_may_stand_anywhere(typed, read):
    assert options_first(typed.split()) == read.split()
