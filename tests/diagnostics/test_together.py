"""All that is wrong is said in one run, in order, each mistake once, and what follows from one not at all."""

from pathlib import Path

import pytest

from cmdsl.commands.say import written
from cmdsl.diagnostics import Diagnostic, Label, Span, SpecError
from cmdsl.diagnostics.collect import Collector, in_order
from cmdsl.diagnostics.people import MOST
from cmdsl.driver import check

TOGETHER = Path(__file__).parent / "together"
HEAD = """model m
param sigma_data = 0.5 in (0, inf)
time t in [0, 80]
sde { drift = 0  diffusion = sqrt(2*t) }
boundary 0.002
precondition edm(sigma_data)
grid karras
curriculum fixed(18)
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path at which a spec is written to be checked."""
    monkeypatch.chdir(tmp_path)
    return Path("m.cm")


def wrong(path: Path, text: str) -> tuple[Diagnostic, ...]:
    """Give all that is wrong with a text."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        check(path, {})
    return refused.value.diagnostics


def places(path: Path, text: str) -> list[str]:
    """Give the code and line of all that is wrong with a text."""
    return [f"{d.code}:{d.span.line if d.span else 0}" for d in wrong(path, text)]


def test_mistakes_of_every_kind_and_stage_are_said_at_once(said: Path, update: bool) -> None:
    found = written(wrong(said, (TOGETHER / "all.cm").read_text(encoding="utf-8")))
    if update:
        (TOGETHER / "all.txt").write_text(found, encoding="utf-8")
    assert found == (TOGETHER / "all.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a name whose own statement is refused is used in the process, in bodies, in claims and in other names
        (
            HEAD + "param q = missing\nr = 2*q\nhalf(s) = q*s\nassert half(t) >= 0\n"
            "objective denoising(weight(t) = half(r))\nsampler ode(N = q)\n",
            ["CM101:9"],
        ),
        (HEAD.replace("2*t", "q*t") + "param q = -1 in (0, inf)\nassert sigma(t) = q\n", ["CM220:9"]),
        (HEAD.replace("(sigma_data)", "(q)") + "param q = 1\nparam q = 2\n", ["CM112:10"]),
        (HEAD + "param score = 1\ndouble = 2*score\nassert double = 2\n", ["CM113:9"]),
        (HEAD + "define metric m { minimize 3 }\nobjective consistency_training(metric = m)\n", ["CM122:9"]),
        (HEAD + "define metrik m { d(a, b) = dot(a, b) }\nobjective consistency_training(metric = m)\n", ["CM116:9"]),
        (HEAD + 'import "none.cm"\nobjective consistency_training(metric = m)\nassert shared = 1\n', ["CM004:9"]),
        # what is derived from the process is needed everywhere
        (HEAD.replace("drift = 0", "drift = x^2") + "objective denoising\nsampler onestep\n", ["CM223:4"]),
        (HEAD.replace("boundary 0.002", "boundary 100") + "objective denoising\nsampler onestep\n", ["CM232:5"]),
        (HEAD.replace("time t in [0, 80]\n", "") + "objective denoising\n", ["CM114:1"]),
        # the curriculum and the grid are those of several objectives
        (HEAD.replace("karras", "kerras") + "objective consistency_training\n", ["CM102:7"]),
        (
            HEAD.replace("fixed(18)", "fixed(nodes)")
            + "objective consistency_training\nobjective a = consistency_training\n",
            ["CM101:8"],
        ),
    ],
)
def test_what_follows_from_a_mistake_is_not_said(said: Path, text: str, expected: list[str]) -> None:
    assert places(said, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD.replace("0.002", "100").replace("[0, 80]", "[1, 80]"), ["CM232:3"]),
        (HEAD.replace("2*t", "2*u").replace("karras", "kerras"), ["CM101:4", "CM102:7"]),
        (
            HEAD + "param a = 2 in (0, 1)\nparam b = inf\nobjective denoising(weight(t) = sqnorm(t))\n",
            ["CM220:9", "CM221:10", "CM204:11"],
        ),
        (
            HEAD.replace("edm(sigma_data)", "{ c_skip = x  c_out = t*y  c_in = 1  c_noise = z }"),
            ["CM222:6", "CM101:6", "CM101:6"],
        ),
        # what is refuted, and what is wrong in bodies
        (
            HEAD.replace("edm(sigma_data)", "{ c_skip = 1  c_out = t  c_in = 1  c_noise = t }")
            + "assert alpha(t) = 2\nassert alpha(t) = nothing\nsampler onestep\nsampler multistep\n",
            ["CM301:6", "CM310:9", "CM101:10", "CM108:12"],
        ),
        (HEAD + "objective denoising(weight(t) = sqnorm(t))\nassert alpha(t) = 2\n", ["CM204:9", "CM310:10"]),
        (HEAD + "unused(s) = a*b\ndefine weight w { w(t) = c }\n", ["CM101:9", "CM101:9", "CM101:10"]),
    ],
)
def test_mistakes_that_do_not_follow_from_each_other_are_all_said(said: Path, text: str, expected: list[str]) -> None:
    assert places(said, text) == expected


def test_fifty_are_shown_and_the_others_counted(said: Path) -> None:
    found = wrong(said, HEAD + "".join(f"g{i}(s) = a{i}*s\n" for i in range(60)))
    assert len(found) == 60
    assert written(found).count("error[CM101]") == MOST
    assert written(found).endswith("\n... and 10 more\n\n")
    assert written(found, "json").count('"CM101"') == 60


def test_order_is_by_place_and_what_is_said_twice_is_said_once() -> None:
    spans = [Span(path, line, 1, line, 2) for path, line in (("b.cm", 9), ("a.cm", 1), ("b.cm", 2), ("b.cm", 9))]
    found = [Diagnostic("CM101", "m", span) for span in spans] + [Diagnostic("CM115", "without a place")]
    assert [str(d.span) for d in in_order(found, "b.cm")] == ["None", "b.cm:2:1", "b.cm:9:1", "a.cm:1:1"]


def test_what_speaks_of_a_place_that_is_refused_follows_from_that() -> None:
    first, second = Span("a.cm", 1, 1, 1, 2), Span("a.cm", 2, 1, 2, 2)
    found = [Diagnostic("CM106", "m", first), Diagnostic("CM106", "n", second, secondary=(Label(first, "this"),))]
    assert in_order(found, "a.cm") == (found[0],)


def test_a_collector_goes_on() -> None:
    def refuse() -> int:
        raise SpecError((Diagnostic("CM101", "m"),))

    wrong = Collector()
    assert [wrong.attempt(refuse), wrong.attempt(lambda: 3), wrong.attempt(refuse)] == [None, 3, None]
    with pytest.raises(SpecError) as refused:
        wrong.raise_all()
    assert len(refused.value.diagnostics) == 1
    Collector().raise_all()


def test_times_of_a_sampler_need_be_no_fractions(said: Path) -> None:
    said.write_text(HEAD + "sampler multistep(times = [atan(2), sqrt(1/2)])\n", encoding="utf-8")
    assert check(said, {}).warnings == ()
    found = wrong(said, HEAD + "sampler multistep(times = [atan(2), sqrt(2)])\n")
    assert [d.code for d in found] == ["CM309"]
