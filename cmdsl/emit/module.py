"""A whole module from a Program: imports, numbers, helpers, functions; of helpers and imports, those that are used."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby

from attrs import frozen

from cmdsl.emit.code import Code, Mapping as Display, Name, Row, apply, number, string, text
from cmdsl.emit.function import print_function
from cmdsl.emit.identifiers import owner
from cmdsl.emit.language import Language
from cmdsl.emit.layout import INDENT, layout, listing
from cmdsl.emit.printer import Writer
from cmdsl.emit.prose import docstring, quoted
from cmdsl.ir.nodes import Constant, External, Objective, Program, Role

BLANK = ["", ""]


@frozen
class Import:
    """`import module`, or with a member `from module import member`; each may be under an alias."""

    module: str
    member: str | None = None
    alias: str | None = None
    standard: bool = False

    @property
    def name(self) -> str:
        """The name that the import binds."""
        return self.alias or self.member or self.module.split(".")[0]


@frozen
class Parts:
    """What a backend's modules have besides the mathematics: each is written where its name is used.

    `aliases` and `helpers` are texts by the name they define; `closing` are texts by the function that calls for them.
    `array` is what arrays are annotated with; `learned` what makes learned functions, and what that is annotated with.
    """

    array: str
    learned: tuple[str, str]
    imports: tuple[Import, ...]
    aliases: Mapping[str, str]
    helpers: Mapping[str, str]
    closing: Mapping[str, str]


def module(program: Program, language: Language, parts: Parts) -> str:
    """Give the text of `model.py`."""
    functions = sorted(program.functions, key=lambda f: list(Role).index(f.role))
    printed = ["\n".join(print_function(f, program, language)) for f in functions]
    closing = [closed.strip() for needed, closed in parts.closing.items() if has(program, needed)]
    learned = ["\n".join(_learned(o, parts)) for o in program.objectives if o.learned]
    body = "\n\n\n".join([*printed, *closing, *learned])
    helpers = used_texts(parts.helpers, body)
    named = {"Network": _network_alias(program, parts.array), **parts.aliases}
    aliases = [*used_texts(named, "\n".join([body, *helpers])), *_members(program)]
    numbers = "\n".join(_numbers(program, language))
    rest = "\n".join([numbers, *aliases, *helpers, body])
    imports = (*parts.imports, *map(_external, program.externals))
    head = [*docstring(_title(program), ""), "", *import_lines(imports, rest), "", numbers]
    sections = ["\n".join(head + (["", *aliases] if aliases else [])), *helpers, body]
    return "\n\n\n".join(sections) + "\n"


def has(program: Program, needed: str) -> bool:
    """Tell whether a program has the function, any function of the role, or whatever is `learned`, for a text."""
    roles = {f.role.value for f in program.functions} | {"learned" for o in program.objectives if o.learned}
    return program.function(needed) is not None or needed in roles


def _learned(objective: Objective, parts: Parts) -> list[str]:
    """Give the function that starts the learned functions of an objective."""
    made, annotation = parts.learned
    said = f"Give the learned functions of the objective {objective.name} to train: each is zero at first."
    scalars = Display(tuple((name, Name(str(count))) for name, count in objective.learned))
    start = [*docstring([quoted(said)], INDENT), *_laid_out(f"{INDENT}return ", apply(made, scalars))]
    return [f"def learned_{objective.name}() -> {annotation}:", *start]


def _network_alias(program: Program, array: str) -> str:
    """Give the type of a network: a callable of a state and as many scalars as the spec gives it."""
    scalars = ["c_noise"] if program.scalars == 1 else [f"c{i + 1}" for i in range(program.scalars)]
    arrays = ", ".join([array] * (1 + program.scalars))
    return f"Network = Callable[[{arrays}], {array}]  # called as ({', '.join(['x', *scalars])})"


def _external(e: External) -> Import:
    """Give the import of a callable of another module, or of the object that it belongs to."""
    first, *inner = e.attribute.split(".")
    name = owner(e) if inner else e.name
    standard = e.module.split(".")[0] in sys.stdlib_module_names
    return Import(e.module, first, None if name == first else name, standard)


def _members(program: Program) -> list[str]:
    """Name the callables that belong to imported objects."""
    parts = [(e, e.attribute.partition(".")[2]) for e in program.externals]
    return [f"{e.name} = {owner(e)}.{inner}" for e, inner in parts if inner]


def _title(program: Program) -> list[str]:
    made = f"Compiled from {program.spec_path} by cmdsl {program.version}; compiling again writes this file anew."
    return [quoted(program.title or program.name), quoted(made)]


def _numbers(program: Program, language: Language) -> list[str]:
    """Give the constants of the spec, and what the module says about itself."""
    params = Display(tuple((c.spec_name, Name(c.name)) for c in program.constants if c.is_param))
    shape = "None" if program.data_shape is None else text(Row(tuple(Name(str(n)) for n in program.data_shape)))
    return [
        f"SPEC_SHA256 = {string(program.spec_sha256)}",
        "",
        *(line for c in program.constants for line in _constant(c, language)),
        *_laid_out("PARAMS = ", params),
        "",
        f"DATA_SHAPE = {shape}",
        f"NETWORK_SCALARS = {program.scalars}",
        *_laid_out("NETWORK: tuple[str, dict[str, float]] | None = ", _network(program)),
        *listing("OBJECTIVES = (", [string(o.name) for o in program.objectives], ")"),
        *listing("SAMPLERS = (", [string(s.name) for s in program.samplers], ")"),
    ]


def _constant(c: Constant, language: Language) -> list[str]:
    code = Writer(language).code(c.expression) if c.expression is not None else number(c.value)
    plain = text(code)
    return _laid_out(f"{c.name} = ", Name(f"{plain}.0") if plain.isdigit() else code)


def _laid_out(prefix: str, code: Code) -> list[str]:
    return layout(prefix, code, "") or [prefix + text(code)]


def _network(program: Program) -> Code:
    if program.network is None:
        return Name("None")
    name, options = program.network
    return Row((Name(string(name)), Display(tuple((key, number(value)) for key, value in options))))


def used_texts(texts: Mapping[str, str], body: str) -> list[str]:
    """Give the texts whose names occur in a body or in a text that is used itself, in the order of the mapping."""
    used: set[str] = set()
    while True:
        seen = bare("\n".join([body, *(texts[name] for name in used)]))
        met = {name for name in texts if re.search(rf"(?<![\w.]){name}\b", seen)}
        if met <= used:
            return [texts[name].strip() for name in texts if name in used]
        used |= met


def bare(source: str) -> str:
    """Give a source without its docstrings and texts; those that are formatted stay, for they use names."""
    source = re.sub(r'""".*?"""', "", source, flags=re.DOTALL)
    return re.sub(r'(\bf)?"(?:\\.|[^"\\\n])*"', lambda met: met[0] if met[1] else "", source)


def import_lines(imports: Iterable[Import], body: str) -> list[str]:
    """Give the imports that a body uses, in isort's order."""
    seen = bare(body)
    used = [i for i in imports if re.search(rf"(?<![\w.]){i.name}\b", seen)]
    standard, others = ([i for i in used if i.standard is kind] for kind in (True, False))
    return [*_section(standard), *([""] if standard and others else []), *_section(others)]


