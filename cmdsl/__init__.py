"""Compile consistency models, declared as mathematics, to PyTorch and JAX.

`load` reads a spec; what it gives can be checked and compiled. Nothing is loaded before it is asked for.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmdsl.api import Check, Spec, load, loads
    from cmdsl.diagnostics import Diagnostic, Label, Severity, Span, SpecError
    from cmdsl.symbolic.model import Status, Verdict

__version__ = "0.1.0"
__all__ = [
    "Check",
    "Diagnostic",
    "Label",
    "Severity",
    "Span",
    "Spec",
    "SpecError",
    "Status",
    "Verdict",
    "__version__",
    "load",
    "loads",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import what is asked for."""
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module 'cmdsl' has no attribute {name!r}")
        home = {"Status": "symbolic.model", "Verdict": "symbolic.model"}
        home |= dict.fromkeys(["Diagnostic", "Label", "Severity", "Span", "SpecError"], "diagnostics")
        return getattr(import_module(f"cmdsl.{home.get(name, 'api')}"), name)

    def __dir__() -> list[str]:
        """Name what there is."""
        return sorted({*globals(), *__all__})
