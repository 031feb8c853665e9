"""What the texts of properties share: loading the model, states and times, the exact denoiser, small networks."""

LOADING = '''
def load() -> ModuleType:
    """Import the model.py beside this file, whatever package either is in."""
    spec = importlib.util.spec_from_file_location("model_under_test", Path(__file__).with_name("model.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


model = load()
DEVIATION = getattr(model, "SIGMA_DATA", 1.0)
START = getattr(model, "EPSILON", model.T / 1000)  # the ODE may be singular at time 0
examples = settings(max_examples=25, deadline=None)
fractions = st.floats(0.05, 1.0)
elements = st.lists(st.floats(-3.0, 3.0, width=32, allow_subnormal=False), min_size=3, max_size=3)
'''

HELPERS = {
    "over": '''
def over(t, x):
    """Give scalars `[batch]` the rank of x."""
    return t.reshape(t.shape + (1,) * (x.ndim - t.ndim))
''',
    "time_at_fraction": '''
def time_at_fraction(fraction):
    """Give a time between START and T; small fractions are near START."""
    return START + (model.T - START) * fraction**3
''',
    "states": '''
def states(values, dtype=FLOAT64):
    """Give a batch of one state."""
    return array([values], dtype)
''',
    "at": '''
def at(t, dtype=FLOAT64):
    """Give a time as a batch of one."""
    return array([t], dtype)
''',
    "assert_close": '''
def assert_close(a, b, tolerance=1e-11):
    """Compare two batches, relative to the largest entry of the first."""
    pairs = list(zip(flat(listed(a)), flat(listed(b)), strict=True))
    scale = max(abs(p) for p, _ in pairs) + 1e-12
    assert all(abs(p - q) <= tolerance * scale for p, q in pairs), (a, b)
''',
    "flat": '''
def flat(nested):
    """Give the numbers in nested lists."""
    return [v for item in nested for v in flat(item)] if isinstance(nested, list) else [nested]
''',
    "exact_denoiser": '''
def exact_denoiser(x, t):
    """Give E[x0 given x_t] for data N(0, DEVIATION^2)."""
    alpha, sigma = model.alpha(t), model.sigma(t)
    return over(alpha * DEVIATION**2 / (alpha**2 * DEVIATION**2 + sigma**2), x) * x
''',
    "solved": '''
def solved(solver, steps):
    """Follow the exact denoiser's ODE in the middle of the time interval; give the error at the end."""
    start, stop = ((1 - share) * START + share * model.T for share in (0.5, 0.25))
    x = states([1.0])
    times = array([start + (stop - start) * n / steps for n in range(steps + 1)], FLOAT64)
    end = model.integrate(exact_denoiser, x, times, getattr(model, solver))
    return abs(flat(listed(end - model.exact_gaussian(x, at(start), at(stop))))[0])
''',
    "small_network": '''
def small_network(weight):
    """Give a network with one weight."""
    return lambda x, *scalars: weight * sin(x) + 0.01 * over(sum(scalars), x)
''',
    "counts": '''
def counts(objective):
    """Give k, K and N early in a training run."""
    k, K = 10, 1000
    nodes = getattr(model, f"{objective}_N", lambda k, K: 18)
    return {"k": k, "K": K, "N": nodes(k, K)}
''',
    "accepted": '''
def accepted(function, values):
    """Give those values that a function has a parameter for."""
    return {name: value for name, value in values.items() if name in inspect.signature(function).parameters}
''',
    "data": '''
def data(dtype):
    """Give a batch of four samples, the first of them zero."""
    return array([[0.3 * i * (-1) ** j + 0.1 * i * j for j in range(6)] for i in range(4)], dtype)
''',
}
