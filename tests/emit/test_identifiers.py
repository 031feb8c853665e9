"""Names that Python or the module has a use for are replaced, the same way each time, and everywhere."""

from fractions import Fraction

from cmdsl.emit.identifiers import safe_names
from cmdsl.ir.build import num, op
from cmdsl.ir.nodes import Call, Constant, Function, Lambda, Let, Param, Program, Return, Role, Type, Var
from cmdsl.ir.walk import all_subexpressions, names

S = Type.SAMPLE


def program(*functions: Function) -> Program:
    constants = (Constant("WEIGHT", "weight", Fraction(1)),)
    return Program("odd", "", "odd.cm", "", "", constants, functions, (), (), (), None, None)


def function(name: str, body: tuple[Let | Return, ...], *params: str) -> Function:
    return Function(name, tuple(Param(p, S) for p in params), body, S, Role.DEFINITION)


def test_keywords_builtins_and_helpers_are_renamed_everywhere() -> None:
    lam, over = Var("lambda", S), Var("over", S)
    odd = function(
        "sum", (Let("over", op("mul", lam, Var("WEIGHT", Type.STATIC))), Return(op("add", over, num(1)))), "lambda"
    )
    caller = function("caller", (Return(Call("sum", (Var("t", S),), S)),), "t")
    safe = safe_names(program(odd, caller), ["over", "WEIGHT"])
    assert [f.name for f in safe.functions] == ["sum_", "caller"]
    assert names(safe.functions[0]) == {"lambda_", "over_", "WEIGHT_"}
    assert {e.function for e in all_subexpressions(safe.functions[1].body) if isinstance(e, Call)} == {"sum_"}
    assert [c.name for c in safe.constants] == ["WEIGHT_"]


def test_a_new_name_is_not_one_that_is_there() -> None:
    both = function("f", (Return(op("add", Var("lambda", S), Var("lambda_", S))),), "lambda", "lambda_")
    assert [p.name for p in safe_names(program(both), []).functions[0].params] == ["lambda_2", "lambda_"]


def test_a_local_does_not_hide_a_function_that_is_called() -> None:
    sigma = function("sigma", (Return(Var("t", S)),), "t")
    body = (Let("sigma", Call("sigma", (Var("t", S),), S)), Return(Var("sigma", S)))
    safe = safe_names(program(sigma, function("g", body, "t")), [])
    let = safe.functions[1].body[0]
    assert isinstance(let, Let)
    assert let.name == "sigma_"
    assert let.value == Call("sigma", (Var("t", S),), S)


def test_dunders_and_parameters_of_lambdas_are_renamed() -> None:
    inner = Lambda((Var("class", S),), op("add", Var("class", S), Var("__import__", S)), Type.DENOISER)
    safe = safe_names(program(function("f", (Return(inner),), "__import__")), [])
    assert names(safe.functions[0]) == {"class_", "import__2"} or names(safe.functions[0]) == {"class_", "import_"}


def test_safe_names_are_left_alone() -> None:
    plain = program(function("f", (Return(Var("t", S)),), "t"))
    assert safe_names(plain, []) == plain
