"""Backends are found by name or by place, and what is wrong with one is said."""

import sys
from types import ModuleType

import pytest
from attrs import field, frozen

from cmdsl.diagnostics import SpecError
from cmdsl.emit.registry import find, installed
from cmdsl.ir.nodes import VERSION, Program


@frozen
class Sheet:
    """A third party's backend."""

    name: str = "sheet"
    ir_version: int = VERSION
    scaffold: dict[str, str] = field(factory=dict)

    def package(self, program: Program) -> dict[str, str]:
        return {"model.csv": program.name}


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    third_party = ModuleType("third_party")
    vars(third_party).update(BACKEND=Sheet(), OLD=Sheet(ir_version=VERSION + 1), NUMBER=3)
    monkeypatch.setitem(sys.modules, "third_party", third_party)


def refusal(name: str, offered: list[tuple[str, str]]) -> str:
    with pytest.raises(SpecError) as caught:
        find(name, offered)
    (diagnostic,) = caught.value.diagnostics
    return f"{diagnostic.code} {diagnostic.message} {diagnostic.help}"


def test_this_distribution_offers_torch_and_jax() -> None:
    assert dict(installed()) == {"torch": "cmdsl_torch:BACKEND", "jax": "cmdsl_jax:BACKEND"}
    assert [find(name).name for name in ("torch", "jax")] == ["torch", "jax"]


def test_a_third_party_is_found_by_name_and_by_place() -> None:
    assert find("sheet", [("sheet", "third_party:BACKEND")]).name == "sheet"
    assert find("third_party:BACKEND", []).name == "sheet"


def test_a_misspelt_name_is_corrected() -> None:
    assert (
        refusal("troch", [("torch", "a:b"), ("jax", "a:b")]) == "CM401 no backend is called troch did you mean `torch`?"
    )
    assert "module:ATTRIBUTE" in refusal("zzz", [("torch", "a:b")])


@pytest.mark.parametrize("place", ["no_such_module:BACKEND", "third_party:NOTHING", "third_party:NUMBER", ":"])
def test_what_is_no_backend_is_refused(place: str) -> None:
    assert refusal(place, []).startswith("CM402")


def test_another_version_of_the_representation_is_refused() -> None:
    assert refusal("third_party:OLD", []).startswith(f"CM403 the backend third_party:OLD reads version {VERSION + 1}")
