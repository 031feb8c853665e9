"""Texts to try the compiler with: by the grammar, real specs changed and mixed, specs put together from pieces."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from tests.cli.command import ROOT, SPECS, VE
from tests.cli.test_hostile import PROCESS
from tests.cli.test_mutations import EDITS, mutated

GRAMMAR = Lark(
    (ROOT / "cmdsl" / "syntax" / "grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    start=["start", "statement", "expr", "step"],
)
NAMES = (
    "a b g o m x t s r z x0 x_t v N n k K i T epsilon sigma_data σ_data ε f f_ema D F teacher data normal prior "
    "time grid alpha sigma snr logsnr drift diffusion score velocity perturb transition node dim rho weight "
    "metric solver proposal c_skip c_out c_in c_noise sin exp log sqrt tanh sigmoid erf abs sign floor ceil min "
    "max clip mean sqnorm dot stopgrad jvp diff integral time_at uniform logitnormal lognormal bernoulli integers "
    "index inf pi mlp shape edm karras heun euler ict fixed onestep multistep ode denoising consistency_training "
    "consistency_distillation pseudo_huber squared_l2"
).split()
KEYWORDS = {
    t.name: st.just(f" {t.pattern.value} ") for t in GRAMMAR.terminals if t.pattern.type == "str" and t.name.isalpha()
}
EXPLICIT = {
    **KEYWORDS,
    "NAME": st.sampled_from([f" {name} " for name in NAMES]),
    "NUMBER": st.sampled_from([f" {n} " for n in "0 1 2 3 0.5 1e-3 1e300 1e-300 18 64 99999 .5 7.".split()]),
    "STRING": st.sampled_from(['"a.cm"', '"../a.cm"', '"m.cm"', '"os:path"', '"a.b:c"', '""']),
    "SUPERSCRIPT": st.sampled_from("² ³ ⁻¹ ¹²".split()),
    "_NL": st.just("\n"),
    "COMMENT": st.just(" "),
    "BLANK": st.just(" "),
}
LARGEST = 3000


def by_grammar(start: str) -> st.SearchStrategy[str]:
    """Give texts of a rule of the grammar, in names that mean something."""
    reached = {terminal.name for terminal in GRAMMAR.grammar.compile([start], set())[0]}
    given = {name: words for name, words in EXPLICIT.items() if name in reached}
    return from_lark(GRAMMAR, start=start, explicit=given).filter(lambda text: len(text) < LARGEST)


EXPRESSION = st.recursive(
    st.sampled_from(
        "t T epsilon sigma_data 0 1 2 1/2 0.3 1e-9 1e9 pi inf alpha(t) sigma(t) snr(t) logsnr(t) c_skip(t) c_in(t) "
        "c_out(t) c_noise(t) diffusion(t) time_at(t) N k K x x0 z s f(x,t) D(x,t) f_ema(x0,t) t>s".split()
    ),
    lambda inner: st.one_of(
        st.builds("({}){}({})".format, inner, st.sampled_from("+ - * / ^ < <= == != and or".split()), inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(
                "sin cos exp log sqrt tanh asinh sigmoid softplus erf abs sign floor ceil mean sqnorm not - √ stopgrad "
                "alpha sigma time_at".split()
            ),
            inner,
        ),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
        st.builds(
            "{}({}, {})".format, st.sampled_from("min max diff dot perturb f D score clip atan2".split()), inner, inner
        ),
        st.builds("integral({}, s, {}, {})".format, inner, inner, inner),
        st.builds("jvp(f, ({}, {}), ({}, {}))".format, inner, inner, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
    ),
    max_leaves=5,
)
ANY = st.one_of(EXPRESSION, EXPRESSION, by_grammar("expr").filter(lambda text: len(text) < 300 and "\n" not in text))
VALUE = st.sampled_from("1/2 1 2 0.3 T epsilon 7 18 80 0 -1 1e-6 [0.5] [0.5,0.2] inf k N t".split())
KNOWN = {
    "objective": [
        "denoising",
        "consistency_training",
        "consistency_distillation",
        "consistency_training(metric = {n})",
        "consistency_training(weight = {n})",
        "consistency_training(proposal = {n})",
        "consistency_training {{ curriculum {c} }}",
        "consistency_training {{ grid {g} }}",
        "consistency_distillation(solver = {n})",
        "denoising(weight(t) = {e})",
        "o = denoising(weight(t) = {v})",
    ],
    "sampler": ["onestep", "multistep(times = [{v}, {v}])", "ode(solver = {n}, N = {v})", "ode(N = {v})", "{n}"],
    "grid": ["karras", "karras(rho = {v})", "linear", "{n}({v})", "cosine"],
    "curriculum": ["fixed({v})", "fixed({v}, decay = {v})", "ict(s1 = {v})", "ict(s0 = {v})", "ct", "{n}"],
    "assert": ["{e} = {e}", "{e} > 0", "{e}", "{e} >= {e} for t in [{v}, {v}]", "{e} for s in ({v}, T)", "{e} = 1"],
}
NAMED = st.sampled_from(
    "pseudo_huber pseudo_huber(0) squared_l2 l1 l2 inverse_gap uniform lognormal_on_grid heun euler ddim midpoint "
    "own_metric own_weight own_solver own_sampler own_objective karras T denoising".split()
)
OWN = [
    "define metric own_metric(c = {v}) {{ d(a, b) = {e} }}",
    "define metric own_metric {{ d(a, b) = sqrt(sqnorm(a - b) + {v}) }}",
    "define weight own_weight(c = {v}) {{ weight(t) = {e} }}",
    "define objective own_objective(q = {v}) {{\n x0 ~ data\n z ~ normal\n t ~ uniform(epsilon, T)\n"
    " x = perturb(x0, z, t)\n s = {e}\n minimize {e}\n}}\nobjective own_objective",
    "define objective another {{\n x0 ~ data\n z ~ normal\n k1 ~ bernoulli({v})\n t ~ {n}({v}, {v})\n"
    " assert {e}\n minimize sqnorm(f(perturb(x0, z, t), t) - x0)*({e})\n}}\nobjective another",
    "define sampler own_sampler {{\n x ~ prior\n"
    " for i from 1 to {v} {{\n  x = {e}\n }}\n return {e}\n}}\nsampler own_sampler",
    "define sampler other {{\n x ~ prior\n for t in [T, {v}] {{ x = f(x, t)*({v}) }}\n return x\n}}\nsampler other",
    "define solver own_solver {{\n order = {v}\n"
    " step(D, x, t, s) {{ return {e} }}\n}}\nsampler ode(solver = own_solver, N = 4)",
    "define grid own_grid {{ node(n, N) = {e} }}",
    "define curriculum own_curriculum {{ N(k, K) = {e} }}",
    "g(s) = {e}\nassert g(t) >= {v}",
    "g = {e}\nobjective held = denoising(weight(t) = g)",
    "param a = {e} in ({v}, {v})",
    "param a = {v}\nassert a*t >= {v}",
    "learned u(t)\nobjective weighed = denoising(weight(t) = u(t))",
    "data shape [{v}, 8, 8]",
    "network mlp",
    "prior {e}",
]
PROCESSES = [
    "sde {{ drift = 0  diffusion = sqrt(2*t) }}",
    "sde {{ drift = -x/2  diffusion = 1 }}",
    "sde {{ drift = {e}  diffusion = {e} }}",
    "sde {{ drift = -x*({v})  diffusion = {e} }}",
    "path {{ alpha = 1 - t/2  sigma = t }}",
    "path {{ alpha = cos(t)  sigma = sin(t) }}",
    "path {{ alpha = {e}  sigma = {e} }}",
]
FAMILIES = ["edm(sigma_data)", "edm({v})", "{{ c_skip = {e}  c_out = {e}  c_in = 1  c_noise = t }}", "{n}"]
HEAD = (
    "param sigma_data = 0.5 in (0, inf)\nparam epsilon = 0.002 in (0, T)\nparam T = 1.5 in (0, inf)\ntime t in [0, T]\n"
)


@st.composite
def assembled(draw: st.DrawFn) -> str:
    """Put a spec together from what the language and its library have, and values that fit more or less."""
    forms = [draw(st.sampled_from([*PROCESSES[:2], *PROCESSES]))]
    if draw(st.integers(0, 3)):
        family = draw(st.sampled_from([FAMILIES[0], *FAMILIES]))
        forms += [f"boundary {draw(st.sampled_from(['epsilon', 'epsilon', '{v}']))}", f"precondition {family}"]
    for kind in ("grid", "curriculum"):
        forms += [f"{kind} {draw(st.sampled_from(KNOWN[kind]))}"]
    forms += draw(st.lists(st.sampled_from(OWN), max_size=2))
    forms += [f"objective {draw(st.sampled_from(KNOWN['objective']))}"] * draw(st.integers(0, 1))
    forms += [f"sampler {draw(st.sampled_from(KNOWN['sampler']))}"] * draw(st.integers(0, 1))
    forms += [f"assert {draw(st.sampled_from(KNOWN['assert']))}"] * draw(st.integers(0, 1))
    return f"model m\n{HEAD}" + "".join(f"{filled(draw, form)}\n" for form in forms)


def filled(draw: st.DrawFn, form: str) -> str:
    """Fill the gaps of a form: {e} with an expression, {v} with a value, {n} with a name."""
    pieces = form.replace("{{", "\0").replace("}}", "\1")
    for gap, values in (
        ("{e}", ANY),
        ("{v}", VALUE),
        ("{n}", NAMED),
        ("{c}", st.just("ct")),
        ("{g}", st.just("karras")),
    ):
        while gap in pieces:
            pieces = pieces.replace(gap, draw(values), 1)
    return pieces.replace("\0", "{").replace("\1", "}")


TEXTS = [
    *(path.read_text(encoding="utf-8") for path in SPECS),
    *(p.read_text(encoding="utf-8") for p in sorted((ROOT / "tests" / "cli" / "written").glob("*.cm"))),
]


def one_of(texts: Sequence[str]) -> st.SearchStrategy[str]:
    """Give one of many long texts, which no message is to list."""
    return st.integers(0, len(texts) - 1).map(lambda i: texts[i])


LINES = sorted({line for text in TEXTS for line in text.splitlines() if line.strip()})
CHANGED = st.builds(mutated, one_of(TEXTS), EDITS)
MIXED = st.builds(
    lambda text, lines: text + "\n" + "".join(f"{line}\n" for line in lines),
    one_of([VE, PROCESS, *TEXTS]),
    st.lists(one_of(LINES), min_size=1, max_size=3),
)
EXTENDED = st.builds(
    lambda text, statements: text + "".join(f"{statement}\n" for statement in statements),
    one_of([VE, PROCESS]),
    st.lists(by_grammar("statement"), min_size=1, max_size=2),
)
ANYTHING = st.one_of(by_grammar("start"), EXTENDED, CHANGED, MIXED, assembled(), assembled(), assembled())
