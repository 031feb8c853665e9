"""What the command takes, where it writes, what it says and how it ends."""

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from cmdsl import __version__
from cmdsl.cli import COMMANDS, DESCRIPTION, EXAMPLES, EXITS, parser
from tests.cli.command import ROOT, VE, Run, shell

UNSHIFTED = """precondition {
    c_skip  = 0.25/(t^2 + 0.25)
    c_out   = 0.5*t/sqrt(t^2 + 0.25)
    c_in    = 1
    c_noise = t
}"""
TYPED = VE.replace("precondition edm(sigma_data)", UNSHIFTED)


def spec(text: str = VE, name: str = "small.cm") -> Path:
    """Write a spec where the command runs."""
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_says_what_it_does_shows_examples_and_names_the_exit_codes(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: cmdsl {command}".rstrip() + " [-h]")
    assert f"\n\n{COMMANDS[command].HELP.capitalize()[:10] if command else DESCRIPTION[:10]}" in done.out
    assert done.out.endswith(f"\n\n{EXITS}\n")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_examples_are_command_lines(command: str) -> None:
    text = COMMANDS[command].EXAMPLES if command else EXAMPLES
    heading, *examples = text.splitlines()
    assert heading == "examples:"
    for example in examples:
        words = shlex.split(re.split(r" {3,}|  (?=with)", example.strip())[0])
        assert words[0] == "cmdsl"
        assert parser().parse_args(words[1:]).run
        assert not command or command in (words[1], "backends")


def test_help_says_what_each_command_and_option_is_for(run: Run) -> None:
    assert all(word in run("--help").out for word in ("check", "compile", "backends", "--version"))
    assert all(word in run("compile", "--help").out for word in ("--backend", "--out", "-D", "--scaffold", "--force"))


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out == f"cmdsl {__version__}\n"


def test_backends_are_listed_with_their_places(run: Run) -> None:
    listed = run("backends")
    assert [line.split() for line in listed.out.splitlines()] == [
        ["jax", "cmdsl_jax:BACKEND"],
        ["torch", "cmdsl_torch:BACKEND"],
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["chek", "a.cm"], "did you mean `check`?"),
        (["check", "a.cm", "--formt", "json"], "unrecognized arguments: --formt json; did you mean `--format`?"),
        (["check", "a.cm", "--format", "jsn"], "did you mean `json`?"),
        (["check", "a.cm", "--dump", "pars"], "did you mean `parse`?"),
        (["compile", "a.cm", "--bakend=jax"], "did you mean `--backend`?"),
        (["check", "a.cm", "b.cm"], "cmdsl check: error: unrecognized arguments: b.cm\n"),
        (["check"], "required: SPEC"),
        (["check", "a.cm", "-D", "epsilon"], "'epsilon' is not NAME=VALUE"),
        (["check", "a.cm", "-D", "=1"], "'=1' is not NAME=VALUE"),
        (["compile", "a.cm", "--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_a_wrong_command_line_ends_with_2(run: Run, words: list[str], message: str) -> None:
    done = run(*words)
    assert done.code == 2
    assert message in done.err


def test_check_prints_the_derivation_and_the_verdicts(run: Run) -> None:
    done = run("check", spec())
    assert (done.code, done.err) == (0, "")
    assert "c_out(t)" in done.out
    assert "boundary" in done.out
    assert "proved" in done.out
    assert "\x1b" not in done.out


def test_a_path_may_hold_spaces_and_params_be_set_together(run: Run) -> None:
    Path("my models").mkdir()
    done = run("check", spec(name="my models/a small one.cm"), "-D", "sigma_data=1", "-D", "T = 40")
    assert (done.code, done.err) == (0, "")
    assert "sigma_data = 1 in" in done.out
    assert "T          = 40 in" in done.out


def test_compile_writes_beside_the_caller_and_says_where(run: Run) -> None:
    (Path("specs")).mkdir()
    done = run("compile", spec(name="specs/small.cm"), "--backend", "jax")
    assert (done.code, done.out, done.err) == (0, "build/small_jax/\n", "")
    assert {"__init__.py", "model.py", "test_model.py", "spec.cm", "derivation.md"} <= set(
        os.listdir("build/small_jax")
    )
    assert Path("build/small_jax/spec.cm").read_text(encoding="utf-8") == VE


def test_torch_is_the_default_backend(run: Run) -> None:
    assert run("compile", spec(), "-o", "deep/er/out").out == "deep/er/out/\n"
    assert "import torch" in Path("deep/er/out/model.py").read_text(encoding="utf-8")
    assert {"network.py", "train.py", "sample.py"} <= set(os.listdir("deep/er/out"))


def test_overrides_set_params_and_are_recorded(run: Run) -> None:
    done = run("compile", spec(), "-D", "sigma_data=2*1/4 + 1", "-D", "T = 40", "-o", "out")
    assert done.code == 0, done.err
    model = Path("out/model.py").read_text(encoding="utf-8")
    assert "SIGMA_DATA = 1.5\n" in model
    assert "\nT = 40.0\n" in model
    assert "param sigma_data = 2*1/4 + 1 in (0, inf)" in Path("out/spec.cm").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sigma=1", "the spec has no param `sigma` to set"),
        ("sigma_data=-1", "`sigma_data = -1` is outside its range (0, inf)"),
        ("sigma_data=1 in (0, 2)", "is not one expression"),
        ("sigma_data=1\nparam q = 2", "is not one expression"),
        ("sigma_data=1 # twice", "is not one expression"),
        ("sigma_data=(1", "is not one expression: '(1'"),
        ("epsilon=100", "is outside its range (0, 80)"),
        ("sigma_data=nothing", "`nothing` is not defined"),
    ],
)
def test_a_wrong_override_is_refused(run: Run, setting: str, message: str) -> None:
    done = run("compile", spec(), "-D", setting)
    assert done.code == 1
    assert message in done.err
    assert not Path("build").exists()


def test_the_last_of_two_values_counts(run: Run) -> None:
    assert run("compile", spec(), "-D", "T=40", "-D", "T=20", "-o", "out").code == 0
    assert "\nT = 20.0\n" in Path("out/model.py").read_text(encoding="utf-8")


def test_a_violated_boundary_is_refused_at_its_formula(run: Run) -> None:
    done = run("compile", spec(TYPED, "typed.cm"))
    line = TYPED.splitlines().index("    c_skip  = 0.25/(t^2 + 0.25)") + 1
    assert done.code == 1
    assert done.err.startswith(f"typed.cm:{line}:5: error[CM301]: c_skip(epsilon) = 0.999984")
    assert f"typed.cm:{line + 1}:5: error[CM301]: c_out(epsilon) = 0.00199998" in done.err
    assert "c_skip  = 0.25/(t^2 + 0.25)\n" in done.err
    assert "2 errors; nothing was written" in done.err
    assert os.listdir() == ["typed.cm"]


@pytest.mark.parametrize("command", ["check", "compile"])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.cm", "nowhere.cm can't be read: No such file or directory"),
        (".", ". can't be read: Is a directory"),
        ("a\0b.cm", "can't be read"),
        ("x" * 300, "can't be read: File name too long"),
    ],
)
def test_a_spec_that_cannot_be_read_is_named(run: Run, command: str, path: str, message: str) -> None:
    done = run(command, path)
    assert done.code == 1
    assert message in done.err


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("torhc", "no backend is called torhc"),
        ("tensorflow", "there are: jax, torch"),
        ("no.such:BACKEND", "can't be loaded from no.such:BACKEND"),
        ("json:loads", "json:loads is not a backend"),
        ("json:nothing", "can't be loaded from json:nothing"),
    ],
)
def test_a_backend_that_is_none_is_named(run: Run, backend: str, message: str) -> None:
    done = run("compile", spec(), "--backend", backend)
    assert done.code == 1
    assert message in done.err
    assert not Path("build").exists()


