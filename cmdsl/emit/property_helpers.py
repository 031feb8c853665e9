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
    "WEIGHT": """
WEIGHT = 0.25
""",
    "STATES": """
# Four batches of three samples.
STATES = [
    [[[(29 * b + 17 * i + 22 * r + 11 * c) % 64 / 16 - 1.96875 for c in range(2)] for r in range(2)] for i in range(3)]
    for b in range(4)
]
""",
    "made": '''
def made(arguments, weight):
    """Give arguments as arrays, and networks of a weight."""
    forms = {name: value(weight) for name, value in arguments.items() if callable(value)}
    arrays = {name: array(value, FLOAT64) for name, value in arguments.items() if isinstance(value, list)}
    return arguments | forms | arrays
''',
    "passed_network": '''
def passed_network(weight):
    """Give the averaged network where a derivative passes through it: its weight is a constant."""
    return averaged_network(WEIGHT)
''',
    "averaged_network": '''
def averaged_network(weight):
    """Give a network with another weight."""
    return small_network(weight / 2)
''',
    "small_network": '''
def small_network(weight):
    """Give a network with one weight."""
    return lambda x, *scalars: weight * tanh(x) + over(sum(scalars), x) / 64
''',
    "small_denoiser": '''
def small_denoiser(weight):
    """Give a denoiser with one weight."""
    return lambda x, t: weight * tanh(x) + x / 2 + over(t, x) / 64
''',
    "small_functions": '''
def small_functions(weight):
    """Give learned functions with one weight, under any name."""
    return collections.defaultdict(lambda: lambda *scalars: weight * tanh(sum(scalars)))
''',
    "MANY": """
MANY = 2**20
""",
    "share_of": '''
def share_of(condition):
    """Give the share of entries for which a condition holds."""
    return condition.sum().item() / MANY
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
