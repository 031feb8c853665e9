"""Silly and hostile files: what a text can mean it means, all else ends in a diagnostic, soon."""

import ast
import os
from pathlib import Path

import pytest

from tests.cli.command import VE, Run

PROCESS = "model m\nparam T = 1 in (0, inf)\ntime t in [0, T]\nsde { drift = 0  diffusion = 1 }\n"
DOUBLING = "".join(f"g{i}(s) = g{i - 1}(s) + g{i - 1}(s + 1)\n" for i in range(1, 41))
SQUARING = "".join(f"g{i} = g{i - 1}*g{i - 1} + 1\n" for i in range(1, 61))
PAIRS = "".join(f"define metric m{i}(p = m{i - 1}, q = m{i - 1}) {{ d(a, b) = p(a, b) }}\n" for i in range(1, 25))
LOOPS = "".join(f"for i{j} from 1 to 2 {{ " for j in range(30)) + "x = f(x, T)" + "}" * 30

REFUSED: dict[str, tuple[bytes | str, str]] = {
    "empty": ("", "1:1: error[CM114]: the spec lacks `model NAME`"),
    "blank": ("\n \t\n# nothing", "the spec lacks `model NAME`"),
    "binary": (bytes(range(1, 256)) * 20, "is not UTF-8"),
    "another encoding": (PROCESS.encode("utf-16"), "is not UTF-8: byte 0 is 0xff"),
    "a NUL byte": (PROCESS + "\0", "5:1: error[CM001]: a NUL byte stands here"),
    "escapes": (PROCESS + "\x1b[31m", "5:1: error[CM001]: `\\x1b` is not a character"),
    "digits of another script": (PROCESS + "param q = ٣\n", "5:11: error[CM001]"),
    "a huge file": ("#" * 5_000_000, "is longer than 4000000 characters"),
    "a large file": (PROCESS + "a = 1 + " * 200_000, "100000 are allowed"),
    "brackets": (PROCESS + "a = " + "(" * 20_000, "brackets are nested more than 120 deep"),
    "signs": (PROCESS + "a = " + "-" * 20_000 + "1", "nested more than 120 deep"),
    "a tower": (PROCESS + "param q = 9^9^9^9^9\n", "5:15: error[CM228]: this power is too large"),
    "a long number": (PROCESS + "param q = " + "9" * 90_000, "too long or too large"),
    "a large number": (PROCESS + "param q = 1e999999999\n", "too long or too large"),
    "more than float64 has": (PROCESS + "param q = 1e200*1e200\n", "a param's value lies between"),
    "less than float64 has": (PROCESS + "param q = 1e-350\n", "too long or too large"),
    "a large power": (PROCESS + "assert diff((t + 1)^200000, t) > 0\n", "this power is too large"),
    "calls that double": (
        VE + "g0(s) = sin(s)\n" + DOUBLING + "objective o = denoising(weight(t) = g40(t))\n",
        "too many applications",
    ),
    "values that double": (
        VE + "g0 = sin(T)\n" + SQUARING + "objective o = denoising(weight(t) = g60)\n",
        "is too large",
    ),
    "definitions that double": (
        VE
        + "define metric m0 { d(a, b) = sqnorm(a - b) }\n"
        + PAIRS
        + "objective o = consistency_training(metric = m24)\n",
        "needs too many definitions",
    ),
    "loops in loops": (
        VE + f"define sampler s {{\n x ~ prior\n {LOOPS}\n return x\n}}\nsampler s\n",
        "more than 4 deep",
    ),
    "recursion": (VE + "g(s) = g(s - 1)\nassert g(t) = 1\n", "`g` is defined in terms of itself"),
    "many params": (PROCESS + "".join(f"param q{i} = 1\n" for i in range(1000)), "more than 64 params"),
    "many objectives": (
        VE + "".join(f"objective o{i} = denoising\n" for i in range(1000)),
        "77:1: error[CM121]: the spec has more than 64 objectives",
    ),
    "many samplers": (VE + "".join(f"sampler s{i} = onestep\n" for i in range(1000)), "more than 64 samplers"),
    "many assertions": (PROCESS + "assert t >= 0\n" * 6000, "more than 64 assertions"),
    "numbers that square": (
        PROCESS + "".join(f"param q{i} = q{i + 1}*q{i + 1} + 1\n" for i in range(50)) + "param q50 = 1\n",
        "written out, this expression is too large",
    ),
    "a boundary that is no number": (VE.replace("boundary epsilon", "boundary t"), "the boundary is one time"),
    "times that are no numbers": (VE + "sampler multistep(times = [1, t])\n", "`t` is not defined"),
    "the same again": (PROCESS + "a = 1\n" * 3000, "... and 2949 more"),
    "imports itself": (PROCESS + 'import "m.cm"\n', "imports itself"),
    "imports what is above": (PROCESS + 'import "../m.cm"\n', "lies outside the folder of the spec"),
    "imports by an absolute path": (PROCESS + 'import "/etc/passwd"\n', "lies outside the folder of the spec"),
    "imports a folder": (PROCESS + 'import "."\n', "can't be read: Is a directory"),
    "imports by a long path": (PROCESS + f'import "{"a/" * 3000}b.cm"\n', "can't be read: File name too long"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_only_a_diagnostic_comes_of_it(run: Run, name: str) -> None:
    content, message = REFUSED[name]
    Path("m.cm").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("compile", "m.cm")
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert "nothing was written" in done.err
    assert "\x1b" not in done.err
    assert len(done.err) < 50_000
    assert os.listdir() == ["m.cm"]


def test_a_loop_without_end_is_not_gone_through(run: Run) -> None:
    loop = "define sampler s {\n x ~ prior\n for i from 1 to 1000000000 { x = f(x, T) }\n return x\n}\nsampler s\n"
    Path("m.cm").write_text(VE + loop, encoding="utf-8")
    done = run("compile", "m.cm")
    assert done.code == 0, done.err


def test_a_link_out_of_the_folder_is_not_followed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret.cm").write_text("unit = 1\n", encoding="utf-8")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "link.cm").symlink_to(tmp_path / "secret.cm")
    (tmp_path / "specs" / "m.cm").write_text(PROCESS + 'import "link.cm"\n', encoding="utf-8")
    assert "lies outside the folder" in run("check", "specs/m.cm").err


def test_an_endless_file_is_not_read_to_its_end(run: Run) -> None:
    assert "is longer than" in run("check", "/dev/zero").err


PLAIN = "# A title.\n" + PROCESS
SAME = {
    "byte order mark": "\ufeff" + PLAIN,
    "line ends of Windows": PLAIN.replace("\n", "\r\n"),
    "line ends of old": PLAIN.replace("\n", "\r"),
    "tabs": PLAIN.replace(" ", "\t").replace("A\ttitle", "A title"),
    "no line end at the end": PLAIN.rstrip("\n"),
    "blank lines": PLAIN.replace("\n", "\n\n \n"),
}


@pytest.mark.parametrize("name", SAME)
def test_line_ends_and_blanks_mean_nothing(run: Run, name: str) -> None:
    models = []
    for place, text in (("plain", PLAIN), ("other", SAME[name])):
        Path("m.cm").write_text(text, encoding="utf-8", newline="")
        assert run("compile", "m.cm", "-o", place, "-b", "jax").code == 0
        lines = Path(place, "model.py").read_text(encoding="utf-8").splitlines()
        models.append([line.split("   (m.cm:")[0] for line in lines if "SPEC_SHA256" not in line])
    assert models[0] == models[1]


TITLES = [
    '"""',
    "\\",
    '\\"""',
    "'''",
    "{0} %s",
    "\\N{DASH}",
    "é σ \u2028 \x1b[31m",
    '""" + __import__("os") + """',
    "#",
    "",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_stays_a_text(run: Run, title: str) -> None:
    Path("m.cm").write_text(f"# {title}\n{PROCESS}", encoding="utf-8")
    assert run("compile", "m.cm", "-o", "out").code == 0
    assert_inert(Path("out"))


@pytest.mark.parametrize(
    "name", ['a""".cm', "a\\.cm", "a\nb.cm", "é.cm", "a b'c.cm", "{x}.cm", "%s.cm", "-D.cm", "import os.cm"]
)
def test_a_file_name_stays_a_text(run: Run, name: str) -> None:
    Path(name).write_text(PROCESS, encoding="utf-8")
    done = run("compile", "-o", "out", "--", name)
    assert done.code == 0, done.err
    assert_inert(Path("out"))


def assert_inert(package: Path) -> None:
    """Assert that every file is ASCII and Python, and that the model starts with its docstring and then imports."""
    for path in package.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.isascii()
        assert {c for c in text if not c.isprintable()} == {"\n"}
        ast.parse(text)
    first, *others = ast.parse((package / "model.py").read_text(encoding="utf-8")).body
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Constant)
    places = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)
    assert all(isinstance(statement, places) for statement in others)


def test_a_diagnostic_shows_no_control_characters(run: Run) -> None:
    Path("m.cm").write_text(PROCESS + "a = \x07$ # \x1b]0;title\x07\n", encoding="utf-8")
    assert all(c.isprintable() or c == "\n" for c in run("check", "m.cm").err)
