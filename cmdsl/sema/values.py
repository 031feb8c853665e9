"""What names stand for while a spec is evaluated: environments, closures, instances of definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from cmdsl.diagnostics import Diagnostic, Span
from cmdsl.syntax import ast

if TYPE_CHECKING:
    from cmdsl.sema.evaluate import Evaluator


@define(eq=False)
class Env:
    """Names in scope, innermost first; `definitions` are found by kind and name.

    `lost` says why some of them may not be there: a file that can't be imported.
    """

    bindings: dict[str, object]
    parent: Env | None = None
    definitions: dict[tuple[str, str], Defined] = field(factory=dict)
    lost: tuple[Diagnostic, ...] = ()

    def lookup(self, name: str) -> object | None:
        """Give what the name stands for, or None."""
        return next((env.bindings[name] for env in self.chain() if name in env.bindings), None)

    def definition(self, kind: str, name: str) -> Defined | None:
        """Give the definition of that kind and name, or None."""
        return next((env.definitions[kind, name] for env in self.chain() if (kind, name) in env.definitions), None)

    def chain(self) -> Iterator[Env]:
        """Go through the scopes from the innermost to the outermost."""
        env: Env | None = self
        while env is not None:
            yield env
            env = env.parent

    def child(self, bindings: dict[str, object] | None = None) -> Env:
        """Open a scope within this one."""
        return Env(bindings if bindings is not None else {}, self)


@frozen(eq=False)
class Defined:
    """A definition and the scope that its body sees; `refused` says what is wrong with it."""

    definition: ast.Definition
    env: Env
    refused: tuple[Diagnostic, ...] = ()


@frozen(eq=False)
class Refused:
    """A name whose own statement is refused: to use it is no further mistake."""

    diagnostics: tuple[Diagnostic, ...]


@frozen(eq=False)
class Thunk:
    """A named quantity, evaluated in its own scope when it is first used; `bind` may make a local of the value."""

    name: str
    expression: ast.Expr
    env: Env
    bind: Callable[[str, object], object] | None = None


@frozen(eq=False)
class Closure:
    """A function of the language with its scope; a `partial` one may be called with fewer arguments."""

    name: str
    parameters: tuple[str, ...]
    body: ast.Expr | tuple[ast.Statement, ...]
    env: Env
    span: Span
    owner: Instance | None = None
    partial: bool = False


@frozen(eq=False)
class Applied:
    """A function with its first arguments given."""

    function: Closure
    arguments: tuple[object, ...]


@frozen(eq=False)
class Builtin:
    """A function of evaluated arguments that the compiler provides; without an arity it counts them itself.

    `stands_for` is what is passed in its place, where it can be.
    """

    name: str
    arity: int | None
    apply: Callable[[tuple[object, ...], Span], object]
    stands_for: object = None


@frozen(eq=False)
class Learned:
    """A trainable function of scalars that a spec or a body declares."""

    name: str
    parameters: tuple[str, ...]
    span: Span


@frozen(eq=False)
class External:
    """A metric of two states that is a callable of another module."""

    name: str
    module: str
    attribute: str


@frozen(eq=False)
class Form:
    """A function that the compiler provides and that sees its arguments as they are written."""

    name: str
    apply: Callable[[Evaluator, ast.Call, Env], object]


@frozen(eq=False)
class Namespace:
    """A value with members: `D` is a function, and `D.c_out` too."""

    value: object
    members: dict[str, object]


@frozen(eq=False)
class Instance:
    """A definition with its parameters bound; its scope holds the parameters and what its body defines."""

    definition: ast.Definition
    env: Env

    @property
    def kind(self) -> str:
        """Give the kind, such as `solver`."""
        return self.definition.kind

    @property
    def name(self) -> str:
        """Give the definition's own name."""
        return self.definition.name

    def functions(self) -> tuple[Closure, ...]:
        """Give the functions that the body defines, in order."""
        names = [s.name for s in self.definition.body if isinstance(s, ast.FunctionDefinition)]
        return tuple(f for f in (self.env.bindings[n] for n in names) if isinstance(f, Closure))


Function = Closure | Applied | Builtin | Learned | External | Form
