"""The JAX backend: the same names as the PyTorch one, from the same representation and the same printer."""

from __future__ import annotations

from attrs import field, frozen

from cmdsl.emit.backend import Backend
from cmdsl.emit.identifiers import safe_names
from cmdsl.emit.module import has, module, package_init
from cmdsl.emit.tests import test_module
from cmdsl.ir.nodes import Program
from cmdsl_jax.adapters import ADAPTERS
from cmdsl_jax.language import LANGUAGE
from cmdsl_jax.parts import EXPORTS, PARTS, RESERVED


@frozen
class JaxBackend:
    """Prints JAX: pure functions with explicit keys, which jit with the counts N and K static."""

    name: str = "jax"
    ir_version: int = 2
    scaffold: dict[str, str] = field(factory=dict)

    def package(self, program: Program) -> dict[str, str]:
        """Make the package of an optimised Program."""
        program = safe_names(program, RESERVED)
        offered = [name for needed, name in EXPORTS.items() if has(program, needed)]
        return {
            "__init__.py": package_init(program, offered),
            "model.py": module(program, LANGUAGE, PARTS),
            "test_model.py": test_module(program, ADAPTERS),
        }


BACKEND: Backend = JaxBackend()
