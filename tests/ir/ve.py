"""The VE spec as a Program, written by hand: what the lowering gives, and the fixture of everything after it."""

from fractions import Fraction

from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import (
    Call,
    Compare,
    Constant,
    Counting,
    Dim,
    Draw,
    Expr,
    Fill,
    Function,
    Gather,
    Lambda,
    Length,
    Let,
    Loop,
    Nodes,
    Objective,
    Param,
    Program,
    Reduce,
    Return,
    ReturnDraws,
    Role,
    Sampler,
    Select,
    Spread,
    Stmt,
    StopGrad,
    Type,
    Var,
)

S, X, H, U = Type.SAMPLE, Type.STATE, Type.STATIC, Type.UNIFORM
NETWORK, DENOISER = Type.NETWORK, Type.DENOISER
EPSILON, T, SIGMA_DATA = (Var(name, H) for name in ("EPSILON", "T", "SIGMA_DATA"))
t, r, s = (Var(name, S) for name in "trs")
x, z, x0, a, b = (Var(name, X) for name in ("x", "z", "x0", "a", "b"))
denoised = Var("denoised", X)
network, network_ema, teacher = Var("network", NETWORK), Var("network_ema", NETWORK), Var("teacher", DENOISER)
denoise = Var("denoise", DENOISER)
n, N, k, K = Var("n", S), Var("N", H), Var("k", H), Var("K", H)


def add(p: Expr, q: Expr) -> Expr:
    return op("add", p, q)


def sub(p: Expr, q: Expr) -> Expr:
    return op("sub", p, q)


def mul(p: Expr, q: Expr) -> Expr:
    return op("mul", p, q)


def div(p: Expr, q: Expr) -> Expr:
    return op("div", p, q)


def square(p: Expr) -> Expr:
    return op("pow", p, num(2))


def root(p: Expr) -> Expr:
    return op("sqrt", p)


def over(p: Expr, like: Expr) -> Expr:
    return Spread(p, like)


def of(name: str, *args: Expr, type: Type = S) -> Call:
    return Call(name, args, type)


def function(
    name: str, params: tuple[Var, ...], value: Expr, role: Role, result: Type = S, formula: str = "", line: int = 10
) -> Function:
    given = tuple(Param(p.name, p.type) for p in params)
    return Function(name, given, (Return(value),), result, role, formula, f"ve_edm.cm:{line}")


def process() -> tuple[Function, ...]:
    return (
        function("alpha", (t,), num(1), Role.PROCESS, S, "alpha(t) = 1"),
        function("sigma", (t,), t, Role.PROCESS, S, "sigma(t) = t"),
        function("drift", (x, t), mul(over(num(0), x), x), Role.PROCESS, X, "drift(x, t) = 0"),
        function("diffusion", (t,), root(mul(num(2), t)), Role.PROCESS, S, "diffusion(t) = sqrt(2*t)"),
        function("snr", (t,), div(num(1), square(t)), Role.PROCESS, S, "snr(t) = 1/t^2"),
        function("logsnr", (t,), mul(num(-2), op("log", t)), Role.PROCESS, S, "logsnr(t) = -2*log(t)"),
        function("time_at", (s,), s, Role.PROCESS, S, "time_at(s) = s"),
    )


def kernels() -> tuple[Function, ...]:
    K_ = Role.KERNEL
    alpha_t, sigma_t = over(of("alpha", t), x0), over(of("sigma", t), x0)
    ratio = div(num(1), t)
    flow = sub(mul(over(ratio, x), x), mul(over(ratio, x), denoised))

    def variance(u: Expr) -> Expr:
        return add(square(SIGMA_DATA), square(u))

    return (
        function("perturb", (x0, z, t), add(mul(alpha_t, x0), mul(sigma_t, z)), K_, X, "perturb(x0, z, t) = x0 + t*z"),
        function(
            "transition", (x, z, r, t), add(mul(num(1), x), mul(over(root(mul(sub(t, r), add(t, r))), x), z)), K_, X
        ),
        function(
            "score",
            (denoised, x, t),
            div(sub(mul(over(of("alpha", t), x), denoised), x), over(square(of("sigma", t)), x)),
            K_,
            X,
        ),
        function("velocity", (denoised, x, t), flow, K_, X, "velocity(D, x, t) = x/t - D/t"),
        function("exact_gaussian", (x, t, s), mul(over(root(div(variance(s), variance(t))), x), x), K_, X),
    )


