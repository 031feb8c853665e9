"""The compiler in Python: what `load` gives, how it is checked and compiled, and how it says no."""

import copy
import importlib
import inspect
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from attrs.exceptions import FrozenInstanceError

import cmdsl
from tests.cli.command import ROOT, VE, shell

CLAIM = "assert alpha(t) = 2\n"
CHECKED = VE + "assert sin(exp(t/10))^2 + cos(exp(t/10))^2 < 1 + 1e-9\n"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Write a spec; what it is compiled to is gone with the test."""
    path = tmp_path / "small.cm"
    path.write_text(VE, encoding="utf-8")
    yield path
    for name in own():
        del sys.modules[name]


def own() -> set[str]:
    """Give the modules that were compiled."""
    return {name for name in sys.modules if name.startswith("small_")}


class TestLoad:
    def test_what_was_read_stays_as_it_was(self, small: Path) -> None:
        spec = cmdsl.load(small)
        small.write_text("model other\n", encoding="utf-8")
        assert (spec.name, spec.path, spec.source) == ("small", small, VE)
        assert spec.check().ok

    @pytest.mark.parametrize("value", [1, 1.0, "1", "2/2", torch.tensor(1.0).item()])
    def test_values_of_params(self, small: Path, value: object) -> None:
        spec = cmdsl.load(str(small), overrides={"sigma_data": value})
        assert spec.params == {"sigma_data": 1.0, "epsilon": 0.002, "T": 80.0}
        assert f"param sigma_data = {value} in" in spec.source

    def test_a_text_is_a_spec_too(self) -> None:
        assert cmdsl.loads(VE, {"T": 40}).params["T"] == 40

    def test_a_text_imports_what_lies_beside_its_path(self, tmp_path: Path) -> None:
        (tmp_path / "part.cm").write_text("half = 1/2\n", encoding="utf-8")
        text = VE + 'import "part.cm"\nassert half = 0.5\n'
        assert cmdsl.loads(text, path=str(tmp_path / "whole.cm")).check()
        with pytest.raises(cmdsl.SpecError, match="CM004"):
            cmdsl.loads(text)

    def test_it_can_not_be_changed_and_is_shown_in_a_line(self, small: Path) -> None:
        spec = cmdsl.load(small)
        with pytest.raises(FrozenInstanceError):
            spec.name = "other"  # type: ignore[misc]
        assert repr(spec) == f"<Spec small from {small}>"
        assert spec.derivation.startswith("# small\n\nA small spec.")


class TestCheck:
    def test_verdicts_are_data(self, small: Path) -> None:
        found = cmdsl.load(small).check()
        assert found
        assert (found.ok, found.warnings, found.diagnostics, found.refuted) == (True, (), (), ())
        verdict = next(v for v in found if v.obligation == "boundary")
        assert verdict.status is cmdsl.Status.PROVED
        assert verdict.statement == "c_skip(epsilon) = 1 and c_out(epsilon) = 0"
        assert verdict.evidence == "c_skip(epsilon) = 1, c_out(epsilon) = 0: cancels as written"
        assert isinstance(verdict.span, cmdsl.Span)
        assert repr(found) == f"<Check of small: {len(found)} proved>"

    def test_its_text_is_what_the_command_prints(self, small: Path) -> None:
        done = shell(
            "-m",
            "cmdsl",
            "check",
            small,
            cwd=small.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT), "CMDSL_CACHE": "off"},
        )
        assert f"{cmdsl.load(small).check()}\n" == done.out

    def test_what_is_refuted_is_a_verdict_too(self) -> None:
        found = cmdsl.loads(VE + CLAIM).check()
        assert not found
        (verdict,) = found.refuted
        assert verdict.counterexample["found"].startswith("-1")
        assert [(d.code, d.severity) for d in found.diagnostics] == [("CM310", cmdsl.Severity.ERROR)]
        assert found.warnings == ()
        assert repr(found).endswith("proved, 1 refuted>")

    def test_less_than_a_proof_warns(self) -> None:
        found = cmdsl.loads(CHECKED).check()
        assert found
        assert {v.status for v in found} & {cmdsl.Status.CHECKED, cmdsl.Status.NOT_REACHED}
        assert [d.severity for d in found.warnings] == [cmdsl.Severity.WARNING]

    def test_what_can_not_be_lowered_is_refused(self) -> None:
        text = VE + "define metric m { d(a, b) = a - b }\nobjective o = consistency_training(metric = m)\n"
        spec = cmdsl.loads(text)
        with pytest.raises(cmdsl.SpecError, match="CM204"):
            spec.check()


class TestRefusal:
    def test_it_carries_the_diagnostics_and_reads_as_the_command_says(self, small: Path) -> None:
        spec = cmdsl.loads(VE + CLAIM, path="wrong.cm")
        with pytest.raises(cmdsl.SpecError) as refused:
            spec.compile()
        (found,) = refused.value.diagnostics
        assert isinstance(found, cmdsl.Diagnostic)
        line = len(VE.splitlines()) + 1
        assert str(found.span) == f"wrong.cm:{line}:1"
        assert str(refused.value).startswith(f"wrong.cm:{line}:1: error[CM310]: alpha(t) = 2 does not hold\n")
        assert f"\n{line} | assert alpha(t) = 2\n" in str(refused.value)

    def test_it_shows_the_text_that_was_read(self, small: Path) -> None:
        small.write_text(VE + CLAIM, encoding="utf-8")
        spec = cmdsl.load(small)
        small.write_text("# all else\n" * 20, encoding="utf-8")
        with pytest.raises(cmdsl.SpecError) as refused:
            spec.compile()
        assert "| assert alpha(t) = 2\n" in str(refused.value)

    @pytest.mark.parametrize(
        ("text", "overrides", "code"),
        [
            ("model\n", {}, "CM002"),
            ("model m\n", {}, "CM114"),
            (VE, {"sigma": 1}, "CM115"),
            (VE, {"sigma_data": float("nan")}, "CM101"),
            (VE, {"sigma_data": -1}, "CM220"),
            (VE, {"sigma_data": None}, "CM101"),
        ],
    )
    def test_there_is_one_exception(self, text: str, overrides: dict[str, object], code: str) -> None:
        with pytest.raises(cmdsl.SpecError, match=code):
            cmdsl.loads(text, overrides).compile()

    def test_it_carries_all_that_is_wrong(self) -> None:
        text = VE + CLAIM + "sampler multistep\n"
        with pytest.raises(cmdsl.SpecError) as refused:
            cmdsl.loads(text.replace("grid karras", "grid kerras"))
        assert [d.code for d in refused.value.diagnostics] == ["CM102", "CM310", "CM108"]
        spec = cmdsl.loads(text)
        for use in (spec.check, spec.compile):
            with pytest.raises(cmdsl.SpecError) as refused:
                use()
            assert [d.code for d in refused.value.diagnostics] == ["CM310", "CM108"]

    def test_a_file_that_is_none_and_a_backend_that_is_none(self, small: Path) -> None:
        with pytest.raises(cmdsl.SpecError, match="CM004"):
            cmdsl.load(small.with_name("none.cm"))
        with pytest.raises(cmdsl.SpecError, match="did you mean `torch`"):
            cmdsl.load(small).compile("torhc")

    def test_it_can_be_copied_as_for_another_process(self) -> None:
        with pytest.raises(cmdsl.SpecError) as refused:
            cmdsl.loads("model\n")
        again = copy.copy(refused.value)
        assert (again.diagnostics, str(again)) == (refused.value.diagnostics, str(refused.value))


class TestCompile:
    def test_it_gives_the_package_imported(self, small: Path) -> None:
        model = cmdsl.load(small).compile()
        t = torch.tensor([0.002, 1.0])
        assert torch.equal(model.c_out(t)[:1], torch.zeros(1))
        assert "def c_out" in inspect.getsource(model.c_out)
        assert pickle.dumps(model.ConsistencyModel(torch.nn.Identity()))
        assert own() == {model.__name__, f"{model.__name__}.model"}

    def test_the_same_spec_gives_the_same_module(self, small: Path) -> None:
        assert cmdsl.load(small).compile() is cmdsl.load(small).compile()

    def test_two_specs_do_not_disturb_each_other(self, small: Path) -> None:
        one, two = (cmdsl.load(small, {"T": value}).compile() for value in (40, 80))
        assert (one.T, two.T) == (40.0, 80.0)
        assert one.model is not two.model
        assert cmdsl.load(small).compile("jax").__name__ not in (one.__name__, two.__name__)

    def test_a_change_is_seen_though_size_and_second_are_the_same(self, small: Path, tmp_path: Path) -> None:
        found = [cmdsl.load(small, {"T": value}).compile(out=tmp_path / "out").T for value in (40, 80, 20, 40)]
        assert found == [40.0, 80.0, 20.0, 40.0]

    def test_it_writes_where_the_command_would(self, small: Path, tmp_path: Path) -> None:
        model = cmdsl.load(small).compile("torch", tmp_path / "out")
        assert model.__file__ == str(tmp_path / "out" / "__init__.py")
        assert {"model.py", "test_model.py", "train.py", "spec.cm"} <= set(os.listdir(tmp_path / "out"))
        (tmp_path / "out" / "model.py").write_text("# mine\n", encoding="utf-8")
        with pytest.raises(cmdsl.SpecError, match="CM405"):
            cmdsl.load(small, {"T": 40}).compile(out=tmp_path / "out")
        assert cmdsl.load(small, {"T": 40}).compile(out=tmp_path / "out", force=True).T == 40

    def test_a_package_that_can_not_be_imported_leaves_nothing(
        self, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "torch", None)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with pytest.raises(cmdsl.SpecError, match=r"CM407.*torch"):
            cmdsl.load(small).compile()
        assert own() == set()
        assert os.listdir(tmp_path) == ["small.cm"]

    def test_the_folder_lasts_as_long_as_the_process(self, small: Path, tmp_path: Path) -> None:
        code = (
            "import cmdsl, os, sys\n"
            f"model = cmdsl.load({str(small)!r}).compile('jax')\n"
            "child = os.fork()\n"
            "if child == 0:\n    sys.exit()\n"
            "os.waitpid(child, 0)\n"
            "print(os.path.exists(model.__file__))\n"
            "print(model.__file__)\n"
        )
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "backends")]),
            "TMPDIR": str(tmp_path),
        }
        done = shell("-c", code, cwd=tmp_path, env=env)
        kept, path = done.out.split()
        assert (done.code, kept) == (0, "True")
        assert path.startswith(str(tmp_path))
        assert os.listdir(tmp_path) == ["small.cm"]


class TestFrontDoor:
    def test_it_names_what_there_is(self) -> None:
        assert set(cmdsl.__all__) <= set(dir(cmdsl))
        assert all(getattr(cmdsl, name) is not None for name in cmdsl.__all__)

    def test_what_is_not_there_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match="module 'cmdsl' has no attribute 'laod'"):
            getattr(cmdsl, "laod")  # noqa: B009
        assert importlib.import_module("cmdsl.api").load is cmdsl.load
