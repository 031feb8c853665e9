"""Which name may be meant: the slips of people who type, and no far-fetched guess."""

import pytest

from cmdsl.diagnostics.suggest import did_you_mean, distance, nearest

NAMES = ("sigma_data", "epsilon", "karras", "uniform", "consistency_training", "pseudo_huber", "sin", "l1", "l2", "T")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sigma_dat", "sigma_data"),
        ("sigmadata", "sigma_data"),
        ("Sigma_Data", "sigma_data"),
        ("epislon", "epsilon"),
        ("kerras", "karras"),
        ("consistency", "consistency_training"),
        ("huber", "pseudo_huber"),
        ("t", "T"),
        ("missing", ""),
        ("l3", ""),
        ("x", ""),
        ("tri", ""),
        ("beta", ""),
    ],
)
def test_the_nearest_name(typed: str, meant: str) -> None:
    assert nearest(typed, NAMES) == meant


def test_a_name_is_not_suggested_for_itself() -> None:
    assert nearest("sin", NAMES) == ""


def test_where_there_is_none_something_else_is_said() -> None:
    assert did_you_mean("kerras", NAMES) == "did you mean `karras`?"
    assert did_you_mean("beta", NAMES, "there are others") == "there are others"


@pytest.mark.parametrize(
    ("a", "b", "slips"), [("", "", 0), ("ab", "ba", 1), ("abc", "abd", 1), ("abc", "ab", 1), ("ab", "cd", 2)]
)
def test_slips_are_counted(a: str, b: str, slips: int) -> None:
    assert distance(a, b) == distance(b, a) == slips