def test_a_backend_may_be_given_as_module_and_attribute(run: Run) -> None:
    assert run("compile", spec(), "--backend", "cmdsl_jax:BACKEND").out == "build/small_jax/\n"


def test_a_place_that_cannot_be_written_is_named(run: Run) -> None:
    Path("taken").write_text("mine", encoding="utf-8")
    for place in ("taken", "taken/out", "/proc/out"):
        done = run("compile", spec(), "-o", place)
        assert done.code == 1
        assert "can't write to" in done.err
    assert Path("taken").read_text(encoding="utf-8") == "mine"


def test_a_name_too_long_for_a_folder_is_a_diagnostic(run: Run) -> None:
    done = run("compile", spec(VE.replace("model small", f"model {'m' * 300}")))
    assert done.code == 1
    assert "File name too long" in done.err


def test_no_colour_but_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in run("check", spec(TYPED)).err
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    assert "\x1b" in run("check", spec(TYPED)).err
    assert "\x1b" in run("check", spec()).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check", spec(TYPED)).err


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "small.cm").write_text(VE, encoding="utf-8")
    code = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'cmdsl', 'check', 'small.cm'],"
        " stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "child.stdout.close()\n"
        "print(child.stderr.read().decode(), end='')\n"
        "sys.exit(child.wait())"
    )
    done = shell("-c", code, cwd=tmp_path, env={**os.environ, "CMDSL_CACHE": "off", "PYTHONPATH": str(ROOT)})
    assert (done.code, done.out) == (1, "")


def test_a_param_is_set_by_its_name_in_greek_too(run: Run) -> None:
    path = spec(VE.replace("param sigma_data", "param σ_data"))
    assert run("check", path, "-D", "σ_data=0.1").out == run("check", path, "-D", "sigma_data=0.1").out != ""
