"""What a loss asks of a network for Gaussian data: its expected slope, time by time, near the network that is exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from tests.numbers.frameworks import Array, Framework, Network
from tests.numbers.objectives import asked

Loss = Callable[..., Any]


@frozen
class Points:
    """Data and noise of one element a sample, and how much each sample counts in an expectation."""

    x0: Array
    z: Array
    weights: Array


def corners(data: float) -> Points:
    """Give four points with the second moments of data N(0, data^2) and noise: exact for what is quadratic in them."""
    x0, z = np.meshgrid([1.0, -1.0], [1.0, -1.0])
    return Points(data * x0.reshape(-1, 1), z.reshape(-1, 1), np.full(4, 0.25))


def quadrature(data: float, order: int = 24) -> Points:
    """Give the points of Gauss and Hermite, for what is smooth in data and noise."""
    roots, weights = np.polynomial.hermite_e.hermegauss(order)
    x0, z = np.meshgrid(roots, roots)
    both = np.outer(weights, weights).ravel() / (2 * np.pi)
    return Points(data * x0.reshape(-1, 1), z.reshape(-1, 1), both)


def own_average(function: Loss, **given: Any) -> Loss:
    """Give a loss of a single network: it is its own average, and all else that the loss asks for is given."""
    return lambda network, x0, **draws: function(
        network, x0, **asked(function, {"network_ema": network, **given, **draws})
    )


def along_input(x: Any, *scalars: Any) -> Any:
    """Give the direction in which a network stays linear."""
    return x


def slopes(
    loss: Loss,
    framework: Framework,
    network: Network,
    points: Points,
    times: Mapping[str, Sequence[float]],
    amounts: Sequence[float] = (0.0,),
    direction: Network = along_input,
) -> Array:
    """Give the expected derivative of a loss by how much of a direction the network has in it: a row for each amount.

    `times` holds the draws other than data and noise, each of as many values as there are times: the columns.
    """
    count = len(next(iter(times.values())))
    x0, z = (framework.array(np.tile(v, (len(amounts) * count, 1))) for v in (points.x0, points.z))
    drawn = {
        name: framework.array(np.tile(np.repeat(np.asarray(values, float), len(points.x0)), len(amounts)))
        for name, values in times.items()
    }

    def losses(weights: tuple[Any, ...]) -> Any:
        return loss(lambda x, *c: network(x, *c) + weights[0] * direction(x, *c), x0, z=z, **drawn)

    sizes = np.repeat(np.asarray(amounts, float), count * len(points.x0)).reshape(-1, 1)
    _, (found,) = framework.gradient(losses, (framework.array(sizes),))
    return np.asarray(found.reshape(len(amounts), count, -1) @ points.weights)
