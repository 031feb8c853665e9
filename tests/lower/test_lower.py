"""What bodies become: signatures, locals, one function for equal instances, types told apart."""

from fractions import Fraction

import pytest

from cmdsl.diagnostics import Span, SpecError
from cmdsl.ir import nodes as ir
from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import Role, Type
from cmdsl.ir.walk import all_subexpressions, free
from cmdsl.lower import Derived, lower
from cmdsl.lower.derived import Differentiate
from cmdsl.sema import resolve
from cmdsl.syntax import parse

HEAD = """model m
param sigma_data = 0.5
param epsilon = 0.002
param T = 80
time t in [0, T]
sde { drift = 0  diffusion = sqrt(2*t) }
boundary epsilon
precondition edm(sigma_data)
grid karras
curriculum ict(s1 = 160)
"""
T = ir.Var("t", Type.SAMPLE)
ONE_TIME = "alpha sigma drift_rate diffusion snr logsnr velocity_x velocity_denoised"
FAMILY = "c_skip c_out c_in c_noise denoiser_c_skip denoiser_c_out denoiser_c_in denoiser_c_noise"


def coefficient(name: str, parameters: str = "t") -> ir.Function:
    """Give some formula under a coefficient's name: what it is does not matter here."""
    variables = [ir.Var(p, Type.SAMPLE) for p in parameters]
    body = variables[0] if name == "sigma" else op("exp", variables[0])
    params = tuple(ir.Param(p, Type.SAMPLE) for p in parameters)
    return ir.Function(name, params, (ir.Return(body),), Type.SAMPLE, Role.PROCESS)


def refuse(expression: ir.Expr, variable: ir.Var, span: Span) -> ir.Expr:
    raise AssertionError


def refuse_integral(expression: ir.Expr, variable: ir.Var, low: ir.Expr, high: ir.Expr, span: Span) -> ir.Expr:
    raise AssertionError


def program(text: str, differentiate: Differentiate = refuse) -> ir.Program:
    """Lower a spec over made-up coefficients."""
    two = [
        coefficient(n, p) for n, p in (("transition_alpha", "rt"), ("transition_sigma", "rt"), ("gaussian_scale", "ts"))
    ]
    functions = [*(coefficient(n) for n in (ONE_TIME + " " + FAMILY).split()), coefficient("time_at", "s"), *two]
    public = frozenset(f.name for f in functions) - {
        "velocity_x",
        "velocity_denoised",
        "drift_rate",
        *(f.name for f in two),
    }
    values = {"sigma_data": "1/2", "epsilon": "1/500", "T": "80"}
    constants = tuple(ir.Constant(n.upper(), n, Fraction(v)) for n, v in values.items())
    return lower(
        resolve(parse("m.cm", HEAD + text)),
        Derived({f.name: f for f in functions}, public, constants, differentiate, refuse_integral),
        "0",
    )


def function(text: str, name: str) -> ir.Function:
    found = program(text).function(name)
    assert found is not None, name
    return found


def names(params: tuple[ir.Param, ...]) -> list[str]:
    return [("*" if p.keyword else "") + p.name for p in params]


def test_a_loss_takes_networks_then_draws_then_counters() -> None:
    loss = function("objective consistency_distillation\n", "loss_consistency_distillation")
    assert names(loss.params) == ["network", "x0", "*network_ema", "*teacher", "*z", "*n", "*N"]


def test_every_draw_is_an_argument_and_a_proposals_own_are_not() -> None:
    body = "x0 ~ data\n t ~ lognormal_noise\n e ~ normal\n b ~ bernoulli(0.5)"
    text = f"define objective o {{ {body}\n minimize b*mean((D(perturb(x0, e, t), t) - x0)^2) }}\nobjective o\n"
    assert names(function(text, "loss_o").params) == ["network", "x0", "*t", "*e", "*b"]
    draws = function(text, "draw_o").body
    assert draws[-1] == ir.ReturnDraws(("t", "e", "b"))
    assert [d.name for d in draws if isinstance(d, ir.Draw)] == ["s", "e", "b"]


def test_a_drawn_time_is_kept_between_epsilon_and_the_end() -> None:
    body = function("objective denoising\n", "draw_denoising").body
    (let,) = (s for s in body if isinstance(s, ir.Let))
    time = ir.Call("time_at", (ir.Var("s", Type.SAMPLE),), Type.SAMPLE)
    epsilon, last = ir.Var("EPSILON", Type.STATIC), ir.Var("T", Type.STATIC)
    assert let == ir.Let("t", op("min", op("max", time, epsilon), last))


def test_nothing_is_passed_that_is_not_used() -> None:
    text = "define objective o { x0 ~ data\n minimize sqnorm(F(x0, 1)) }\nobjective o\n"
    assert names(function(text, "loss_o").params) == ["network", "x0"]


