"""Formulas are written as the language has them."""

from __future__ import annotations

import pytest
import sympy as sp

from cmdsl.symbolic.notation import decimal, written

t, epsilon, sigma_data, rho, a, b = sp.symbols("t epsilon sigma_data rho a b", positive=True)
alpha = sp.Function("alpha")

WRITTEN = {
    "t - epsilon": t - epsilon,
    "sigma_data^2/((t - epsilon)^2 + sigma_data^2)": sigma_data**2 / ((t - epsilon) ** 2 + sigma_data**2),
    "sigma_data*(t - epsilon)/sqrt(t^2 + sigma_data^2)": sigma_data * (t - epsilon) / sp.sqrt(t**2 + sigma_data**2),
    "0.25/(t^2 + 0.25)": sp.Rational(1, 4) / (t**2 + sp.Rational(1, 4)),
    "exp(-a*t/2 - t^2*(b - a)/4)": sp.exp(-a * t / 2 - t**2 * (b - a) / 4),
    "sqrt(2*t)": sp.sqrt(2) * sp.sqrt(t),
    "1/sqrt(t)": 1 / sp.sqrt(t),
    "-log(t/2)/4": -sp.log(t / 2) / 4,
    "-sigma_data*sin(t)": -sigma_data * sp.sin(t),
    "sigma_data^2*alpha(t)^2": sigma_data**2 * alpha(t) ** 2,
    "t^(2/3)": t ** sp.Rational(2, 3),
    "t^(1/rho)": t ** (1 / rho),
    "(-t)^rho": (-t) ** rho,
    "-(t - epsilon)^2/(a*(t + b))": -((t - epsilon) ** 2) / (a * (t + b)),
    "if t < 1 then t else t^2": sp.Piecewise((t, t < 1), (t**2, True)),
    "max(1, t)": sp.Max(1, t),
    "abs(log(t))": sp.Abs(sp.log(t)),
    "-0.5": sp.Rational(-1, 2),
    "(-0.5)^rho": sp.Rational(-1, 2) ** rho,
    "diff(alpha(t), t)": alpha(t).diff(t),
    "inf": sp.oo,
}


@pytest.mark.parametrize("text", WRITTEN)
def test_is_written(text: str) -> None:
    assert written(WRITTEN[text]) == text


@pytest.mark.parametrize("text", ["0.002", "80", "1.56454628", "-1/3", "0.0009765625", "-0.5", "100", "1/7"])
def test_rationals_are_written_as_they_are_typed(text: str) -> None:
    assert decimal(sp.Rational(text)) == text
