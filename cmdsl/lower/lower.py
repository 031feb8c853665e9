"""Lower a spec to the program that backends print: its bodies elaborated over the derived coefficients."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from attrs import define, evolve, field

from cmdsl.diagnostics import error
from cmdsl.diagnostics.collect import Collector
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Role, Type
from cmdsl.ir.walk import all_subexpressions
from cmdsl.lower.algebra import expression
from cmdsl.lower.derived import Derived
from cmdsl.lower.functions import PUBLIC_NAMES, Functions
from cmdsl.lower.given import Given
from cmdsl.lower.ground import ground
from cmdsl.lower.host import check_curriculum, lower_curriculum, lower_grid
from cmdsl.lower.networks import complete
from cmdsl.lower.numbers import number
from cmdsl.lower.objectives import Objective, counters
from cmdsl.lower.promised import promised
from cmdsl.lower.samplers import Sampler
from cmdsl.sema.blame import blaming
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.instantiate import instantiate
from cmdsl.sema.scope import spec_scope
from cmdsl.sema.spec import Spec
from cmdsl.sema.values import Closure, Env, Form, Instance, Learned
from cmdsl.syntax import ast
from cmdsl.syntax.forms import use_of

KERNELS = {
    "drift": "sx",
    "perturb": "ssx",
    "transition": "ssxx",
    "score": "ssx",
    "flow": "ssx",
    "exact_gaussian": "sxx",
}
NETWORKS = {"f": "sx", "D": "sx"}


def lower(spec: Spec, derived: Derived, version: str) -> ir.Program:
    """Give the program of a spec."""
    return Lowering(spec, derived).program(version)


@define(eq=False)
class Lowering:
    """A spec while it is lowered."""

    spec: Spec
    derived: Derived
    functions: Functions = field(init=False)

    def __attrs_post_init__(self) -> None:
        constants = {c.name: c for c in self.derived.constants}
        names = frozenset(constants) | promised(self.spec)
        given = Given(names | frozenset([*self.derived.coefficients, *KERNELS, *PUBLIC_NAMES.values()]))
        for statement in self.spec.learned:
            given.entry(Learned(statement.name, statement.parameters, statement.span))
        self.functions = Functions(constants, names, given)

    def program(self, version: str) -> ir.Program:
        """Elaborate everything, in the order of the spec."""
        for function in self.derived.coefficients.values():
            self.functions.add(function)
        self.kernels()
        wrong = Collector()
        if self.spec.grid is not None:
            wrong.attempt(partial(blaming, partial(self.grid, "grid"), self.spec.grid))
        objectives = [wrong.attempt(partial(blaming, self.objective, use)) for use in self.spec.objectives]
        samplers = [wrong.attempt(partial(blaming, self.sampler, use)) for use in self.spec.samplers]
        shape, network = wrong.attempt(self.data_shape), wrong.attempt(self.network)
        wrong.raise_all()
        return ir.Program(
            name=self.spec.name,
            title=self.spec.title,
            spec_path=self.spec.module.path.replace("\\", "/").rsplit("/", 1)[-1],
            spec_sha256=self.spec.sha256,
            version=version,
            constants=self.derived.constants,
            functions=self.emitted(),
            objectives=tuple(o for o in objectives if o is not None),
            samplers=tuple(s for s in samplers if s is not None),
            solvers=tuple(self.functions.orders.items()),
            data_shape=shape,
            network=network,
            scalars=self.scalars(),
            externals=tuple(self.functions.given.externals.values()),
        )

    def emitted(self) -> tuple[ir.Function, ...]:
        """Give the functions in the order of their roles; private coefficients only where they are called.

        Where the network takes several scalars there is no `f` and no `D`.
        """
        absent = Role.NETWORK if self.scalars() > 1 else None
        functions = [f for f in self.functions.by_name.values() if f.role is not absent]
        called = {e.function for f in functions for e in all_subexpressions(f.body) if isinstance(e, ir.Call)}
        private = set(self.derived.coefficients) - self.derived.public
        kept = [f for f in functions if f.name not in private or f.name in called]
        roles = list(Role)
        return tuple(sorted(kept, key=lambda f: roles.index(f.role)))

    def scalars(self) -> int:
        """Give how many scalars the network takes: one where no body calls it."""
        given = self.functions.given.network
        return given[0] if given else 1

    def scope(self, bindings: dict[str, object], grid: str = "grid") -> Env:
        """Give a scope of the spec with further names of the compiler's."""
        names = ground(self.derived, self.functions, grid) | bindings
        if self.spec.grid is None and grid == "grid":
            names["node"] = needs_grid()
        scope = spec_scope(self.spec, names)
        assert scope.parent is not None
        complete(scope.parent, self.functions)
        self.functions.spec_scope = scope
        return scope

    def kernels(self) -> None:
        """Emit what every model offers: its process and kernels; where there is a preconditioning, `f` and `D`.

        That these two call the network with one scalar binds no body: see `emitted`.
        """
        scope = self.scope({}).parent
        assert scope is not None
        has_network = "c_skip" in self.derived.coefficients
        for name, types in (KERNELS | NETWORKS if has_network else KERNELS).items():
            value = scope.lookup(name)
            closure = getattr(value, "value", value)
            assert isinstance(closure, Closure)
            kinds = [Type.STATE if letter == "s" else Type.SAMPLE for letter in types]
            role, public = self.functions.home(closure)
            assert role is not None
            self.functions.elaborate(public, Role.PROCESS if name == "drift" else role, closure, kinds, closure.span)
        self.functions.given.network = None

    def constant(self, name: str) -> ir.Expr:
        """Give `epsilon` or `T`."""
        found = next((c for c in self.derived.constants if c.spec_name == name), None)
        if found is None:
            raise error("CM114", f"`{name}` is needed, and the spec lacks `boundary EXPR`", self.spec.span)
        return ir.Var(found.name, Type.STATIC)

    def grid(self, name: str, use: ast.Use) -> None:
        """Emit a grid."""
        assert use.reference is not None
        instance = instantiate("grid", use.reference, self.scope({}))
        self.functions.add(lower_grid(name, instance, self.constant("epsilon"), self.constant("T"), self.functions))

    def objective(self, use: ast.Use) -> ir.Objective:
        """Emit an objective: its curriculum, its loss, its draws."""
        assert use.reference is not None
        name = use.called
        overrides = {s.kind: s for s in use.body if isinstance(s, ast.Use)}
        grid = f"{name}_grid" if "grid" in overrides else "grid"
        if "grid" in overrides:
            self.grid(grid, overrides["grid"])
        curriculum = overrides.get("curriculum", self.spec.curriculum)
        given = self.curriculum(name, curriculum) if curriculum is not None else None
        host = {f.name: evolve(f, owner=None) for f in given.functions() if f.name != "N"} if given is not None else {}
        objective = self.instance(name, use, counters() | host, grid)
        loss, draw = objective.loss(), self.instance(name, use, counters() | host, grid).draw()
        objective.check_network(loss)
        emitted = [self.functions.add(loss), self.functions.add(draw)]
        used = {p.name for f in (loss, draw) for p in f.params}
        stepped = bool(used & {"N", "network_ema", "k"})
        check_curriculum(name, given, used, use.reference.span)
        if not stepped and curriculum is not None:
            self.drop(name)
        has = {f"{name}_{n}": n for n in ("N", "mu") if f"{name}_{n}" in self.functions.by_name}
        by_part = {n: full for full, n in has.items()}
        learned = self.learned_by(emitted[0])
        return ir.Objective(name, emitted[0], emitted[1], by_part.get("N"), by_part.get("mu"), learned)

    def learned_by(self, name: str) -> tuple[tuple[str, int], ...]:
        """Give the learned functions that a function calls, by itself or through others."""
        found, waiting = {name}, [name]
        used: set[str] = set()
        while waiting:
            parts = list(all_subexpressions(self.functions.by_name[waiting.pop()].body))
            used |= {e.name for e in parts if isinstance(e, ir.Entry)}
            called = {e.function for e in parts if isinstance(e, ir.Call) and isinstance(e.function, str)}
            waiting += [f for f in called & self.functions.by_name.keys() if f not in found]
            found |= called
        return tuple(entry for entry in self.functions.given.learned.values() if entry[0] in used)

    def drop(self, prefix: str) -> None:
        """Leave out the curriculum of an objective that uses nothing of it."""
        for name in [
            n
            for n, f in self.functions.by_name.items()
            if f.role is Role.CURRICULUM and n.startswith(f"{prefix}_") and f.host
        ]:
            del self.functions.by_name[name]

    def curriculum(self, prefix: str, use: ast.Use) -> Instance:
        """Emit a curriculum's functions, and give it: those other than N can be called in the objective's body."""
        assert use.reference is not None
        scope = self.scope({"K": ir.Var("K", Type.STATIC), "k": ir.Var("k", Type.STATIC)})
        instance = instantiate("curriculum", use.reference, scope)
        for function in lower_curriculum(prefix, instance, self.functions):
            self.functions.add(function)
        return instance

    def instance(self, name: str, use: ast.Use, bindings: dict[str, object], grid: str) -> Objective:
        """Give an objective with its arguments bound, ready to be elaborated."""
        assert use.reference is not None
        scope = self.scope(bindings, grid)
        instance = instantiate("objective", use.reference, scope)
        ends = (self.constant("epsilon") if self.spec.boundary else ir.Num(Fraction(0)), self.constant("T"))
        prior = partial(self.prior, scope)
        return Objective(name, use, instance, self.functions, self.spec.time.name, *ends, prior)

    def sampler(self, use: ast.Use) -> ir.Sampler:
        """Emit a sampler and the draws that it needs."""
        assert use.reference is not None
        scope = self.scope({})
        instance = instantiate("sampler", use.reference, scope)
        sampler = Sampler(use.called, use, instance, self.functions, self.prior(scope))
        sample = sampler.sample()
        draw = sampler.draw(sample)
        return ir.Sampler(sampler.name, self.functions.add(sample), self.functions.add(draw))

    def prior(self, scope: Env) -> ir.Expr:
        """Give the deviation of the prior."""
        evaluator = self.functions.evaluator()
        if self.spec.prior is None:
            span = self.spec.time.span
            return expression(evaluator.apply(scope.lookup("sigma"), (self.constant("T"),), span), span)
        distribution = self.spec.prior.distribution
        match distribution:
            case ast.Call(ast.Name("normal"), (ast.Argument(mean, None), ast.Argument(deviation, None))):
                found = expression(evaluator.value(deviation, scope), deviation.span)
                value = number(found, self.functions.constants)
                if evaluator.value(mean, scope) == ir.Num(Fraction(0)) and (value is None or value > 0):
                    return found
        raise error(
            "CM216",
            "the prior is `normal(0, deviation)` with a positive deviation",
            distribution.span,
            help="leave the statement out for `prior normal(0, sigma(T))`",
        )

    def data_shape(self) -> tuple[int, ...] | None:
        """Give the declared shape of one sample."""
        if self.spec.data is None:
            return None
        sizes = [i.text for i in self.spec.data.shape.items if isinstance(i, ast.Number)]
        if (
            len(sizes) != len(self.spec.data.shape.items)
            or not sizes
            or not all(s.isdigit() and 0 < int(s) < 2**31 for s in sizes)
        ):
            raise error(
                "CM217",
                "the data's shape is a list of positive whole numbers",
                self.spec.data.shape.span,
                help="write `data shape [3, 32, 32]`",
            )
        return tuple(int(s) for s in sizes)

    def network(self) -> tuple[str, tuple[tuple[str, Fraction], ...]] | None:
        """Give the network that the scaffold uses, with its options."""
        if self.spec.network is None:
            return None
        scope, evaluator = self.scope({}), self.functions.evaluator()
        options = []
        for argument in self.spec.network.arguments:
            value = number(evaluator.value(argument.value, scope), self.functions.constants)
            if argument.name is None or value is None:
                raise error(
                    "CM217",
                    "a network's options are numbers by name",
                    argument.span,
                    help="write `network mlp(width = 256)`",
                )
            options.append((argument.name, value))
        return self.spec.network.path, tuple(options)


def needs_grid() -> Form:
    """Give a `node` that says what is missing."""

    def refuse(evaluator: Evaluator, call: ast.Call, env: Env) -> object:
        raise error(
            "CM114",
            "`node` needs a grid, and the spec has none",
            call.span,
            help=f"add {use_of('grid')}",
        )

    return Form("node", refuse)