def preconditions() -> tuple[Function, ...]:
    P = Role.PRECONDITION
    u = div(sub(t, EPSILON), SIGMA_DATA)
    deviation = root(add(square(SIGMA_DATA), square(t)))
    return (
        function(
            "c_skip",
            (t,),
            div(num(1), add(num(1), square(u))),
            P,
            S,
            "c_skip(t) = sigma_data^2/((t - epsilon)^2 + sigma_data^2)",
            22,
        ),
        function(
            "c_out",
            (t,),
            div(mul(SIGMA_DATA, sub(t, EPSILON)), deviation),
            P,
            S,
            "c_out(t) = sigma_data*(t - epsilon)/sqrt(sigma_data^2 + t^2)",
            22,
        ),
        function("c_in", (t,), div(num(1), deviation), P, S, "c_in(t) = 1/sqrt(sigma_data^2 + t^2)", 22),
        function("c_noise", (t,), div(op("log", t), num(4)), P, S, "c_noise(t) = log(t)/4", 22),
        function("denoiser_c_skip", (t,), div(num(1), add(num(1), square(div(t, SIGMA_DATA)))), P),
        function("denoiser_c_out", (t,), div(mul(SIGMA_DATA, t), deviation), P),
        function("denoiser_c_in", (t,), of("c_in", t), P),
        function("denoiser_c_noise", (t,), of("c_noise", t), P),
    )


def networks() -> tuple[Function, ...]:
    def applied(prefix: str) -> Expr:
        inner = Call(network, (mul(over(of(prefix + "c_in", t), x), x), of(prefix + "c_noise", t)), X)
        return add(mul(over(of(prefix + "c_skip", t), x), x), mul(over(of(prefix + "c_out", t), x), inner))

    return (
        function(
            "consistency",
            (network, x, t),
            applied(""),
            Role.NETWORK,
            X,
            "f(x, t) = c_skip(t)*x + c_out(t)*F(c_in(t)*x, c_noise(t))",
        ),
        function("denoise", (network, x, t), applied("denoiser_"), Role.NETWORK, X),
    )


def karras(i: Expr, count: Expr) -> Expr:
    low, high = (op("pow", end, div(num(1), num(7))) for end in (EPSILON, T))
    inner = op("pow", add(low, mul(div(sub(i, num(1)), sub(count, num(1))), sub(high, low))), num(7))
    last = Select(Compare("==", i, count, i.type), T, inner, i.type)
    return Select(Compare("==", i, num(1), i.type), EPSILON, last, i.type)


def grids() -> tuple[Function, ...]:
    count = Var("n", H)
    body = (Return(karras(Counting(num(1), count), count)),)
    return (
        Function(
            "grid",
            (Param("n", H),),
            body,
            Type.TABLE,
            Role.GRID,
            "node(i, N), the grid of Karras et al. (2022)",
            "grids.cm:3",
        ),
    )


def curricula() -> tuple[Function, ...]:
    stages = add(op("log2", op("floor", div(num(160), num(10)))), num(1))
    stage = Let("stage", op("floor", div(K, stages)))
    doubled = mul(num(10), op("pow", num(2), op("floor", div(k, Var("stage", H)))))
    steps = (Param("k", H), Param("K", H))
    nodes = (stage, Return(add(op("min", doubled, num(160)), num(1))))
    return (
        Function("ict_N", steps, nodes, H, Role.CURRICULUM, "", "curricula.cm:12", host=True, integer=True),
        Function("ict_mu", steps, (Return(num(0)),), H, Role.CURRICULUM, "mu(k) = 0", "curricula.cm:14", host=True),
    )


def definitions() -> tuple[Function, ...]:
    D = Role.DEFINITION
    c = mul(num("0.00054"), root(Dim(a)))
    huber = sub(root(add(Reduce("sqnorm", (sub(a, b),)), square(c))), c)
    return (
        function("pseudo_huber", (a, b), huber, D, S, "d(a, b) = sqrt(sqnorm(a - b) + c^2) - c"),
        function("inverse_gap", (t, r), div(num(1), sub(t, r)), D, S, "w(t, r) = 1/(t - r)"),
        function("l2", (a, b), Reduce("mean", (square(sub(a, b)),)), D),
    )


