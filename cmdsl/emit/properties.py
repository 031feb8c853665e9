"""The properties that an emitted module is tested for, in Python that knows no framework but through a few adapters.

Adapters define `array(values, dtype)`, `listed(x)`, `tanh(x)`, `FLOAT32`, `FLOAT64`, `drawn(name, x, **counts)`,
`learned(objective)`, the functions that an objective learns, as they are at first, and
`differentiated(function, weight, dtype)`, the values of a function of a number and the derivative of their sum.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from cmdsl.ir.nodes import Program, Role


@frozen
class Property:
    """The text of a test, and what a program must have for it; `$solvers`, `$learned` stand for the program's own."""

    needs: Callable[[Program], bool]
    text: str


def _functions(*names: str) -> Callable[[Program], bool]:
    return lambda program: all(program.function(name) for name in names)


def _role(role: Role) -> Callable[[Program], bool]:
    return lambda program: any(f.role is role for f in program.functions)


def _both(*conditions: Callable[[Program], bool]) -> Callable[[Program], bool]:
    return lambda program: all(condition(program) for condition in conditions)


COEFFICIENTS = _functions("consistency", "c_skip", "c_out")
FLOW = _functions("exact_gaussian", "alpha", "sigma")

PROPERTIES = (
    Property(
        _functions("c_skip", "c_out"),
        '''
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
def test_coefficients_at_the_boundary(dtype):
    """c_skip(EPSILON) is 1 and c_out(EPSILON) is 0, to the last bit."""
    t = array([model.EPSILON] * 3, dtype)
    assert listed(model.c_skip(t)) == [1.0] * 3
    assert listed(model.c_out(t)) == [0.0] * 3
''',
    ),
    Property(
        COEFFICIENTS,
        '''
@examples
@given(values=elements, weight=st.floats(-10.0, 10.0))
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
def test_consistency_function_at_the_boundary(dtype, values, weight):
    """f(x, EPSILON) is x, whatever the network."""
    x = states(values, dtype)
    assert listed(model.consistency(small_network(weight), x, at(model.EPSILON, dtype))) == listed(x)
''',
    ),
    Property(
        FLOW,
        '''
@examples
@given(first=fractions, second=fractions, values=elements)
def test_points_of_a_trajectory_end_in_one_point(first, second, values):
    """The exact consistency function of Gaussian data is the same along a trajectory, and the identity at its start."""
    x, t, s, end = states(values), at(time_at_fraction(first)), at(time_at_fraction(second)), at(START)
    assert_close(model.exact_gaussian(model.exact_gaussian(x, t, s), s, end), model.exact_gaussian(x, t, end))
    assert_close(model.exact_gaussian(x, end, end), x)
''',
    ),
    Property(
        _both(COEFFICIENTS, FLOW, _functions("c_in", "c_noise")),
        '''
@examples
@given(fraction=st.floats(0.3, 1.0), values=elements)
def test_consistency_function_of_the_exact_network(fraction, values):
    """The network is given c_in(t)*x and c_noise(t); the one that solves c_skip*x + c_out*F = f gives f."""
    x, t = states(values), at(time_at_fraction(fraction))
    exact = model.exact_gaussian(x, t, at(model.EPSILON))

    def network(scaled, noise):
        assert_close(scaled, over(model.c_in(t), x) * x)
        assert_close(noise, model.c_noise(t))
        return (exact - over(model.c_skip(t), x) * x) / over(model.c_out(t), x)

    assert_close(model.consistency(network, x, t), exact)
''',
    ),
    Property(
        _both(FLOW, _role(Role.SOLVER)),
        '''
@pytest.mark.parametrize($solvers)
def test_solver_converges_at_its_order(solver, order):
    """With the exact denoiser, half the step leaves an error smaller by 2^order."""
    coarse, fine = solved(solver, 32), solved(solver, 64)
    assert fine <= coarse / 2 ** (order - 0.25) + 1e-13


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
@pytest.mark.parametrize($solvers)
def test_solver_reaches_the_boundary(solver, order, dtype):
    """The last step, to where the ODE may be singular, is finite."""
    x, t, s = states([1.0], dtype), at((START + model.T) / 2, dtype), at(START, dtype)
    end = flat(listed(getattr(model, solver)(exact_denoiser, x, t, s)))
    assert all(map(math.isfinite, end))
''',
    ),
    Property(
        _functions("velocity", "score", "drift", "diffusion"),
        '''
@examples
@given(fraction=fractions, values=elements, scale=st.floats(-2.0, 2.0))
def test_velocity_is_the_probability_flow(fraction, values, scale):
    """dx/dt = drift - diffusion^2/2 * score, for any denoised estimate."""
    x, t = states(values), at(time_at_fraction(fraction))
    half = over(model.diffusion(t) ** 2 / 2, x) * model.score(scale * tanh(x), x, t)
    drift, velocity = model.drift(x, t), model.velocity(scale * tanh(x), x, t)
    terms = zip(*(flat(listed(v)) for v in (drift, half, velocity)), strict=True)
    finite = [(f, h, v) for f, h, v in terms if math.isfinite(f - h)]  # the drift may be singular at T
    assert all(abs(v - (f - h)) <= 1e-9 * (abs(f) + abs(h) + 1) for f, h, v in finite)
''',
    ),
    Property(
        _functions("alpha", "sigma"),
        '''
def test_analytic_denoiser_of_two_points():
    """Of the data c and -c it is c*tanh(alpha*x.c/sigma^2)."""
    c = array([[0.5, -1.0, 0.25]], FLOAT64)
    x = array([[1.0, -0.5, 2.0], [0.5, 0.25, -1.0], [-2.0, -1.0, 0.0]], FLOAT64)
    t = array([time_at_fraction(fraction) for fraction in (0.3, 0.6, 1.0)], FLOAT64)
    denoise = model.analytic_denoiser(array([listed(c)[0], listed(-c)[0]], FLOAT64), block=1)
    side = tanh(model.alpha(t) * (x * c).sum(1) / model.sigma(t) ** 2)
    assert_close(denoise(x, t), over(side, x) * c)
''',
    ),
    Property(
        _functions("perturb", "transition", "alpha", "sigma"),
        '''
@examples
@given(fraction=fractions, share=st.floats(0.0, 0.99), values=elements)
def test_kernels_compose(fraction, share, values):
    """From data to r and on to t is from data to t: the means chain and the variances add."""
    t = time_at_fraction(fraction)
    r = START + share * (t - START)
    x, none, r, t = states(values), states([0.0] * len(values)), at(r), at(t)
    assert_close(model.transition(model.perturb(x, none, r), none, r, t), model.perturb(x, none, t))
    carried = model.transition(over(model.sigma(r), x) * x, none, r, t)
    added = model.transition(none, x, r, t)
    assert_close(carried**2 + added**2, model.perturb(none, x, t) ** 2)
''',
    ),
    Property(
        _functions("grid"),
        '''
@examples
@given(n=st.integers(2, 300))
def test_grid_increases_between_exact_ends(n):
    """The times start at EPSILON and end at T, to the last bit, and increase."""
    times = listed(model.grid(n))
    assert len(times) == n
    assert (times[0], times[-1]) == (model.EPSILON, model.T)
    assert all(a < b for a, b in itertools.pairwise(times))
''',
    ),
    Property(
        _role(Role.CURRICULUM),
        '''
@examples
@given(k=st.integers(0, 999_999))
@pytest.mark.parametrize("objective", model.OBJECTIVES)
def test_curriculum_counts_nodes(objective, k):
    """N(k) is a whole number of at least two nodes, and mu(k) a decay below one."""
    K = 1_000_000
    nodes = getattr(model, f"{objective}_N", lambda k, K: 2)(k, K)
    assert isinstance(nodes, int)
    assert nodes >= 2
    assert 0 <= getattr(model, f"{objective}_mu", lambda k, K: 0)(k, K) < 1
''',
    ),
    Property(
        _role(Role.LOSS),
        '''
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
@pytest.mark.parametrize("objective", model.OBJECTIVES)
def test_loss_and_its_gradient_are_finite(objective, dtype):
    """One loss per sample, with a finite derivative by a weight of the network."""
    loss, draw = (getattr(model, f"{kind}_{objective}") for kind in ("loss", "draw"))
    x0 = data(dtype)
    others = {
        "network_ema": small_network(0.2),
        "teacher": lambda x, t: x / 2,
        "learned": learned(objective),
        **counts(objective),
        **drawn(f"draw_{objective}", x0, **accepted(draw, counts(objective))),
    }
    keywords = accepted(loss, others)
    values, slope = differentiated(lambda weight: loss(small_network(weight), x0, **keywords), 0.3, dtype)
    assert len(listed(values)) == len(listed(x0))
    assert all(map(math.isfinite, [*listed(values), slope]))
''',
    ),
    Property(
        lambda program: any(o.learned for o in program.objectives),
        '''
@pytest.mark.parametrize($learned)
def test_learned_functions_are_zero_at_first(objective, name, scalars):
    """Each is a function of its scalars that training starts from zero."""
    times = array([model.T / 3, model.T], FLOAT32)
    assert listed(learned(objective)[name](*[times] * scalars)) == [0.0, 0.0]
''',
    ),
    Property(
        _role(Role.SAMPLER),
        '''
@pytest.mark.parametrize("sampler", model.SAMPLERS)
def test_sampler_gives_finite_samples(sampler):
    """Samples have the shape of the noise that they are made from."""
    x = data(FLOAT32)
    draws = drawn(f"draw_sample_{sampler}", x)
    samples = listed(getattr(model, f"sample_{sampler}")(small_network(0.3), **draws))
    assert [len(row) for row in samples] == [len(row) for row in listed(x)]
    assert all(map(math.isfinite, flat(samples)))
''',
    ),
)