def test_equal_instances_are_one_function_and_others_have_names_of_their_own() -> None:
    metrics = {"a": "pseudo_huber(0.03)", "b": "pseudo_huber(3/100)", "c": "pseudo_huber"}
    text = "".join(f"objective {n} = consistency_training(metric = {m})\n" for n, m in metrics.items())
    assert [f.name for f in program(text).functions if "pseudo" in f.name] == ["pseudo_huber", "pseudo_huber_2"]


def test_the_target_is_frozen_and_its_network_is_the_averaged_one() -> None:
    (*_, last) = function("objective consistency_training\n", "loss_consistency_training").body
    assert isinstance(last, ir.Return)
    assert isinstance(last.value, ir.Call)
    target = last.value.args[1]
    assert isinstance(target, ir.StopGrad)
    assert isinstance(target.value, ir.Call)
    assert target.value.args[0] == ir.Var("network_ema", Type.NETWORK)


def test_a_solver_states_its_order_and_takes_any_denoiser() -> None:
    found = program("sampler ode(solver = heun)\n")
    assert found.solvers == (("heun_step", 2),)
    step = found.function("heun_step")
    assert step is not None
    assert [(p.name, p.type) for p in step.params][:2] == [("denoise", Type.DENOISER), ("x", Type.STATE)]


def test_an_objective_may_have_a_grid_and_a_curriculum_of_its_own() -> None:
    found = program("objective consistency_training { curriculum fixed(18, decay = 0.5)  grid uniform }\n")
    loss = found.function("loss_consistency_training")
    assert found.function("consistency_training_grid") is not None
    assert "consistency_training_grid" in str(loss)
    decay = found.function("consistency_training_mu")
    assert decay is not None
    assert decay.body == (ir.Return(num("0.5")),)


def test_an_objective_without_nodes_has_no_curriculum() -> None:
    (objective,) = program("objective denoising\n").objectives
    assert (objective.N, objective.mu) == (None, None)


def test_a_samplers_numbers_are_arguments_with_defaults() -> None:
    sample = function("sampler multistep(times = [3, 0.8])\n", "sample_multistep")
    assert names(sample.params) == ["network", "z", "*zs", "*times"]
    assert sample.params[-1].default == (Fraction(3), Fraction(4, 5))


SOLVER_LIKE = """define sampler s(N = 4) {
    x ~ prior
    e = x
    h = 1
    for n from N downto 2 {
        t = node(n, N)
        d = D(x, t)
        x = if n == N then d else d + (d - e)*h
        e = d
        h = logsnr(t)
    }
    return x
}
sampler s
"""


def test_a_loop_carries_values_of_stable_types() -> None:
    (loop,) = (s for s in function(SOLVER_LIKE, "sample_s").body if isinstance(s, ir.Loop))
    assert {v.name: v.type for v in loop.carried} == {"x": Type.STATE, "e": Type.STATE, "h": Type.UNIFORM}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x0 ~ data\n minimize x0", "a state can't be minimised"),
        ("x0 ~ data\n t ~ normal(0, 1)\n minimize sqnorm(t)", "`sqnorm` is of states, and this is a scalar"),
        ("x0 ~ data\n t = x0\n minimize sqnorm(F(x0, t))", "`F` takes a state, and then scalars"),
        ("x0 ~ data\n minimize alpha(x0)", "`alpha` is of scalars, and `x0` is a state"),
        ("x0 ~ data\n minimize if x0 < 1 then 1 else 2", "a comparison is of scalars"),
        ("x0 ~ data\n minimize sqnorm(x0, x0)", "`sqnorm` takes 1 argument, 2 given"),
        ("x0 ~ data\n minimize sqnorm(x1)", "`x1` is not defined"),
        ("x0 ~ data\n a = b\n b = a\n minimize a", "is defined in terms of itself"),
        ("x0 ~ data\n g(a) = g(a)\n minimize g(1)", "`g` is defined in terms of itself"),
        ("x0 ~ data\n t ~ gamma(1, 2)\n minimize t", "is no distribution"),
        ("x0 ~ data", "0 `minimize` statements"),
        ("x0 ~ data\n minimize f", "this is the function `f`"),
        ("x0 ~ data\n minimize D.c_ot(1)", "`D` has no member `c_ot`"),
        ("x0 ~ data\n minimize (1 < 2) + (if 1 then 2 else 3)", "a condition such as `a < b` is expected"),
    ],
)
def test_a_mistake_is_named(text: str, message: str) -> None:
    with pytest.raises(SpecError) as refused:
        program(f"define objective o {{ {text} }}\nobjective o\n")
    (diagnostic,) = refused.value.diagnostics
    assert message in diagnostic.message
    assert diagnostic.span is not None
    assert diagnostic.span.line > HEAD.count("\n")