def solvers() -> tuple[Function, ...]:
    def velocity_at(point: Expr, time: Expr) -> Expr:
        return of("velocity", Call(denoise, (point, time), X), point, time, type=X)

    step = over(sub(r, t), x)
    d1, d2 = Var("d1", X), Var("d2", X)
    heun: tuple[Stmt, ...] = (
        Let("d1", velocity_at(x, t)),
        Let("d2", velocity_at(add(x, mul(step, d1)), r)),
        Return(add(x, div(mul(step, add(d1, d2)), num(2)))),
    )
    params = tuple(Param(v.name, v.type) for v in (denoise, x, t, r))
    return (
        Function("heun_step", params, heun, X, Role.SOLVER, "one step of order 2 from t to r", "solvers.cm:8"),
        function("euler_step", (denoise, x, t, r), add(x, mul(step, velocity_at(x, t))), Role.SOLVER, X),
    )


def consistency_of(net: Expr, point: Expr, time: Expr) -> Expr:
    return of("consistency", net, point, time, type=X)


def perturbed(time: Expr) -> Expr:
    return of("perturb", x0, z, time, type=X)


def keywords(*variables: Var) -> tuple[Param, ...]:
    return tuple(Param(v.name, v.type, keyword=True) for v in variables)


def losses() -> tuple[Function, ...]:
    nodes = Nodes(N, x0)
    times = (Let("t", Gather(nodes, sub(add(n, num(1)), num(1)), S)), Let("r", Gather(nodes, sub(n, num(1)), S)))
    student = consistency_of(network, perturbed(t), t)
    frozen = StopGrad(consistency_of(network_ema, perturbed(r), r), X)
    ict = (*times, Return(mul(of("inverse_gap", t, r), of("pseudo_huber", student, frozen))))
    x_t, x_r = Var("x_t", X), Var("x_r", X)
    distilled = (
        *times,
        Let("x_t", perturbed(t)),
        Let("x_r", StopGrad(of("heun_step", teacher, x_t, t, r, type=X), X)),
        Return(
            mul(num(1), of("l2", consistency_of(network, x_t, t), StopGrad(consistency_of(network_ema, x_r, r), X)))
        ),
    )
    weight = div(num(1), square(of("denoiser_c_out", t)))
    denoising = mul(weight, Reduce("mean", (square(sub(of("denoise", network, perturbed(t), t, type=X), x0)),)))
    head = (Param("network", NETWORK), Param("x0", X))
    return (
        Function("loss_ict", head + keywords(network_ema, z, n, N), ict, S, Role.LOSS, "", "ve_edm.cm:24"),
        Function("loss_denoising", head + keywords(z, t), (Return(denoising),), S, Role.LOSS, "", "ve_edm.cm:25"),
        Function(
            "loss_consistency_distillation",
            head + keywords(network_ema, teacher, z, n, N),
            distilled,
            S,
            Role.LOSS,
            "",
            "ve_edm.cm:27",
        ),
    )


def draws() -> tuple[Function, ...]:
    i = Counting(num(1), sub(N, num(1)))

    def node(index: Expr) -> Expr:
        return Gather(Nodes(N, None), index, Type.TABLE)

    def cdf(u: Expr) -> Expr:
        return op("erf", div(sub(op("log", u), num("-1.1")), mul(root(num(2)), num(2))))

    weights = sub(cdf(node(sub(add(i, num(1)), num(1)))), cdf(node(sub(i, num(1)))))
    noise = Draw("z", "normal_like", (x0,), X)
    head = (Param("x0", X),)
    ict = (noise, Draw("n", "index", (weights,), S), ReturnDraws(("z", "n")))
    clamped = op("min", op("max", s, EPSILON), T)
    denoising = (
        noise,
        Draw("s", "lognormal", (num("-1.2"), num("1.2")), S),
        Let("t", clamped),
        ReturnDraws(("z", "t")),
    )
    on_grid = (noise, Draw("n", "integers", (num(1), sub(N, num(1))), S), ReturnDraws(("z", "n")))
    R = Type.TABLE
    return (
        Function("draw_ict", head + keywords(N), ict, R, Role.DRAW, "", "ve_edm.cm:24"),
        Function("draw_denoising", head, denoising, R, Role.DRAW, "", "ve_edm.cm:25"),
        Function("draw_consistency_distillation", head + keywords(N), on_grid, R, Role.DRAW, "", "ve_edm.cm:27"),
    )


