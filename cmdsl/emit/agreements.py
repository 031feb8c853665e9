"""The tests that compare an emitted module with reference values, and how those values stand in the file."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from cmdsl.emit.cases import Case, cases
from cmdsl.emit.listings import display
from cmdsl.emit.quantiles import Draws, distributions
from cmdsl.emit.reference import Row, Table, grids, schedules, tables
from cmdsl.ir.nodes import Program

ULPS = 8  # of float32, on the scale that rounding the arguments and parameters once sets


@frozen
class Reference:
    """A mapping of reference values: its name, what is said of it, its entries, the test that reads it."""

    name: str
    comment: tuple[str, ...]
    entries: dict[str, Any]
    test: str

    def lines(self) -> list[str]:
        """Give the mapping as it stands in the file."""
        return [*self.comment, *display(f"{self.name} = ", self.entries)]


def references(program: Program) -> tuple[Reference, ...]:
    """Evaluate what a program computes; leave out mappings without an entry."""
    calls = cases(program)
    found = (
        Reference("REFERENCE", OF_TIMES, {t.name: _table(t) for t in tables(program)}, AGREEMENT),
        Reference("SCHEDULES", OF_STEPS, {s.name: list(s.rows) for s in schedules(program) if s.rows}, SCHEDULES),
        Reference("GRIDS", OF_NODES, {name: list(rows) for name, rows in grids(program) if rows}, GRIDS),
        Reference("CASES", OF_CALLS, {c.name: _case(c) for c in calls}, CASES),
        Reference("SLOPES", OF_SLOPES, {c.name: _scaled(*c.slope) for c in calls if c.slope}, SLOPES),
        Reference("DRAWS", OF_DRAWS, {d.name: _draws(d) for d in distributions(program)}, DRAWS),
    )
    return tuple(reference for reference in found if reference.entries)


def _table(table: Table) -> tuple[str, list[tuple[float, ...]], list[tuple[float, ...]]]:
    both, double = ([_table_row(row) for row in table.rows if row.single is kind] for kind in (True, False))
    return table.kinds, both, double


def _table_row(row: Row) -> tuple[float, ...]:
    return *row.arguments, *_scaled(row.value, row.scale)


def _scaled(value: float, scale: float) -> tuple[float, float]:
    return value, float(f"{scale:.2e}")


def _case(case: Case) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    return dict(case.arguments), [_scaled(*row) for row in case.rows]


def _draws(draws: Draws) -> tuple[dict[str, int], dict[str, list[tuple[float, float]]]]:
    return dict(draws.counts), {d.name: list(d.quantiles) for d in draws.distributions}


OF_TIMES = (
    "# Values are computed at fifty digits; the scale is what relative errors of arguments and parameters come to.",
    "# By function: which arguments are scalars (t) and states (x); then arguments, value and scale, row by row:",
    "# rows for float32 and float64, and rows for float64 alone.",
)
OF_STEPS = ("# By function: step k, of K, and the value.",)
OF_NODES = ("# By function: all times of a grid, for a few grids.",)
OF_CALLS = ("# By function: arguments; then for each entry of the result its value, and what roundings come to.",)
OF_SLOPES = ("# By loss: the derivative of its sum by the weight of what it trains, and what roundings come to.",)
OF_DRAWS = ("# By function: counts; then for each draw the share of all draws up to a value, and that value.",)

SCHEDULES = '''
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_agrees_with_reference(name):
    """Whole numbers are those of exact arithmetic, and others right in nearly every digit."""
    for k, K, value in SCHEDULES[name]:
        assert math.isclose(getattr(model, name)(k, K), value, rel_tol=1e-13)
'''

GRIDS = '''
@pytest.mark.parametrize("name", GRIDS)
def test_grid_agrees_with_reference(name):
    """Times are those of exact arithmetic, in nearly every digit."""
    for times in GRIDS[name]:
        emitted = listed(getattr(model, name)(len(times)))
        assert all(math.isclose(a, b, rel_tol=1e-13) for a, b in zip(emitted, times, strict=True))
'''

AGREEMENT = '''
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", REFERENCE)
def test_agreement_with_reference(name, dtype):
    """Errors stay within a few roundings of what arguments, parameters and value can be given to."""
    kinds, both, double = REFERENCE[name]
    tolerance = $ulps * 2.0**-24 if dtype == FLOAT32 else 1e-13
    for *row, value, scale in both if dtype == FLOAT32 else both + double:
        arguments = [array([[v]] if kind == "x" else [v], dtype) for kind, v in zip(kinds, row, strict=True)]
        (got,) = flat(listed(getattr(model, name)(*arguments)))
        assert abs(got - value) <= tolerance * scale
'''.replace("$ulps", str(ULPS))

CASES = '''
@pytest.mark.parametrize("name", CASES)
def test_call_agrees_with_reference(name):
    """Whole metrics, steps, losses and samples are those of exact arithmetic, in nearly every digit."""
    arguments, rows = CASES[name]
    result = flat(listed(getattr(model, name)(**made(arguments, WEIGHT))))
    assert all(abs(got - value) <= 1e-13 * scale for got, (value, scale) in zip(result, rows, strict=True))
'''

SLOPES = '''
@pytest.mark.parametrize("name", SLOPES)
def test_gradient_agrees_with_reference(name):
    """The derivative by a weight that all networks share is that by the trained one's: targets are constants."""
    slope, scale = SLOPES[name]
    arguments, _ = CASES[name]
    _, found = differentiated(lambda weight: getattr(model, name)(**made(arguments, weight)), WEIGHT, FLOAT64)
    assert abs(found - slope) <= 1e-13 * scale
'''

DRAWS = '''
@pytest.mark.parametrize("name", DRAWS)
def test_draws_follow_their_distributions(name):
    """Up to a quantile lies its share of draws, within five standard errors; draws are independent of each other."""
    counts, quantiles = DRAWS[name]
    found = drawn(name, array([0.0] * MANY, FLOAT64).reshape(-1, 1), **counts)
    values = {draw: found[draw].reshape(-1)[:MANY] for draw in quantiles}
    for draw, share, value in ((draw, *row) for draw, rows in quantiles.items() for row in rows):
        error, rounding = 5 * math.sqrt(share * (1 - share) / MANY), 1e-12 * abs(value)
        assert share_of(values[draw] < value - rounding) <= share + error
        assert share_of(values[draw] <= value + rounding) >= share - error
    for a, b in itertools.combinations(values, 2):
        first, second = (values[draw] <= dict(quantiles[draw])[0.5] for draw in (a, b))
        product = share_of(first) * share_of(second)
        assert abs(share_of(first & second) - product) <= 5 * math.sqrt(product / MANY)
'''
