"""The PyTorch backend: an operation table, the parts of a module, and scaffolds that are copied as they are."""

from __future__ import annotations

from importlib.resources import files

from attrs import frozen

from cmdsl.emit.backend import Backend
from cmdsl.emit.identifiers import safe_names
from cmdsl.emit.module import has, module, package_init
from cmdsl.emit.tests import test_module
from cmdsl.ir.nodes import Program
from cmdsl_torch.adapters import ADAPTERS
from cmdsl_torch.language import LANGUAGE
from cmdsl_torch.parts import EXPORTS, PARTS, RESERVED

SCAFFOLD = ("checkpoint.py", "data.py", "network.py", "objective.py", "sample.py", "teacher.py", "train.py")


@frozen
class TorchBackend:
    """Prints PyTorch 2.6 or newer: functions of tensors, a module class, and scripts that train and sample."""

    name: str = "torch"
    ir_version: int = 2

    @property
    def scaffold(self) -> dict[str, str]:
        """Give the network and the scripts, as they stand in this distribution."""
        folder = files("cmdsl_torch") / "scaffold"
        return {name: (folder / name).read_text(encoding="utf-8") for name in SCAFFOLD}

    def package(self, program: Program) -> dict[str, str]:
        """Make the package of an optimised Program."""
        program = safe_names(program, RESERVED)
        offered = [name for needed, name in EXPORTS.items() if has(program, needed)]
        return {
            "__init__.py": package_init(program, offered),
            "model.py": module(program, LANGUAGE, PARTS),
            "test_model.py": test_module(program, ADAPTERS),
        }


BACKEND: Backend = TorchBackend()
