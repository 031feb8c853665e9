"""Mistakes that would mean something else if they were let through: each is refused, where it is and by its name."""

from pathlib import Path

import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.driver import check
from tests.cli.command import VE

HEAD = VE.replace("objective consistency_training\nsampler onestep\n", "")
OBJECTIVE = "define objective o {{\n    x0 ~ data\n    z ~ normal\n    t ~ uniform(0, 1)\n    {}\n}}\nobjective o\n"
SAMPLER = "define sampler s {{\n    x ~ prior\n    {}\n}}\nsampler s\n"
SOLVER = "define solver s {{\n    order = 1\n    step(D, x, t, r) {{ {} }}\n}}\nsampler ode(solver = s)\n"


def refusals(folder: Path, text: str) -> list[str]:
    """Give the messages with which a text is refused, each with its line."""
    path = folder / "m.cm"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        check(path, {})
    lines = [(d.span.path, d.span.line) if d.span else ("", 0) for d in refused.value.diagnostics]
    return [
        f"{line if name == str(path) else name}: {d.message}"
        for (name, line), d in zip(lines, refused.value.diagnostics, strict=True)
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("y ~ data\n    minimize sqnorm(x0 - y)", "16: an objective draws from `data` once"),
        ("u ~ normal(s = 1)\n    minimize u", "`normal(s = 1)` is not `normal(m, s)`"),
        ("u ~ uniform(0)\n    minimize u", "`uniform(0)` is not `uniform(a, b)`"),
        ("u ~ normal(x0, 1)\n    minimize u", "a distribution like `normal` is of scalars, and `x0` is a state"),
        ("u ~ integers(1, k)\n    minimize u", "the ends of `integers` are known before the batch is"),
        ("minimize t < 1", "a scalar or a state is expected here, and this is a condition"),
        (
            "c = t < 1\n    minimize if c then 1 else 2",
            "16: a scalar or a state is expected here, and this is a condition",
        ),
        ("minimize 1 + (t < 1)", "and this is a condition"),
        ("minimize if t then 1 else 2", "a condition such as `a < b` is expected here"),
        ("minimize sqnorm(F(x0, t) - F(x0, t, t))", "`F` takes 2 scalars here, and 1 scalar elsewhere"),
        ("minimize sqnorm(F(x0))", "`F` takes a state and one or more scalars"),
        ("minimize sqnorm(F(x0, z))", "`F` takes a state, and then scalars"),
        ("minimize integral(exp(-s^4), s, 0, t)", "no closed form is known for this integral"),
        ("minimize integral(1/s, s, -1, t)", "no closed form is known for this integral"),
        ("minimize integral(t, t, 0)", "`integral` takes an expression, a variable and two ends"),
        ("minimize integral(s*x0, s, 0, t)", "`integral` is of scalars, and this is a state"),
        ("minimize integral(s, s, 0, x0)", "an end of `integral` is of scalars, and `x0` is a state"),
        ("minimize integral(sqnorm(f(x0, s)), s, 0, t)", "`integral` is of formulas, and `reduce` depends on `s` here"),
        ("learned u(s)\n    minimize u(x0)", "`u` is of scalars, and `x0` is a state"),
        ("learned u(s)\n    minimize u(t, t)", "`u` takes 1 argument, 2 given"),
        ("learned u(s, s)\n    minimize u(t, t)", "`s` is given twice"),
        ("learned u(s)\n    assert u(t) = 0\n    minimize u(t)", "`u` is learned, and a formula is needed here"),
        (
            "g(y, s) = f(y, s) - stopgrad(f(y, s))\n    minimize sqnorm(jvp(g, (x0, t), (z, 1)))",
            "within what `jvp` differentiates, `stopgrad` of the network is no constant",
        ),
        ("minimize diff(f(x0, t), t)", "a network depends on `t` here"),
        ("x0 = z\n    minimize sqnorm(x0)", "16: `x0` is given twice"),
        ("alpha(s) = s\n    minimize alpha(t)", "16: `alpha` is a name of the language"),
        ("return t", "`return` has no place in an objective"),
        ("assert alpha(t) = 2\n    minimize sqnorm(f(x0, t))", "alpha(t) = 2 does not hold"),
    ],
)
def test_in_an_objective(tmp_path: Path, body: str, message: str) -> None:
    found = refusals(tmp_path, HEAD + OBJECTIVE.format(body))
    assert any(message in m for m in found), found


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1", "`s` returns a scalar, and a sample is a state"),
        ("x = f(x, T)", "the sampler `s` returns nothing"),
        ("for i from 1 to 2 { return x }\n    return x", "14: `return` can't stand in a loop"),
        ("for i from 1 to 2.5 { x = f(x, T) }\n    return x", "a loop goes over whole numbers, and 2.5 is none"),
        ("for s in [1, 2] { x = f(x, s) }\n    return x", "a loop goes over a list that is a parameter"),
        ("u ~ uniform(0, 1)\n    return u*x", "a sampler draws from `prior` or `normal`"),
        ("return k*x", "`k` is not defined"),
        ("minimize x", "`minimize` has no place in a sampler"),
    ],
)
def test_in_a_sampler(tmp_path: Path, body: str, message: str) -> None:
    found = refusals(tmp_path, HEAD + SAMPLER.format(body))
    assert any(message in m for m in found), found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SOLVER.format("x = x"), "`return` is missing"),
        (
            SOLVER.format("for i from 1 to 2 { x = x }\n return x"),
            "a solver's step is made of equations and one `return`",
        ),
        ("define solver s {\n    step(D, x, t, r) { return x }\n}\nsampler ode(solver = s)\n", "`s` claims no order"),
        ("sampler ode(N = 2.5)\n", "a loop goes over whole numbers"),
        ("sampler ode(solver = l2)\n", "`l2`"),
        ("sampler multistep(times = 3)\n", "a loop goes over a list"),
        ("objective consistency_training(weight(t) = 1)\n", "`weight` takes 1 argument, 2 given"),
        ("objective consistency_training(metric(a, b) = a - b)\n", "a metric gives a scalar, and this is a state"),
        ("objective consistency_training { a = 1 }\n", "an equation has no place in the braces of an objective"),
        ("objective sample_s = denoising\nsampler s = onestep\n", "two functions of the package would be called"),
        (
            "define metric a = b\ndefine metric b = a\nobjective consistency_training(metric = a)\n",
            "in terms of itself",
        ),
        (
            "define solver s(inner = s) { order = 1 }\nsampler ode(solver = s)\n",
            "12: the solver `s` is defined in terms",
        ),
        ("define metric m(c) { d(c, b) = sqnorm(c - b) }\n", "the argument `c` of `d` hides the `c` of the definition"),
        ("define metric m { minimize 3 }\n", "`minimize` has no place in a metric"),
        ("define metric m(a, a) { d(x, y) = a }\n", "`a` is given twice"),
        ("define weight w { sigma = 3 }\n", "`sigma` is a name of the language"),
        ("define weather w { sigma = 3 }\n", "there is no kind `weather`"),
        ('extern weight w = "a:b"\n', "only a metric can be written in Python"),
        *(
            (f'extern metric m = "{target}"\n', f'"{target}" does not name a callable of a module')
            for target in (
                "lpips",
                "a:b:c",
                "a b:c",
                "a:b()",
                "a:",
                ":b",
                "a..b:c",
                "a:if",
                "__future__:x",
                "a:é",
                "a;b:c",
            )
        ),
        ('extern metric m = "a:b"\ndefine metric m { d(a, b) = 1 }\n', "the definition of metric `m` is given twice"),
        ('extern metric m = "a:b"\nobjective denoising(weight = m)\n', "there is no weight `m`"),
        ("learned c_in(t)\n", "`c_in` is a name of the language"),
        ("learned u(t)\nassert u(t) = 0\n", "`u` is learned, and a formula is needed here"),
        ("prior normal(0, -T)\nsampler onestep\n", "the prior is `normal(0, deviation)` with a positive deviation"),
        ("prior normal(1, T)\nsampler onestep\n", "the prior is `normal(0, deviation)`"),
        ("network mlp(64)\n", "a network's options are numbers by name"),
        ("data shape [1.5]\n", "the data's shape is a list of positive whole numbers"),
        ("param q = q\n", "`q` is defined in terms of itself"),
        ("param q = 5 in (0, 1)\n", "`q = 5` is outside its range (0, 1)"),
        ("param flow = 5\n", "`flow` is a name of the language"),
        ("param t = 5\n", "`t` is given twice"),
        ("param T0 = 1\nparam t0 = 1\n", "would be one constant, T0"),
        ("time s in [0, 1]\n", "the statement `time …` is given twice"),
        ("c_skip(t) = 1\n", "`c_skip` is a name of the language"),
        ("g(a, a) = a\n", "`a` is given twice"),
        ("assert sigma(t) = 2*t\n", "12: sigma(t) = 2*t does not hold"),
    ],
)
def test_elsewhere(tmp_path: Path, text: str, message: str) -> None:
    found = refusals(tmp_path, HEAD + text)
    assert any(message in m for m in found), found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("boundary epsilon", "boundary epsilon by magic", "there is no way `magic` to meet the boundary"),
        ("boundary epsilon\n", "", "the spec lacks `boundary EXPR`"),
        ("boundary epsilon", "boundary 100", "the boundary 100 is not in [0, 80)"),
        ("boundary epsilon", "boundary 0.01", "`epsilon` is the boundary, and this param of that name is another"),
        ("param sigma_data = 0.5 in (0, inf)\n", "", "`sigma_data` is needed, and the spec gives none"),
        ("edm(sigma_data)", "edm(sigma_data) { c_nose = t }", "`edm` has no `c_nose` to replace"),
        ("edm(sigma_data)", "{ c_skip = 1  c_in = 1  c_noise = t }", "the preconditioning lacks `c_out`"),
        ("edm(sigma_data)", "{ c_skip = x  c_out = 1  c_in = 1  c_noise = t }", "must be a function of t alone"),
        ("drift = 0", "drift = -x^2", "the drift is not of the form f(t)*x"),
        ("sqrt(2*t)", "x", "`diffusion` must be a function of t alone, and `x` is a state"),
        ("[0, T]", "[1, T]", "time starts at 0"),
        ("fixed(18)", "fixed(1)", "the curriculum asks for 1 node"),
        ("fixed(18)", "fixed(8.5)", "the curriculum asks for 8.5 nodes"),
        ("curriculum fixed(18)\n", "", "the objective `consistency_training` needs a curriculum"),
        ("grid karras\n", "", "`node` needs a grid, and the spec has none"),
        ("precondition edm(sigma_data)\n", "", "`f` needs a preconditioning"),
        ("grid karras", "grid karas", "there is no grid `karas`"),
        ("grid karras", "define grid g { node(i, N) = T*i/N }\ngrid g", "node(1, N) = epsilon fails"),
    ],
)
def test_in_what_every_spec_says(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in VE
    found = refusals(tmp_path, VE.replace(old, new))
    assert any(message in m for m in found), found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit = 2\n", "`unit` is given twice"),
        ("define metric near { d(a, b) = sqnorm(a - b) }\n", "the definition of metric `near` is given twice"),
        ('import "other.cm"\n', "`unit` is given twice"),
    ],
)
def test_what_files_bind_is_bound_once(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "part.cm").write_text("unit = 1\ndefine metric near { d(a, b) = dot(a, b) }\n", encoding="utf-8")
    (tmp_path / "other.cm").write_text("unit = 3\n", encoding="utf-8")
    found = refusals(tmp_path, HEAD + 'import "part.cm"\n' + text)
    assert any(message in m for m in found), found


def test_a_mistake_that_shows_in_the_library_is_said_of_the_statement_that_led_there(tmp_path: Path) -> None:
    path = tmp_path / "m.cm"
    use = "objective consistency_training(proposal = lognormal_noise(P_mean = sigma))\n"
    path.write_text(HEAD + use, encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        check(path, {})
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.span is not None
    assert (diagnostic.span.path, diagnostic.span.line) == (str(path), 12)
    assert [label.span.path for label in diagnostic.secondary] == ["library/proposals.cm"]
