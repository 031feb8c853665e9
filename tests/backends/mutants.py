"""Mistakes that a person, or a printer, could make in the model of `specs/ve_edm.cm`, and the tests that find them."""

from collections.abc import Iterator

from attrs import frozen

Change = tuple[str, str]


@frozen
class Mutant:
    """A change within one function or class, by backend, and the names of the tests that have to fail, each of them."""

    name: str
    where: str
    torch: Change | None
    jax: Change | None
    killers: tuple[str, ...]

    def applied(self, model: str, backend: str) -> str | None:
        """Give the text of a model with the change, None where the backend has no such place."""
        change = {"torch": self.torch, "jax": self.jax}[backend]
        if change is None:
            return None
        start = min(i for i in (model.find(f"\n{kind} {self.where}(") for kind in ("def", "class")) if i >= 0)
        stop = model.find("\n\n\n", start + 1)
        body = model[start : stop if stop >= 0 else len(model)]
        assert change[0] in body, (self.name, change[0])
        return model.replace(body, body.replace(*change))


def both(name: str, where: str, old: str, new: str, *killers: str) -> Mutant:
    """Make a mutant of a text that both backends print."""
    return Mutant(name, where, (old, new), (old.replace("torch.", "jnp."), new.replace("torch.", "jnp.")), killers)


def _values(*names: str) -> tuple[str, ...]:
    return tuple(f"test_call_agrees_with_reference[{name}]" for name in names)


def _slopes(*names: str) -> tuple[str, ...]:
    return tuple(f"test_gradient_agrees_with_reference[{name}]" for name in names)


def _draws(*names: str) -> tuple[str, ...]:
    return tuple(f"test_draws_follow_their_distributions[{name}]" for name in names)


ICT, CT, CD = "loss_ict", "loss_consistency_training", "loss_consistency_distillation"
STOPPED = ("jax.lax.stop_gradient(consistency(", "(consistency(")
UNSTOPPED = ("with torch.no_grad():", "if True:")
FORGETFUL = ("network(over(c_in(t), x) * x, c_noise(t))", "network(x, c_noise(t))")


def losses() -> Iterator[Mutant]:
    """Yield mistakes in losses."""
    yield both("weight dropped", ICT, "inverse_gap(t, r) * ", "", *_values(ICT), *_slopes(ICT))
    yield both("weight at equal times", ICT, "inverse_gap(t, r)", "inverse_gap(t, t)", *_values(ICT))
    yield both("target by the network", ICT, "consistency(network_ema,", "consistency(network,", *_values(ICT))
    yield both("network by the average", ICT, "consistency(network, ", "consistency(network_ema, ", *_values(ICT))
    for name in (ICT, CT, CD):
        yield Mutant(f"target differentiated in {name}", name, UNSTOPPED, STOPPED, _slopes(name))
    yield both("target at t", ICT, "perturb(x0, z, r)", "perturb(x0, z, t)", *_values(ICT))
    yield both("f at r", ICT, "perturb(x0, z, t), t)", "perturb(x0, z, t), r)", *_values(ICT))
    yield both("f of the earlier state", CT, "perturb(x0, z, t), t)", "perturb(x0, z, r), t)", *_values(CT))
    yield both("target of another noise", CT, "perturb(x0, z, r)", "perturb(x0, -z, r)", *_values(CT))
    yield both("another metric", ICT, "pseudo_huber(", "l2(", *_values(ICT), *_slopes(ICT))
    yield both("two steps earlier", CT, "times[n - 1]", "times[n - 2]", *_values(CT))
    yield both("one step later", CT, "t = times[n]", "t = times[n - 1]", *_values(CT))
    yield both("teacher backwards", CD, "x_t, t, r)", "x_t, r, t)", *_values(CD))
    yield both("no teacher", CD, "heun_step(teacher, x_t, t, r)", "perturb(x0, z, r)", *_values(CD))
    yield both("target at t in distillation", CD, "x_r, r)", "x_r, t)", *_values(CD))
    yield both("weight of one power", "loss_denoising", "c_out(t) ** 2", "c_out(t)", *_values("loss_denoising"))
    yield both("clean input", "loss_denoising", "perturb(x0, z, t), t)", "x0, t)", *_values("loss_denoising"))
    yield both("f for D", "loss_denoising", "denoise(network", "consistency(network", *_values("loss_denoising"))


def draws() -> Iterator[Mutant]:
    """Yield mistakes in draws."""
    one = ((" + 1).to(", ").to("), (" + 1).astype(", ").astype("))
    yield Mutant("index from zero", "draw_ict", *one, _draws("draw_ict"))
    yield both("mean of the other sign", "draw_ict", "+ 1.1)", "- 1.1)", *_draws("draw_ict"))
    yield both("narrow", "draw_ict", "math.sqrt(2) * 2", "math.sqrt(2)", *_draws("draw_ict"))
    yield both("mean without its sign", "draw_denoising", "(-1.2 + ", "(1.2 + ", *_draws("draw_denoising"))
    yield both("no deviation", "draw_denoising", "+ 1.2 * ", "+ ", *_draws("draw_denoising"))
    unclamped = ("torch.clamp(s, min=EPSILON, max=T)", "s"), ("jnp.minimum(jnp.maximum(s, EPSILON), T)", "s")
    yield Mutant("no clamp", "draw_denoising", *unclamped, _draws("draw_denoising"))
    for name in ("draw_consistency_training", "draw_consistency_distillation"):
        yield both(f"no last node in {name}", name, "1, N", "1, N - 1", *_draws(name))
        yield both(f"node zero in {name}", name, "1, N", "0, N", *_draws(name))
    uniform = ("torch.randn(x0", "torch.rand(x0"), ("random.normal(key_z", "random.uniform(key_z")
    yield Mutant("uniform noise", "draw_ict", *uniform, _draws("draw_ict"))
    yield Mutant("one key", "draw_denoising", None, ("(key_s, ", "(key_z, "), _draws("draw_denoising"))
    same = ('return {"z": z, "zs": zs}', 'return {"z": z, "zs": z.expand(zs.shape)}')
    keys = ("(key_zs, ", "(key_z, ")
    yield Mutant("one noise", "draw_sample_multistep", same, keys, _draws("draw_sample_multistep"))
    yield both("half noise", "draw_sample_ode", '{"z": z}', '{"z": z / 2}', *_draws("draw_sample_ode"))


