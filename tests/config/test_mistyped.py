import pytest

from dropout_study.config.mistyped import corrected, pasted


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a=choice[0,0.5]", "a=choice(0,0.5)"),
        ("a=choice{0,0.5}", "a=choice(0,0.5)"),
        ("a=interval(0,0.5", "a=interval(0,0.5)"),
        ("a=interval(0,0.5))", "a=interval(0,0.5)"),
        ("a=interval(0,0.5]", "a=interval(0,0.5)"),
        ("a=tag(log,interval(1,2)", "a=tag(log,interval(1,2))"),
        ("a=[1,2", "a=[1,2]"),
        ("a=uniform(0,0.5)", "a=interval(0,0.5)"),
        ("a=int(uniform(1,4))", "a=int(interval(1,4))"),
        ("a=log(0.01,1)", "a=tag(log,interval(0.01,1))"),
        ("a=loguniform(0.01,1)", "a=tag(log,interval(0.01,1))"),
        ("a=randint(1,4)", "a=int(interval(1,4))"),
        ("a=choise(1,2)", "a=choice(1,2)"),
        ("a=~/x", "a=$HOME/x"),
        ("a=choice(0\N{FULLWIDTH COMMA}1)", "a=choice(0,1)"),
        ("a\N{FULLWIDTH EQUALS SIGN}0.5", "a=0.5"),
        ("a=\N{LEFT DOUBLE QUOTATION MARK}b c\N{RIGHT DOUBLE QUOTATION MARK}", "a='b c'"),
    ],
)
def test_what_was_meant_is_found(typed, meant):
    assert corrected(typed) == meant


@pytest.mark.parametrize("word", ["a=zzz(1)", "a=normal(0,1)", "a=x y(", "a=interval(1)", "a=1"])
def test_what_is_not_known_is_not_guessed(word):
    assert corrected(word) is None


def test_a_shell_reads_what_is_pasted():
    assert pasted(["a=$HOME/x", "b=choice(0,1)", "c=3"]) == "\"a=$HOME/x\" 'b=choice(0,1)' c=3"
