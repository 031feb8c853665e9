"""How JAX writes the closed set of operations, and the forms that are its own; tables are NumPy's, on the host."""

from __future__ import annotations

from collections.abc import Mapping

from cmdsl.emit.code import Apply, Binary, Code, Item, Member, Name, Unary, apply, method, text
from cmdsl.emit.language import Form, Language, power
from cmdsl.emit.printer import Writer, plus_one
from cmdsl.ir.nodes import Draw, Function, Op, Type
from cmdsl.ir.walk import all_subexpressions, fresh
from cmdsl_jax.loops import scan

ZERO, ONE = Name("0"), Name("1")

SHARED = "sqrt exp expm1 log log1p log2 sin cos tan sinh cosh tanh abs floor ceil sign"
RENAMED = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "min": "minimum", "max": "maximum"}


def _softplus(library: str) -> Form:
    return lambda args, types: apply(f"{library}.logaddexp", *args, ZERO)


def _erf_of_table(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
    return Apply(apply("np.vectorize", Name("math.erf")), args)


def _sigmoid_of_table(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
    return Binary("/", ONE, Binary("+", ONE, apply("np.exp", Unary("-", args[0]))))


def _forms(library: str) -> dict[str, Form]:
    same: dict[str, Form] = {name: f"{library}.{name}" for name in SHARED.split()}
    return (
        same
        | {name: f"{library}.{own}" for name, own in RENAMED.items()}
        | {"softplus": _softplus(library), "pow": power(f"{library}.power")}
    )


ARRAYS: Mapping[str, Form] = _forms("jnp") | {"erf": "jax.lax.erf", "sigmoid": "jax.nn.sigmoid"}
TABLES: Mapping[str, Form] = _forms("np") | {"erf": _erf_of_table, "sigmoid": _sigmoid_of_table}


def _counting(start: Code, stop: Code, device: Code | None) -> Code:
    return apply("np.arange", start, stop, dtype=Name("np.float64"))


def _nodes(n: Code, like: Code | None, device: Code | None, grid: str) -> Code:
    table = apply(grid, n)
    return table if like is None else apply("jnp.asarray", table, apply("time_dtype", like))


def _expand(value: Code, like: Code, kind: Type) -> Code:
    return apply("fill", value, like) if kind is Type.STATE else apply("jnp.full_like", like, value)


def _keys(w: Writer) -> dict[str, str]:
    """Give the name of the key of each draw: a draw alone takes the key that is given."""
    if len(w.draws) == 1:
        return {w.draws[0]: "key"}
    return {name: fresh(f"key_{name}", w.names) for name in w.draws}


def _split_key(w: Writer) -> list[str]:
    keys = list(_keys(w).values())
    if len(keys) < 2:
        return []
    count = "" if len(keys) == 2 else f", {len(keys)}"
    return [f"{', '.join(keys)} = jax.random.split(key{count})"]


def _draw(draw: Draw, w: Writer) -> Code:
    args = tuple(map(w.code, draw.args))
    key, array = Name(_keys(w)[draw.name]), w.array or ""
    batch, dtype = Name(f"{array}.shape[:1]"), apply("time_dtype", Name(array))
    match draw.distribution:
        case "normal_like":
            shape = f"({text(args[1])}, *{array}.shape)" if len(args) > 1 else f"{array}.shape"
            return apply("jax.random.normal", key, Name(shape), Name(f"{array}.dtype"))
        case "integers":
            stop = w.code(plus_one(draw.args[1]))
            return method(apply("jax.random.randint", key, batch, args[0], stop), "astype", dtype)
        case "index":
            drawn = apply("categorical", key, args[0], batch)
            return method(Binary("+", drawn, ONE), "astype", dtype)
        case "bernoulli":
            below = Binary("<", apply("jax.random.uniform", key, batch, dtype), args[0])
            return method(below, "astype", dtype)
        case "uniform":
            return apply("jax.random.uniform", key, batch, dtype, *args)
    return _from_normal(draw.distribution, args[0], args[1], apply("jax.random.normal", key, batch, dtype))


def _from_normal(distribution: str, shift: Code, scale: Code, noise: Code) -> Code:
    """Give a number that is normal itself, or whose logarithm or log-odds is."""
    scaled = noise if scale == ONE else Binary("*", scale, noise)
    shifted = scaled if shift == ZERO else Binary("+", shift, scaled)
    outer = {"lognormal": "jnp.exp", "logitnormal": "jax.nn.sigmoid"}
    return shifted if distribution == "normal" else apply(outer[distribution], shifted)


def _decorators(function: Function) -> list[str]:
    """Let NumPy take the logarithm of a table that begins at 0: as elsewhere, it is -inf and no news."""
    logarithms = (e for e in all_subexpressions(function.body) if isinstance(e, Op) and e.name in ("log", "log2"))
    return ['@np.errstate(divide="ignore")'] if any(e.type is Type.TABLE for e in logarithms) else []


LANGUAGE = Language(
    arrays=ARRAYS,
    tables=TABLES,
    host_loops=False,
    where="jnp.where",
    table_where="np.where",
    jvp="jax.jvp",
    no_grad=None,
    stop_gradient=lambda value: apply("jax.lax.stop_gradient", value),
    whole=lambda index: method(index, "astype", Name("int")),
    widen=lambda value: method(value, "astype", apply("time_dtype", value)),
    cast=lambda value, like: method(value, "astype", Member(like, "dtype")),
    dim=lambda like: apply("math.prod", Item(Member(like, "shape"), (ONE, None))),
    counting=_counting,
    nodes=_nodes,
    expand=_expand,
    like="jnp",
    uniform=lambda value, array: apply("jnp.asarray", value, apply("time_dtype", Name(array))),
    single=lambda value, array: apply("jnp.asarray", value, apply("time_dtype", Name(array))),
    draw=_draw,
    draw_head=_split_key,
    loop=scan,
    decorators=_decorators,
    random="key: Array",
    grid_params=(),
    annotations={
        Type.STATIC: "float",
        Type.UNIFORM: "float | Array",
        Type.SAMPLE: "Array",
        Type.STATE: "Array",
        Type.TABLE: "np.ndarray",
        Type.SEQUENCE: "Sequence[float]",
        Type.NETWORK: "Network",
        Type.DENOISER: "Denoiser",
        Type.LEARNED: "Learned",
    },
    table_annotation="np.ndarray",
    draws_annotation="dict[str, Array]",
)
