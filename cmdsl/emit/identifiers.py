"""Names of a spec that mean something else in Python or in the module, made safe: `lambda` becomes `lambda_`."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Iterable

from attrs import evolve

from cmdsl.ir.nodes import (
    Call,
    Constant,
    Draw,
    Expr,
    External,
    Function,
    Lambda,
    Let,
    Loop,
    Nodes,
    Objective,
    Param,
    Program,
    ReturnDraws,
    Sampler,
    Stmt,
    Var,
)
from cmdsl.ir.walk import all_subexpressions, names, rewrite_statement, transform

LIKE_DIGITS = ("l", "I", "O")  # linters refuse them
Rename = Callable[[str], str]
MODULE = frozenset(
    ["SPEC_SHA256", "PARAMS", "DATA_SHAPE", "NETWORK", "NETWORK_SCALARS", "OBJECTIVES", "SAMPLERS"]
)  # what it says of itself


def safe_names(program: Program, reserved: Iterable[str]) -> Program:
    """Rename whatever clashes with Python, with `reserved`, or within a function with a function that it calls."""
    owners = (owner(e) for e in program.externals)
    mapping = _mapping(program, MODULE | frozenset(reserved) | frozenset(owners))
    return _unshadowed(_program(program, lambda name: mapping.get(name, name)))


def owner(external: External) -> str:
    """Give the name under which the object is imported that a dotted attribute belongs to."""
    return f"{external.name}_owner"


def is_unsafe(name: str, reserved: frozenset[str]) -> bool:
    """Tell whether a name is taken by Python or by the module."""
    taken = keyword.iskeyword(name) or name in reserved or hasattr(builtins, name) or name.startswith("__")
    return taken or name in LIKE_DIGITS


def _mapping(program: Program, reserved: frozenset[str]) -> dict[str, str]:
    used = dict.fromkeys([*(c.name for c in program.constants), *(e.name for e in program.externals)])
    used |= dict.fromkeys(f.name for f in program.functions)
    for f in program.functions:
        used |= dict.fromkeys(sorted(names(f)))
    taken, mapping = set(used), {}
    for name in used:
        if is_unsafe(name, reserved):
            mapping[name] = _free(name.strip("_") or "name", taken, reserved)
            taken.add(mapping[name])
    return mapping


def _free(base: str, taken: set[str], reserved: frozenset[str]) -> str:
    name = f"{base}_"
    count = 2
    while name in taken or is_unsafe(name, reserved):
        name, count = f"{base}_{count}", count + 1
    return name


def _unshadowed(program: Program) -> Program:
    """Rename the locals that would hide a function of the module where it is called, in all functions alike."""
    functions = {f.name for f in program.functions}
    hidden = {name for f in program.functions for name in _called(f) & functions & names(f)}
    taken = functions | {name for f in program.functions for name in names(f)}
    mapping = {name: _free(name, taken, frozenset()) for name in sorted(hidden)}
    renamed = (_function(f, lambda name: mapping.get(name, name), lambda name: name) for f in program.functions)
    return evolve(program, functions=tuple(renamed)) if mapping else program


def _called(f: Function) -> set[str]:
    """Give the functions of the module that a function calls, or takes nodes from."""
    parts = list(all_subexpressions(f.body))
    calls = {e.function for e in parts if isinstance(e, Call) and isinstance(e.function, str)}
    return calls | {e.grid for e in parts if isinstance(e, Nodes)}


def _program(program: Program, rename: Rename) -> Program:
    return evolve(
        program,
        constants=tuple(_constant(c, rename) for c in program.constants),
        externals=tuple(evolve(e, name=rename(e.name)) for e in program.externals),
        functions=tuple(evolve(_function(f, rename, rename), name=rename(f.name)) for f in program.functions),
        objectives=tuple(_objective(o, rename) for o in program.objectives),
        samplers=tuple(Sampler(s.name, rename(s.sample), rename(s.draw)) for s in program.samplers),
        solvers=tuple((rename(name), order) for name, order in program.solvers),
    )


def _constant(c: Constant, rename: Rename) -> Constant:
    expression = None if c.expression is None else transform(c.expression, lambda e: _expression(e, rename, rename))
    return evolve(c, name=rename(c.name), expression=expression)


def _objective(o: Objective, rename: Rename) -> Objective:
    nodes, decay = (None if name is None else rename(name) for name in (o.N, o.mu))
    return evolve(o, loss=rename(o.loss), draw=rename(o.draw), N=nodes, mu=decay)


def _function(f: Function, rename: Rename, rename_function: Rename) -> Function:
    params = tuple(_param(p, rename) for p in f.params)
    return evolve(f, params=params, body=tuple(_statement(s, rename, rename_function) for s in f.body))


def _param(p: Param, rename: Rename) -> Param:
    return evolve(p, name=rename(p.name))


def _statement(s: Stmt, rename: Rename, rename_function: Rename) -> Stmt:
    if isinstance(s, Loop):
        return _loop(s, rename, rename_function)
    s = rewrite_statement(s, lambda e: transform(e, lambda part: _expression(part, rename, rename_function)))
    match s:
        case Let():
            return evolve(s, name=rename(s.name), primal=s.primal and rename(s.primal))
        case Draw():
            return evolve(s, name=rename(s.name))
        case ReturnDraws():
            return evolve(s, names=tuple(map(rename, s.names)))
    return s


def _loop(loop: Loop, rename: Rename, rename_function: Rename) -> Loop:
    def within(e: Expr | None) -> Expr | None:
        return e and transform(e, lambda part: _expression(part, rename, rename_function))

    return evolve(
        loop,
        variable=rename(loop.variable),
        start=within(loop.start),
        stop=within(loop.stop),
        items=within(loop.items),
        zipped=tuple((rename(name), evolve(array, name=rename(array.name))) for name, array in loop.zipped),
        carried=tuple(evolve(v, name=rename(v.name)) for v in loop.carried),
        body=tuple(_statement(s, rename, rename_function) for s in loop.body),
    )


def _expression(e: Expr, rename: Rename, rename_function: Rename) -> Expr:
    match e:
        case Var():
            return evolve(e, name=rename(e.name))
        case Lambda():
            return evolve(e, params=tuple(evolve(p, name=rename(p.name)) for p in e.params))
        case Call(str() as function):
            keywords = tuple((rename(name), value) for name, value in e.keywords)
            return evolve(e, function=rename_function(function), keywords=keywords)
        case Nodes():
            return evolve(e, grid=rename_function(e.grid))
    return e