def samplers() -> tuple[Function, ...]:
    top, bottom = Fill(T, z), Fill(EPSILON, x)
    start = Let("x", mul(T, z))
    first = Let("x", consistency_of(network, x, Fill(T, x)))
    zs, counter, sigma = Var("zs", X), Var("n", Type.LOOP), Var("s", Type.LOOP)
    moved = of("transition", x, z, bottom, Fill(sigma, x), type=X)
    again = Let("x", consistency_of(network, moved, Fill(sigma, x)))
    loop = Loop("s", None, None, False, Var("times", Type.SEQUENCE), (("z", zs),), (x,), (again,))

    def point(index: Expr) -> Expr:
        return Fill(Gather(Nodes(N, z), index, U), x)

    denoiser = Lambda((x, t), of("denoise", network, x, t, type=X), DENOISER)
    step = of("heun_step", denoiser, x, point(sub(counter, num(1))), point(sub(sub(counter, num(1)), num(1))), type=X)
    solve = Loop("n", N, num(2), True, None, (), (x,), (Let("x", step),))
    last = Var("last", H)
    final = Select(Compare("==", last, num(1), H), of("denoise", network, x, bottom, type=X), x, X)
    head = (Param("network", NETWORK), Param("z", X))
    given = (Fraction("0.821"),)
    ode = (*head, Param("N", H, True, Fraction(18)), Param("last", H, True, Fraction(1)))
    return (
        Function("sample_onestep", head, (start, Return(consistency_of(network, x, top))), X, Role.SAMPLER),
        Function(
            "sample_multistep",
            (*head, Param("zs", X, True), Param("times", Type.SEQUENCE, True, given)),
            (start, first, loop, Return(x)),
            X,
            Role.SAMPLER,
            "",
            "samplers.cm:8",
        ),
        Function("sample_ode", ode, (start, solve, Return(final)), X, Role.SAMPLER),
    )


def sampler_draws() -> tuple[Function, ...]:
    like = Param("x", X)
    z_draw = Draw("z", "normal_like", (x,), X)
    times = Param("times", Type.SEQUENCE, True, (Fraction("0.821"),))
    zs_draw = Draw("zs", "normal_like", (x, Length(Var("times", Type.SEQUENCE))), X)
    R = Type.TABLE
    return (
        Function("draw_sample_onestep", (like,), (z_draw, ReturnDraws(("z",))), R, Role.DRAW),
        Function("draw_sample_multistep", (like, times), (z_draw, zs_draw, ReturnDraws(("z", "zs"))), R, Role.DRAW),
        Function("draw_sample_ode", (like,), (z_draw, ReturnDraws(("z",))), R, Role.DRAW),
    )


def ve_program() -> Program:
    """Give the Program of the VE spec as the lowering would, before any pass."""
    constants = (
        Constant("SIGMA_DATA", "sigma_data", Fraction(1, 2)),
        Constant("EPSILON", "epsilon", Fraction(1, 500)),
        Constant("T", "T", Fraction(80)),
    )
    functions = (
        *process(), *kernels(), *preconditions(), *networks(), *grids(), *curricula(), *definitions(),
        *solvers(), *losses(), *draws(), *sampler_draws(), *samplers(),
    )  # fmt: skip
    return Program(
        "ve_edm",
        "Consistency models on the EDM diffusion: Song et al. (2023), sections 2 and 3.",
        "specs/ve_edm.cm",
        "0" * 64,
        "0.1.0",
        constants,
        functions,
        (
            Objective("ict", "loss_ict", "draw_ict", "ict_N", "ict_mu"),
            Objective("denoising", "loss_denoising", "draw_denoising", None, None),
            Objective(
                "consistency_distillation", "loss_consistency_distillation", "draw_consistency_distillation", None, None
            ),
        ),
        (
            Sampler("onestep", "sample_onestep", "draw_sample_onestep"),
            Sampler("multistep", "sample_multistep", "draw_sample_multistep"),
            Sampler("ode", "sample_ode", "draw_sample_ode"),
        ),
        (("heun_step", 2), ("euler_step", 1)),
        (1, 8, 8),
        ("mlp", ()),
    )
