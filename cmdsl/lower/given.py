"""What emitted functions are given and import: networks of so many scalars, learned functions, Python's metrics."""

from __future__ import annotations

from attrs import define, field

from cmdsl.diagnostics import Label, Span, error
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.ir.walk import fresh
from cmdsl.lower.algebra import SOME_STATE, expression, per_sample, scalars, state_variable
from cmdsl.sema.values import Builtin, External, Learned

LEARNED = ir.Var("learned", Type.LEARNED)


@define(eq=False)
class Given:
    """The functions without a formula that have been used so far; imported ones keep off the names in `taken`."""

    taken: frozenset[str]
    network: tuple[int, Span] | None = None
    learned: dict[Span, tuple[str, int]] = field(factory=dict)
    externals: dict[str, ir.External] = field(factory=dict)

    def network_takes(self, count: int, span: Span) -> None:
        """Note with how many scalars the network is called; it is called with as many everywhere."""
        self.network = self.network or (count, span)
        wanted, first = self.network
        if count != wanted:
            raise error(
                "CM219",
                f"`F` takes {counted(count)} here, and {counted(wanted)} elsewhere",
                span,
                secondary=(Label(first, f"with {counted(wanted)}"),),
                help="give the network as many scalars everywhere; `f` and `D` give it one",
            )

    def raw(self, name: str, network: ir.Var) -> Builtin:
        """Give a network as a function: `F(x, c, …)` takes a state and scalars per sample, as many everywhere."""

        def apply(args: tuple[object, ...], span: Span) -> ir.Expr:
            if len(args) < 2:
                raise error("CM106", f"`{name}` takes a state and one or more scalars", span)
            self.network_takes(len(args) - 1, span)
            x, *scalars = (expression(a, span) for a in args)
            if x.type is not Type.STATE or any(c.type is Type.STATE for c in scalars):
                raise error("CM204", f"`{name}` takes a state, and then scalars", span)
            like = state_variable(x) or x
            return ir.Call(network, (x, *(per_sample(c, like) for c in scalars)), Type.STATE)

        return Builtin(name, None, apply, network)

    def unwritten(self, function: Learned | External, args: tuple[object, ...], span: Span) -> ir.Expr:
        """Call a learned function, or a metric that is written in Python."""
        return self.learn(function, args, span) if isinstance(function, Learned) else self.measure(function, args, span)

    def learn(self, function: Learned, args: tuple[object, ...], span: Span) -> ir.Expr:
        """Call a learned function, by a name that no other has."""
        given = scalars(args, span, f"`{function.name}`")
        if any(a.type is Type.TABLE for a in given):
            raise error("CM202", "a weight of `index` can depend on the nodes and on params only", span)
        name, _ = self.entry(function)
        return ir.Call(ir.Entry(LEARNED, name), tuple(per_sample(a, SOME_STATE) for a in given), Type.SAMPLE)

    def entry(self, function: Learned) -> tuple[str, int]:
        """Give the name of a learned function and how many scalars it takes."""
        names = {name for name, _ in self.learned.values()}
        return self.learned.setdefault(function.span, (fresh(function.name, names), len(function.parameters)))

    def measure(self, function: External, args: tuple[object, ...], span: Span) -> ir.Expr:
        """Call a metric that is written in Python."""
        states = [expression(a, span, "a state") for a in args]
        if any(a.type is not Type.STATE for a in states):
            raise error("CM204", f"`{function.name}` is of two states, and this is a scalar", span)
        name = fresh(function.name, self.taken)
        self.externals[name] = ir.External(name, function.module, function.attribute)
        return ir.Call(ir.Var(name, Type.EXTERN), tuple(states), Type.SAMPLE)


def counted(count: int) -> str:
    """Say how many scalars."""
    return f"{count} scalar{'s' if count != 1 else ''}"
