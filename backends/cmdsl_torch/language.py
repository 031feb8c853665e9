"""How PyTorch writes the closed set of operations, and its few forms of its own."""

from __future__ import annotations

from collections.abc import Mapping

from cmdsl.emit.code import Apply, Binary, Code, Item, Member, Name, apply, method, text
from cmdsl.emit.language import Form, Language, power
from cmdsl.emit.loops import for_loop
from cmdsl.emit.printer import Writer, plus_one
from cmdsl.ir.nodes import Draw, Type

ZERO, ONE = Name("0"), Name("1")


def _bound(side: str, function: str) -> Form:
    """Give the form of min or max: a clamp where one side is a number."""

    def form(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
        if Type.STATIC not in types:
            return apply(function, *args)
        array, limit = args if types[1] is Type.STATIC else reversed(args)
        return _clamp(array, side, limit)

    return form


def _clamp(array: Code, side: str, limit: Code) -> Code:
    """Give a clamp on one side, or on both where the array is clamped on the other already."""
    if isinstance(array, Apply) and array.function == Name("torch.clamp") and side not in dict(array.keywords):
        both = dict(array.keywords) | {side: limit}
        return apply("torch.clamp", *array.args, min=both["min"], max=both["max"])
    return apply("torch.clamp", array, **{side: limit})


def _softplus(args: tuple[Code, ...], types: tuple[Type, ...]) -> Code:
    """torch's own softplus is linear beyond 20, so wrong in the ninth digit there."""
    return apply("torch.logaddexp", args[0], apply("torch.zeros_like", args[0]))


SAME_NAME = "sqrt exp expm1 log log1p log2 sin cos tan asin acos atan sinh cosh tanh erf abs floor ceil sign sigmoid"
ARRAYS: Mapping[str, Form] = {name: f"torch.{name}" for name in SAME_NAME.split()} | {
    "pow": power("torch.pow"),
    "softplus": _softplus,
    "min": _bound("max", "torch.minimum"),
    "max": _bound("min", "torch.maximum"),
}


def _counting(start: Code, stop: Code, device: Code | None) -> Code:
    place = {} if device is None else {"device": device}
    return apply("torch.arange", start, stop, dtype=Name("torch.float64"), **place)


def _nodes(n: Code, like: Code | None, device: Code | None, grid: str) -> Code:
    if like is None:
        return apply(grid, n) if device is None else apply(grid, n, device)
    return method(apply(grid, n, Member(like, "device")), "to", apply("time_dtype", like))


def _expand(value: Code, like: Code, kind: Type) -> Code:
    return method(value, "expand", apply("len", like))


def _uniform(value: Code, array: str) -> Code:
    dtype = apply("time_dtype", Name(array))
    return apply("torch.as_tensor", value, dtype=dtype, device=Name(f"{array}.device"))


def _single(value: Code, array: str) -> Code:
    """Give an array of one number, made on the device: nothing is copied there."""
    dtype = apply("time_dtype", Name(array))
    return apply("torch.full", Name("()"), value, dtype=dtype, device=Name(f"{array}.device"))


def _draw(draw: Draw, w: Writer) -> Code:
    args = tuple(map(w.code, draw.args))
    array = w.array or ""
    if draw.distribution == "normal_like":
        return _normal_like(args, array)
    if draw.distribution == "integers":
        ends = (args[0], w.code(plus_one(draw.args[1])))
        return apply("torch.randint", *ends, Name(f"(len({array}),)"), **_options(array))
    if draw.distribution == "index":
        drawn = apply("categorical", args[0], _batch(array), Name("generator"))
        return method(Binary("+", drawn, ONE), "to", apply("time_dtype", Name(array)))
    return SCALARS[draw.distribution](args, array)


def _normal_like(args: tuple[Code, ...], array: str) -> Code:
    shape: Code = Name(f"{array}.shape")
    if len(args) > 1:
        shape = Name(f"({text(args[1])}, *{array}.shape)")
    return apply("torch.randn", shape, **_options(array, Name(f"{array}.dtype")))


def _options(array: str, dtype: Code | None = None) -> dict[str, Code]:
    kind = dtype or apply("time_dtype", Name(array))
    return {"generator": Name("generator"), "dtype": kind, "device": Name(f"{array}.device")}


def _batch(array: str) -> Code:
    return apply("len", Name(array))


def _affine(shift: Code, scale: Code, noise: Code) -> Code:
    scaled = noise if scale == ONE else Binary("*", scale, noise)
    return scaled if shift == ZERO else Binary("+", shift, scaled)


def _randn(array: str) -> Code:
    return apply("torch.randn", _batch(array), **_options(array))


def _rand(array: str) -> Code:
    return apply("torch.rand", _batch(array), **_options(array))


def _normal(args: tuple[Code, ...], array: str) -> Code:
    return _affine(args[0], args[1], _randn(array))


def _uniform_draw(args: tuple[Code, ...], array: str) -> Code:
    low, high = args
    return _affine(low, high if low == ZERO else Binary("-", high, low), _rand(array))


def _bernoulli(args: tuple[Code, ...], array: str) -> Code:
    return method(Binary("<", _rand(array), args[0]), "to", apply("time_dtype", Name(array)))


SCALARS = {
    "normal": _normal,
    "lognormal": lambda args, array: apply("torch.exp", _normal(args, array)),
    "logitnormal": lambda args, array: apply("torch.sigmoid", _normal(args, array)),
    "uniform": _uniform_draw,
    "bernoulli": _bernoulli,
}

LANGUAGE = Language(
    arrays=ARRAYS,
    tables=ARRAYS,
    host_loops=True,
    where="torch.where",
    table_where="torch.where",
    jvp="jvp",
    no_grad="torch.no_grad()",
    stop_gradient=lambda value: method(value, "detach"),
    whole=lambda index: method(index, "long"),
    widen=lambda value: method(value, "to", apply("time_dtype", value)),
    cast=lambda value, like: method(value, "to", Member(like, "dtype")),
    dim=lambda like: method(Item(Member(like, "shape"), (ONE, None)), "numel"),
    counting=_counting,
    nodes=_nodes,
    expand=_expand,
    like="torch",
    uniform=_uniform,
    single=_single,
    draw=_draw,
    draw_head=lambda writer: [],
    loop=for_loop,
    decorators=lambda function: [],
    random="generator: torch.Generator | None",
    grid_params=("device: torch.device | None = None",),
    annotations={
        Type.STATIC: "float",
        Type.UNIFORM: "float | Tensor",
        Type.SAMPLE: "Tensor",
        Type.STATE: "Tensor",
        Type.TABLE: "Tensor",
        Type.SEQUENCE: "Sequence[float]",
        Type.NETWORK: "Network",
        Type.DENOISER: "Denoiser",
        Type.LEARNED: "Learned",
    },
    table_annotation="Tensor",
    draws_annotation="dict[str, Tensor]",
)
