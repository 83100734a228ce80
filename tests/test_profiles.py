from statistics import fmean

import pytest

from dropout_study.profiles import PROFILES, layer_rates, profile_weights


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("layers", [2, 3, 4, 5, 6, 7])
def test_the_mean_of_the_layers_is_the_mean_rate(profile, layers):
    rates = layer_rates(0.1, layers, profile)
    assert len(rates) == layers
    assert fmean(rates) == pytest.approx(0.1)


def test_each_profile_is_what_its_name_says():
    def six(profile: str) -> list[float]:
        return [pytest.approx(rate) for rate in layer_rates(0.1, 6, profile)]

    assert six("constant") == [0.1] * 6
    assert six("first_half") == [0.2] * 3 + [0.0] * 3
    assert six("last_half") == [0.0] * 3 + [0.2] * 3
    assert six("first_third") == [0.3] * 2 + [0.0] * 4
    assert six("linear") == [0.2 * (7 - layer) / 7 for layer in range(1, 7)]
    assert six("linear_rising") == six("linear")[::-1]
    assert profile_weights("first_half", 3) == [1.5, 1.5, 0.0]
    assert profile_weights("first_third", 3) == [3.0, 0.0, 0.0]


def test_one_rate_and_a_list():
    assert layer_rates(0.3, 3) == [0.3] * 3
    assert layer_rates([0.1, 0.2], 2) == [0.1, 0.2]
    assert layer_rates(0.3, 1, "constant") == [0.3]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (([0.1, 0.2], 3), "`model.dropout` must be one rate or a list of 3, one for each hidden"),
        (([0.1, 0.2], 2, "linear"), "`model.profile` is for one mean rate, got 'linear'"),
        (
            (0.1, 1, "first_half"),
            "`model.profile=first_half` needs at least 2 hidden layers, got 1",
        ),
        ((0.5, 4, "first_half"), "`model.dropout` must be < 0.5 with profile first_half and 4"),
        ((0.4, 6, "first_third"), "`model.dropout` must be < 0.3333"),
        ((0.1, 4, "middle"), "`profile` must be one of constant, linear"),
    ],
)
def test_what_does_not_suit_is_refused(told, given, says):
    assert says in told(layer_rates, *given, prefix="model.")
