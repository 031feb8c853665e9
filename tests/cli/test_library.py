"""What `cmdsl library` lists: every definition, as it is written, under its kind."""

import json

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
    assert run("library", "grid").out.startswith(
        "grid karras(rho = 7)\n"
        "  Karras et al. 2022, equation 5; node(1, N) = epsilon, node(N, N) = T\n"
        "    node(i, N) = (epsilon^(1/rho) + (i - 1)/(N - 1)*(T^(1/rho) - epsilon^(1/rho)))^rho\n"
        "\n"
        "grid uniform\n"
        "    node(i, N) = epsilon + (i - 1)/(N - 1)*(T - epsilon)\n"
    )
    (inside,) = json.loads(run("library", "objective", "consistency_training", "--json").out)
    assert inside["source"] == "Song et al. 2023, algorithm 3"


def test_as_json(run: Run) -> None:
    (found,) = json.loads(run("library", "objective", "denoising", "--json").out)
    assert found["signature"] == "denoising(proposal = lognormal_noise, weight(t) = 1/D.c_out(t)^2)"
    assert found["parameters"][1] == {"name": "weight(t)", "default": "1/D.c_out(t)^2"}
    assert found["formulas"][-1] == "minimize weight(t)*mean((D(perturb(x0, z, t), t) - x0)^2)"
    assert found["path"] == "library/objectives.cm"
    assert len(json.loads(run("library", "--json").out)) == len(DEFINITIONS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["solvers"], "there is no kind `solvers`; did you mean `solver`?"),
        (["edm"], "there is no kind `edm`; did you mean `cmdsl library precondition edm`?"),
        (["zzz"], "there is no kind `zzz`; there are: curriculum, grid, metric"),
        (["solver", "hun"], "there is no solver `hun`; did you mean `heun`?"),
        (["weight", "heun"], "there is no weight `heun`; there are: edm, inverse_gap, karras, "),
    ],
)
def test_what_is_not_there_is_named(run: Run, words: list[str], message: str) -> None:
    done = run("library", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"cmdsl library: error: {message}")