def _section(imports: list[Import]) -> list[str]:
    plain = [i for i in imports if i.member is None]
    lines = [f"import {i.module}{_aliased(i)}" for i in sorted(plain, key=lambda i: i.module)]
    members = sorted(
        (i for i in imports if i.member is not None),
        key=lambda i: (i.module, member_order(i.member or ""), member_order(i.alias or i.member or "")),
    )
    # isort gives an import under an alias a line of its own
    for (name, _), group in groupby(members, key=lambda i: (i.module, i.alias)):
        lines.append(f"from {name} import {', '.join(f'{i.member}{_aliased(i)}' for i in group)}")
    return lines


def _aliased(i: Import) -> str:
    return f" as {i.alias}" if i.alias else ""


def member_order(name: str) -> tuple[int, list[tuple[int, str | int]]]:
    """Give the key by which isort orders imported names: constants, classes, the rest; numbers by size."""
    return _kind(name), _natural(name.lower())


def _listed_order(name: str) -> tuple[int, list[tuple[int, str | int]]]:
    """Give the key by which ruff orders `__all__`, where case counts."""
    return _kind(name), _natural(name)


def _kind(name: str) -> int:
    return 0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2


def _natural(name: str) -> list[tuple[int, str | int]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.findall(r"\d+|\D+", name)]


def exports(program: Program, names: Iterable[str] = ()) -> list[str]:
    """Give the names that a package offers: the numbers, the functions, and those that the backend adds."""
    always = ["SPEC_SHA256", "PARAMS", "DATA_SHAPE", "NETWORK", "NETWORK_SCALARS", "OBJECTIVES", "SAMPLERS"]
    own = [c.name for c in program.constants] + [f.name for f in program.functions]
    own += [f"learned_{o.name}" for o in program.objectives if o.learned]
    return sorted({*always, *own, *names}, key=member_order)


def package_init(program: Program, names: Iterable[str] = ()) -> str:
    """Give the text of `__init__.py`."""
    offered = exports(program, names)
    lines = [
        *docstring([quoted(program.title or program.name)], ""),
        "",
        *listing("from .model import (", offered, ")"),
        "",
        *listing("__all__ = [", [f'"{name}"' for name in sorted(offered, key=_listed_order)], "]"),
    ]
    return "\n".join(lines) + "\n"
