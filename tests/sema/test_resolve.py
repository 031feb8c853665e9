"""What a spec needs, what it may state once, and what `-D` and `import` bring in."""

from pathlib import Path

import pytest

from cmdsl.diagnostics import SpecError
from cmdsl.sema import resolve
from cmdsl.syntax import ast, parse

WHOLE = "# A title.\nmodel m\nparam a = 1\nparam b = 2*a  # twice\ntime t in [0, 1]\nsde { drift = 0  diffusion = 1 }\n"


def refusals(text: str, **overrides: str) -> list[str]:
    """Give the messages with which a spec is refused, each with its place."""
    with pytest.raises(SpecError) as refused:
        resolve(parse("m.cm", text), overrides)
    return [f"{d.span}: {d.message}" for d in refused.value.diagnostics]


def test_statements_find_their_places() -> None:
    spec = resolve(parse("m.cm", WHOLE))
    assert (spec.name, spec.title, [p.name for p in spec.params]) == ("m", "A title.", ["a", "b"])
    assert isinstance(spec.process, ast.Sde)


def test_everything_missing_is_named_at_once() -> None:
    (message,) = refusals("param a = 1\n")
    assert all(statement in message for statement in ("`model NAME`", "`time t in [0, T]`", "`sde {"))


def test_a_name_bound_twice_shows_both_places() -> None:
    with pytest.raises(SpecError) as refused:
        resolve(parse("m.cm", WHOLE + "param a = 3\n"))
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.span and diagnostic.span.line, diagnostic.secondary[0].span.line) == (7, 3)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("param score = 1\n", "`score` is a name of the language"),
        ("path { alpha = 1  sigma = t }\n", "the process is given twice"),
        ("define sampling s { x ~ prior }\n", "there is no kind `sampling`"),
        ("sampler onestep\nsampler onestep\n", "the sampler `onestep` is given twice"),
    ],
)
def test_what_cannot_be(extra: str, message: str) -> None:
    assert any(message in m for m in refusals(WHOLE + extra))


def test_sde_fields_are_checked() -> None:
    assert refusals(WHOLE.replace("diffusion = 1", "difusion = 1")) == ["m.cm:6:18: `sde` has no field `difusion`"]
    assert refusals(WHOLE.replace("diffusion = 1", "g = 1")) == [
        "m.cm:6:1: `sde` lacks `diffusion`",
        "m.cm:6:18: `sde` has no field `g`",
    ]


def test_an_override_replaces_the_value_and_nothing_else() -> None:
    spec = resolve(parse("m.cm", WHOLE), {"b": "a + 5"})
    assert spec.module.text == WHOLE.replace("2*a", "a + 5")
    assert spec.sha256 != resolve(parse("m.cm", WHOLE)).sha256


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("c", "1", "no param `c`"),
        ("a", "1\nparam z = 2", "not one expression"),
        ("a", "1 in (0, 2)", "not one expression"),
    ],
)
def test_a_wrong_override_is_refused(name: str, value: str, message: str) -> None:
    assert message in refusals(WHOLE, **{name: value})[0]


def test_imports_bring_in_definitions_once(tmp_path: Path) -> None:
    (tmp_path / "a.cm").write_text('import "b.cm"\ndefine weight one { w(t, r) = 1 }\n')
    (tmp_path / "b.cm").write_text("define weight two { w(t, r) = 2 }\n")
    main = tmp_path / "m.cm"
    spec = resolve(parse(str(main), WHOLE + 'import "a.cm"\nimport "b.cm"\n'))
    assert [d.name for d in spec.definitions] == ["two", "one"]


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("../out.cm", "", "outside the folder"),
        ("m.cm", 'import "m.cm"\n', "imports itself"),
        ("none.cm", None, "can't be read"),
        ("a.cm", "param q = 1\n", "definitions and functions only"),
        ("a.cm", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_an_import_that_is_refused(tmp_path: Path, path: str, content: str | bytes | None, message: str) -> None:
    folder = tmp_path / "specs"
    folder.mkdir()
    if content is not None:
        (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SpecError) as refused:
        resolve(parse(str(folder / "m.cm"), WHOLE + f'import "{path}"\n'))
    assert message in refused.value.diagnostics[0].message


def test_an_absolute_import_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="outside the folder"):
        resolve(parse(str(tmp_path / "m.cm"), WHOLE + f'import "{tmp_path}/a.cm"\n'))