def samplers() -> Iterator[Mutant]:
    """Yield mistakes in samplers."""
    for name in ("sample_onestep", "sample_multistep", "sample_ode"):
        yield both(f"prior of one in {name}", name, "x = T * z", "x = z", *_values(name))
    multistep, ode = "sample_multistep", "sample_ode"
    yield both("f at T again", multistep, "x), t), t)", "x), t), fill(T, x))", *_values(multistep))
    yield both(
        "perturbed to T",
        multistep,
        "fill(EPSILON, x), t), t)",
        "fill(EPSILON, x), fill(T, x)), t)",
        *_values(multistep),
    )
    yield both(
        "marginal kernel", multistep, "transition(x, z, fill(EPSILON, x), t)", "perturb(x, z, t)", *_values(multistep)
    )
    yield both("kernel from zero", multistep, "fill(EPSILON, x), t)", "fill(0.0, x), t)", *_values(multistep))
    yield both("D for f", "sample_onestep", "consistency(", "denoise(", *_values("sample_onestep"))
    shorter = ("range(N, 1, -1)", "range(N, 2, -1)"), ("arange(N, 1, -1)", "arange(N, 2, -1)")
    yield Mutant("one step short", ode, *shorter, _values(ode))
    later = ("range(N, 1, -1)", "range(N - 1, 1, -1)"), ("arange(N, 1, -1)", "arange(N - 1, 1, -1)")
    yield Mutant("one step late", ode, *later, _values(ode))
    yield both("no last step", ode, "if last == 1", "if last == 0", *_values(ode))
    yield both("steps of length zero", ode, "times[n - 2]", "times[n - 1]", *_values(ode))
    yield both("f in the ODE", ode, "partial(denoise,", "partial(consistency,", *_values(ode))
    module = ("consistency(self.network", "denoise(self.network")
    yield Mutant("module of D", "ConsistencyModel", module, None, ("test_module_is_the_consistency_function",))


def formulas() -> Iterator[Mutant]:
    """Yield mistakes in everything that those are made of."""
    root = ("math.sqrt(a.shape[1:].numel())", "a.shape[1:].numel()")
    product = ("math.sqrt(math.prod(a.shape[1:]))", "math.prod(a.shape[1:])")
    yield Mutant("c without its root", "pseudo_huber", root, product, _values("pseudo_huber"))
    side = ("a.shape[1:].numel()", "a.shape[1]"), ("math.prod(a.shape[1:])", "a.shape[1]")
    yield Mutant("c of one side", "pseudo_huber", *side, _values("pseudo_huber"))
    yield both("no c at the end", "pseudo_huber", " - c", "", *_values("pseudo_huber"))
    yield both("sum for mean", "l2", "mean((a - b) ** 2)", "sqnorm(a - b)", *_values("l2"))
    yield both("mean for sum", "pseudo_huber", "sqnorm(a - b)", "mean((a - b) ** 2)", *_values("pseudo_huber"))
    agree = "test_agreement_with_reference[{}-float64]"
    c_skip, c_noise = (agree.format(name) for name in ("c_skip", "c_noise"))
    yield both("unshifted", "c_skip", "(t - EPSILON)", "t", c_skip)
    yield both("off by little", "c_skip", "return 1 /", "return (1 + 1e-7) /", c_skip)
    yield both("no sigma_data", "c_out", "return SIGMA_DATA * (t", "return (t", agree.format("c_out"))
    single = ("torch.log(t) / 4", "torch.log(t.float()).to(t.dtype) / 4")
    single_in_jax = ("jnp.log(t) / 4", 'jnp.log(t.astype("float32")).astype(t.dtype) / 4')
    yield Mutant("single precision", "c_noise", single, single_in_jax, (c_noise,))
    yield both("unscaled input", "consistency", *FORGETFUL, *_values("consistency"))
    transition = agree.format("transition")
    yield both("variance exploding", "transition", "torch.sqrt((r + t) * (t - r))", "(t - r)", transition)
    yield both("half velocity", "velocity", "(x - denoised)", "0.5 * (x - denoised)", agree.format("velocity"))
    yield both("first order", "heun_step", "(d1 + d2) / 2", "d1", *_values("heun_step"))
    yield both(
        "slope at t",
        "heun_step",
        "velocity(denoise(total, s), total, s)",
        "velocity(denoise(total, t), total, t)",
        *_values("heun_step"),
    )
    analytic = ("analytic_denoiser", "kept * mass", "mass", "test_analytic_denoiser_of_two_points")
    yield both("sums of other scales", *analytic)
    yield both("wrong grid", "grid", "(i - 1) / (n - 1)", "(i - 1) / n", "test_grid_agrees_with_reference[grid]")
    yield both("curriculum", "ict_N", ", 160) + 1)", ", 160) + 0.5)", "test_schedule_agrees_with_reference[ict_N]")


MUTANTS = (*losses(), *draws(), *samplers(), *formulas())
