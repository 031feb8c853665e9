"""Every form that the reference of the language gives is taken, and means what it says."""

import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.syntax import ast, parse
from cmdsl.syntax.format import expression


def statement(text: str) -> ast.Statement:
    (found,) = parse("a.cm", text + "\n").statements
    return found


def value(text: str) -> ast.Expr:
    found = statement(f"a = {text}")
    assert isinstance(found, ast.Equation)
    return found.value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("model m", ast.Model),
        ("param a = 1", ast.Param),
        ("param a = 1 in (0, inf)", ast.Param),
        ("param a = 1/2 in [0, b]", ast.Param),
        ("param a = -1 in (-∞, b]", ast.Param),
        ("param a = b in [b, 2*b)", ast.Param),
        ("time t in [0, T]", ast.Time),
        ("time τ in [0, π/2)", ast.Time),
        ("beta(t) = 1 + t", ast.FunctionDefinition),
        ("beta(t, s,) = 1 + t", ast.FunctionDefinition),
        ("total = 1", ast.Equation),
        ("sde { drift = 0   diffusion = 1 }", ast.Sde),
        ("sde { drift = 0   diffusion = 1   variance = 1 }", ast.Sde),
        ("sde {\n  drift = -x\n\n  diffusion = 1 # noise\n}", ast.Sde),
        ("path { alpha = 1 - t  sigma = t }", ast.Path),
        ("path {\n alpha = 1 - t\n sigma = t }", ast.Path),
        ("boundary epsilon", ast.Boundary),
        ("boundary 0 by none", ast.Boundary),
        ("boundary T/100 by shift", ast.Boundary),
        ("prior normal(0, sigma(T))", ast.Prior),
        ("precondition edm", ast.Use),
        ("precondition edm(sigma_data)", ast.Use),
        ("precondition edm(sigma_data) { c_noise = 999*t }", ast.Use),
        ("precondition { c_skip = 1  c_out = 0  c_in = 1  c_noise = t }", ast.Use),
        ("precondition { derive c_skip, c_out from variance(target) = 1 minimizing c_out^2 }", ast.Use),
        ("grid karras", ast.Use),
        ("grid karras(rho = 7)", ast.Use),
        ("curriculum ict(s1 = 160, s0 = 10,)", ast.Use),
        ("objective ict", ast.Use),
        ("objective a = ict", ast.Use),
        ("objective a = ict(weight(t, r) = 1/(t - r), metric = l2) { curriculum fixed(18)  grid uniform }", ast.Use),
        ("objective ict(\n  metric = pseudo_huber(c = 0.03),\n  weight(t, r) = 1/(t - r),\n)", ast.Use),
        ("sampler onestep", ast.Use),
        ("sampler two = multistep(times = [0.8, 0.2])", ast.Use),
        ("network mlp", ast.Network),
        ("network unet(width = 64, depth = 3)", ast.Network),
        ("network a.b.C(width = 2)", ast.Network),
        ("network my.data.grid:Net(2)", ast.Network),
        ("data shape [3, 32, 32]", ast.Data),
        ("assert a = b", ast.Assert),
        ("assert a < b", ast.Assert),
        ("assert a ≤ b for t in (0, T]", ast.Assert),
        ("assert alpha(t)^2 + sigma(t)^2 = 1 for t in [0, 1]", ast.Assert),
        ("assert (if a > b then 1 else 0) >= 0", ast.Assert),
        ('import "path/to/other.cm"', ast.Import),
        ("define metric l2 { d(a, b) = mean((a - b)^2) }", ast.Definition),
        ("define metric l2() { d(a, b) = mean((a - b)^2) }", ast.Definition),
        ("define metric huber(c = 0.03, w(t) = 1, v(t), s,) { }", ast.Definition),
        ("define metric mine = huber(c = 1)", ast.Definition),
        ("define metric mine = huber", ast.Definition),
        ("define metric mine(c) = huber(2*c)", ast.Definition),
        ("define metric mine() = huber", ast.Definition),
        ('extern metric lpips = "module:attribute"', ast.Extern),
        ("learned u(t, r)", ast.Learned),
    ],
)
def test_a_statement_is_taken(text: str, kind: type[ast.Statement]) -> None:
    assert isinstance(statement(text), kind)


BODY = """define objective o(proposal = p, weight(t) = 1) {
    x0 ~ data
    z  ~ normal
    n  ~ index(w(i + 1) - w(i) for i from 1 to N - 1)
    s  ~ lognormal(-1.2, 1.2)
    learned u(t)
    u(z, r, t) = F(z, t, t - r)
    t = if s > 1 then if s > 2 then 2 else s else 1

    assert t ≥ 0 for t in [0, T]
    derive c_in from variance(c_in*x_t) = 1
    v = jvp(u, (z, t), (1, 0))
    minimize D.c_out(t)^2*mean((D(x0, t) - stopgrad(x0))^2)
}
"""
STEPS = """define sampler s(solver = heun, N = 18) {
    step(D, x, t, r) {
        y = x +
            (r - t)*velocity(D, x, t)
        return y
    }
    x ~ prior
    for n from N downto 2 { x = solver.step(D, x, node(n, N), node(n - 1, N)) }
    for n from 1 to N {
        for s in [1, 2] { x = f(x, s) }
    }
    for s in times {
        z ~ normal
        x = x + z
    }
    return if last == 1 then D(x, epsilon) else x
}
"""