@pytest.mark.parametrize(
    ("text", "message", "way_out"),
    [
        ("objective consistency_traning\n", "no objective `consistency_traning`", "consistency_training"),
        ("objective consistency_training(metrc = l2)\n", "no parameter `metrc`", "metric"),
        ("objective consistency_training(metric = pseudo_hubr)\n", "no metric `pseudo_hubr`", "pseudo_huber"),
        ("sampler multistep\n", "needs its parameter `times`", "multistep(times = …)"),
        ("sampler ode(solver = heun, solver = euler)\n", "given twice", ""),
    ],
)
def test_a_wrong_reference_is_named(text: str, message: str, way_out: str) -> None:
    with pytest.raises(SpecError) as refused:
        program(text)
    (diagnostic,) = refused.value.diagnostics
    assert message in diagnostic.message
    assert way_out in diagnostic.help


def test_the_derivative_of_a_local_is_that_of_what_it_stands_for() -> None:
    asked: list[ir.Expr] = []

    def note(expression: ir.Expr, variable: ir.Var, span: Span) -> ir.Expr:
        asked.append(expression)
        return variable

    body = "x0 ~ data\n t ~ lognormal_noise\n y = t*x0\n w = y + x0\n minimize sqnorm(diff(w, t)*f(x0, t))"
    program(f"define objective o {{ {body} }}\nobjective o\n", note)
    x0, t = ir.Var("x0", Type.STATE), ir.Var("t", Type.SAMPLE)
    assert asked == [op("add", op("mul", ir.Spread(t, x0), x0), x0)]


def test_a_name_that_is_bound_again_has_no_derivative() -> None:
    step = "y = t*x\n y = y + x\n return diff(y, t)*x"
    solver = f"define solver twice {{ order = 1\n step(D, x, t, r) {{ {step} }} }}\n"
    with pytest.raises(SpecError, match="bound again"):
        program(solver + "sampler ode(solver = twice)\n")


TWO_NETWORKS = """define objective o {
    x0 ~ data
    z  ~ normal
    n  ~ on_grid
    t  = node(n + 1, N)
    s  = node(n, N)
    minimize %s
}
objective o
"""


def called(e: ir.Expr) -> set[str]:
    """Name the networks that an expression calls."""
    return {v.name for v in free(e) if v.type is Type.NETWORK}


def test_averaged_weights_are_constants_and_what_they_are_given_is_not() -> None:
    loss = function(TWO_NETWORKS % "mean(F_ema(F(perturb(x0, z, t), t, s), s, s)^2)", "loss_o")
    assert names(loss.params)[:3] == ["network", "x0", "*network_ema"]
    assert not any(isinstance(e, ir.StopGrad) for e in all_subexpressions(loss.body))


def test_a_network_in_the_arguments_of_the_averaged_one_stays_itself() -> None:
    loss = function(TWO_NETWORKS % "mean((f(x0, t) - f_ema(f(perturb(x0, z, t), t), s))^2)", "loss_o")
    (stopped,) = (e for e in all_subexpressions(loss.body) if isinstance(e, ir.StopGrad))
    assert called(stopped) == {"network", "network_ema"}


def test_coefficients_go_with_a_network_of_two_scalars_and_f_and_d_do_not() -> None:
    found = program(TWO_NETWORKS % "mean((D.c_out(t)*F(D.c_in(t)*x0 + z, D.c_noise(t), s))^2)")
    emitted = {f.name for f in found.functions}
    assert found.scalars == 2
    assert not emitted & {"consistency", "denoise"}
    assert {"c_out", "denoiser_c_out"} <= emitted
    assert {"consistency", "denoise"} <= {f.name for f in program("sampler onestep\n").functions}


def test_f_takes_one_scalar() -> None:
    with pytest.raises(SpecError) as refused:
        program(TWO_NETWORKS % "mean((F(x0 + z, t, s) - f(x0, t))^2)")
    assert [d.code for d in refused.value.diagnostics] == ["CM219"]


STAGES = "define curriculum stages { stage(k) = floor(8*k/K) }\n"


def test_a_curriculum_counts_nodes_only_for_who_speaks_of_them() -> None:
    found = program(STAGES + "objective ect { curriculum stages }\n")
    assert {f.name for f in found.functions if f.role is Role.CURRICULUM} == {"ect_stage"}
    with pytest.raises(SpecError) as refused:
        program(STAGES + "objective consistency_training { curriculum stages }\n")
    assert [d.code for d in refused.value.diagnostics] == ["CM214"]


def test_a_network_is_an_argument_of_functions_that_are_emitted_once() -> None:
    text = "half(net, y, s) = net(y, s)/2\nquarter(net, y, s) = half(net, y, s)/2\n"
    found = program(text + TWO_NETWORKS % "mean((quarter(F, x0, t) - quarter(F_ema, half(F, x0, t), s))^2)")
    half, quarter, loss = (found.function(name) for name in ("half", "quarter", "loss_o"))
    assert half is not None
    assert quarter is not None
    assert loss is not None
    assert [names(f.params) for f in (half, quarter)] == [["net", "y", "s"]] * 2
    assert found.function("half_2") is None
    passed = {e.args[0] for e in all_subexpressions(loss.body) if isinstance(e, ir.Call) and e.function == "quarter"}
    assert {v.name for v in passed if isinstance(v, ir.Var)} == {"network", "network_ema"}
