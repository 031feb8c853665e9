"""What `cmdsl library` lists: every definition, as it is written, under its kind; those of one's own folder too."""

import json
from pathlib import Path

import pytest

from cmdsl.sema.catalogue import KINDS, Entry, catalogue
from cmdsl.sema.resolve import library
from cmdsl.syntax import ast, parse
from tests.cli.command import Run

DEFINITIONS = [s for module in library() for s in module.statements if isinstance(s, ast.Definition)]


@pytest.mark.parametrize("entry", catalogue(), ids=lambda e: f"{e.kind} {e.name}")
def test_what_is_shown_is_the_definition(entry: Entry) -> None:
    (written,) = (d for d in DEFINITIONS if (d.kind, d.name) == (entry.kind, entry.name))
    body = "\n".join(entry.formulas)
    (read,) = parse(
        "shown.cm",
        f"define {entry.kind} {entry.signature} "
        + (f"{{\n{body}\n}}\n" if written.reference is None else f"= {body}\n"),
    ).statements
    assert read == written


def test_each_is_listed_once_under_its_kind(run: Run) -> None:
    done = run("library")
    heads = [line.partition("(")[0] for line in done.out.splitlines() if line[:1].strip()]
    assert sorted(heads) == sorted(f"{d.kind} {d.name}" for d in DEFINITIONS)
    assert [KINDS.index(h.split()[0]) for h in heads] == sorted(KINDS.index(h.split()[0]) for h in heads)


def test_a_source_is_the_comment_beside_the_definition(run: Run) -> None:
    (found,) = (e for e in catalogue() if (e.kind, e.name) == ("grid", "karras"))
    assert run("library", "grid", "karras").out.splitlines()[-2:] == [
        f"  Karras et al. 2022, equation 5; node(1, N) = epsilon, node(N, N) = T; library/grids.cm:{found.line}",
        "    node(i, N) = (epsilon^(1/rho) + (i - 1)/(N - 1)*(T^(1/rho) - epsilon^(1/rho)))^rho",
    ]
    (inside,) = json.loads(run("library", "objective", "consistency_training", "--format", "json").out)
    assert inside["source"] == "Song et al. 2023, algorithm 3"


def test_as_json(run: Run) -> None:
    (found,) = json.loads(run("library", "objective", "denoising", "--format", "json").out)
    assert found["signature"] == "denoising(proposal = lognormal_noise, weight(t) = 1/D.c_out(t)^2)"
    assert found["parameters"][1] == {"name": "weight(t)", "default": "1/D.c_out(t)^2", "about": ""}
    assert found["formulas"][-1] == "minimize weight(t)*mean((D(perturb(x0, z, t), t) - x0)^2)"
    assert found["path"] == "library/objectives.cm"
    assert len(json.loads(run("library", "--format", "json").out)) == len(DEFINITIONS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["solvers"], "there is no kind and no definition `solvers`; did you mean `solver`?"),
        (["hun"], "there is no kind and no definition `hun`; did you mean `heun`?"),
        (["zzz"], "there is no kind and no definition `zzz`; the kinds are: precondition, grid, curriculum, proposal"),
        (["solvers", "heun"], "there is no kind `solvers`; did you mean `solver`?"),
        (["solver", "hun"], "there is no solver `hun`; did you mean `heun`?"),
        (["weight", "heun"], "there is no weight `heun`; there are: edm, inverse_gap, karras, "),
    ],
)
def test_what_is_not_there_is_named(run: Run, words: list[str], message: str) -> None:
    done = run("library", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"cmdsl library: error: {message}")


def test_a_name_alone_gives_whatever_has_it(run: Run) -> None:
    assert run("library", "heun").out == run("library", "solver", "heun").out
    heads = [line for line in run("library", "ict").out.splitlines() if line[:1].strip()]
    assert [h.partition("(")[0] for h in heads] == ["curriculum ict", "objective ict"]


def test_what_follows_from_a_principle_is_shown_with_it(run: Run) -> None:
    assert (
        "    c_in(t)    = 1/sqrt(sigma_data^2*alpha(t)^2 + sigma(t)^2)\n" in run("library", "precondition", "edm").out
    )


OWN = """# Mine.
model mine
import "parts.cm"
time t in [0, 1]
scale(t) = 1 - t
path { alpha = scale(t)  sigma = t }

# How far the features are apart.
# c: where it turns from a square
#   to a cone
# Not of c any more.
define metric cone(c = 1/2) = pseudo_huber(c)    # Nobody, 2020
define metric both(a = 1, metric = cone) { d(x, y) = a*metric(x, y) }
define objective plain(metric = both(2)) {
    x0 ~ data
    minimize metric(x0, x0)
}
objective plain
"""


@pytest.fixture
def mine() -> Path:
    """Give a folder with a spec and definitions of one's own."""
    Path("models").mkdir()
    Path("models/mine.cm").write_text(OWN, encoding="utf-8")
    Path("models/parts.cm").write_text("define solver lazy { step(D, x, t, r) { return x } }\n", encoding="utf-8")
    return Path("models")


def test_definitions_of_a_folder_are_listed_with_what_is_said_of_them(run: Run, mine: Path) -> None:
    assert run("library", "cone", "--specs", "models").out == (
        "metric cone(c = 1/2)\n"
        "  How far the features are apart. Not of c any more.\n"
        "  c = 1/2: where it turns from a square to a cone\n"
        "  Nobody, 2020; models/mine.cm:12\n"
        "  used by mine\n"
        "    pseudo_huber(c)\n"
    )
    done = {e["name"]: e["used_by"] for e in json.loads(run("library", "--specs", "models", "--format", "json").out)}
    assert {n: done[n] for n in ("pseudo_huber", "both", "plain", "lazy", "l1")} == {
        "pseudo_huber": ["mine"],
        "both": ["mine"],
        "plain": ["mine"],
        "lazy": [],
        "l1": [],
    }


def test_a_page_links_to_files_of_the_folder_alone(run: Run, mine: Path) -> None:
    Path("pages").mkdir()
    done = run("library", "--specs", "models", "--format", "markdown", "-o", "pages/library.md")
    assert (done.code, done.out, done.err) == (0, "", "")
    text = Path("pages/library.md").read_text(encoding="utf-8")
    assert "[mine](../models/mine.cm)<br>Mine. | `alpha = scale(t)`<br>`sigma = t`<br>`scale(t) = 1 - t` |" in text
    assert "[parts.cm:1](../models/parts.cm#L1)" in text
    assert "`metrics.cm:" in text
    assert "metrics.cm#" not in text


def test_two_definitions_of_one_name_are_told_apart(run: Run) -> None:
    Path("own.cm").write_text("define metric l2 { d(a, b) = 2*mean((a - b)^2) }\n", encoding="utf-8")
    text = run("library", "l2", "--specs", "own.cm", "--format", "markdown").out
    assert "[l2](#metric-l2), [l2](#metric-l2-1)" in text
    assert text.count("### metric l2\n") == 2


@pytest.mark.parametrize("place", ["nowhere.cm", "broken.cm"])
def test_a_file_that_cannot_be_read_is_refused(run: Run, place: str) -> None:
    Path("broken.cm").write_text("define metric {\n", encoding="utf-8")
    done = run("library", "--specs", place)
    assert (done.code, done.out) == (1, "")
    assert place in done.err


def test_a_page_that_cannot_be_written_is_refused(run: Run) -> None:
    done = run("library", "-o", "no/such/folder.md")
    assert (done.code, done.out) == (1, "")
    assert "error[CM404]" in done.err