def test_bodies_are_taken_whole() -> None:
    objective, sampler = statement(BODY), statement(STEPS)
    assert isinstance(objective, ast.Definition)
    assert isinstance(sampler, ast.Definition)
    kinds = [type(s).__name__ for s in objective.body]
    assert kinds == [
        *("Draw", "Draw", "Draw", "Draw", "Learned", "FunctionDefinition", "Equation", "Assert", "Derive", "Equation"),
        "Minimize",
    ]
    assert [type(s).__name__ for s in sampler.body] == ["FunctionDefinition", "Draw", "For", "For", "For", "Return"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("x₀ + x₁₂", "x0 + x12"),
        ("σ_data·ε − ϵ", "sigma_data*epsilon - epsilon"),
        ("Γ×Ω", "Gamma*Omega"),
        ("x²/2", "(x^2)/2"),
        ("(a + b)²", "(a + b)^2"),
        ("sin(t)²·cos(t)⁻¹", "sin(t)^2*cos(t)^(-1)"),
        ("D.c_out(t)²", "D.c_out(t)^2"),
        ("-x²", "-(x^2)"),
        ("√(2*t)", "sqrt(2*t)"),
        ("√t", "sqrt(t)"),
        ("√(a)²", "sqrt(a)^2"),
        ("2*√2", "2*sqrt(2)"),
        ("∞", "inf"),
        ("-π", "-pi"),
        ("+a", "a"),
        ("a − -b", "a - (-b)"),
        ("a^-b", "a^(-b)"),
        ("a*-b", "a*(-b)"),
        ("2^3^2", "2^(3^2)"),
        ("-2^2", "-(2^2)"),
        ("a ≤ b", "a <= b"),
        ("a ≥ b", "a >= b"),
        ("a ≠ b", "a != b"),
        ("a < b or b < c and not c < d", "(a < b) or ((b < c) and (not (c < d)))"),
        ("if a then b else if c then d else e", "if a then b else (if c then d else e)"),
        ("f(if a then b else c, d)", "f((if a then b else c), d)"),
        ("[if a then b else c, (if a then b else c)]", "[(if a then b else c), (if a then b else c)]"),
        ("(if a then b else c) + 1", "(if a then b else c) + 1"),
        ("f(n = if a then b else c)", "f(n = (if a then b else c))"),
        ("if a < b then\n  1 else\n  2", "if (a < b) then 1 else 2"),
        ("(if a\n then 1\n else 2)", "if a then 1 else 2"),
        ("a +\n  b *\n  c", "a + b*c"),
        ("f(\n  a,\n  b,\n)", "f(a, b)"),
        ("[\n 1,\n 2\n]", "[1, 2]"),
        ("[1, 2,]", "[1, 2]"),
        ("(1, 2,)", "(1, 2)"),
        ("[]", "[]"),
        ("f()", "f()"),
        ("f(g(t) = t^2)", "f(g(t) = t^2)"),
        ("solver.step(D, x, t, r)", "solver.step(D, x, t, r)"),
        ("a + # why\n b", "a + b"),
        ("thenb + orc", "thenb + orc"),
    ],
)
def test_an_expression_means(text: str, meaning: str) -> None:
    assert value(text) == value(meaning)


@pytest.mark.parametrize("number", ["0", "12", "0.5", ".5", "5.", "1e-3", "1E3", "1.5e+10", ".5e2", "5.e1"])
def test_a_number_is_kept_as_it_is_written(number: str) -> None:
    found = value(number)
    assert isinstance(found, ast.Number)
    assert found.text == number
    assert expression(found) == number


@pytest.mark.parametrize(
    ("text", "low_open", "high_open"),
    [("(0, 1)", True, True), ("[0, 1]", False, False), ("(0, 1]", True, False), ("[0, 1)", False, True)],
)
def test_a_range_is_open_where_it_is_round(text: str, low_open: bool, high_open: bool) -> None:
    found = statement(f"time t in {text}")
    assert isinstance(found, ast.Time)
    assert (found.range.low_open, found.range.high_open) == (low_open, high_open)


def test_words_of_the_language_are_names_where_no_statement_starts() -> None:
    assert value("data + time*grid(model)") == ast.Binary(
        "+", value("data"), ast.Binary("*", value("time"), value("grid(model)"), value("a").span), value("a").span
    )


@pytest.mark.parametrize("text", ["if a thenb else c", "a orb"])
def test_a_word_that_starts_like_one_of_the_language_is_a_name(text: str) -> None:
    with pytest.raises(SpecError):
        parse("a.cm", f"q = {text}\n")


def test_line_ends_and_comments_end_statements_alone() -> None:
    module = parse("a.cm", "# title\n\n\na = 1 # one\n  # two\n\nb = (1 +\n\n 2) # three\n# end")
    assert [type(s).__name__ for s in module.statements] == ["Equation", "Equation"]


def test_a_range_may_start_on_the_line_below() -> None:
    found = statement("time t in\n  (0, 1]")
    assert isinstance(found, ast.Time)
    assert (found.range.low_open, found.range.high_open) == (True, False)
