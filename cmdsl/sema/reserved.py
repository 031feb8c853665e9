"""The names of the language, which a spec can't bind."""

from cmdsl.sema.bodies import COEFFICIENTS
from cmdsl.sema.evaluate import FUNCTIONS

RESERVED = frozenset(
    [
        *(
            "alpha",
            "sigma",
            "drift",
            "diffusion",
            "snr",
            "logsnr",
            "time_at",
            "perturb",
            "transition",
            "exact_gaussian",
        ),
        *(
            "exact_gaussian",
            "f",
            "f_ema",
            "F",
            "F_ema",
            "D",
            "teacher",
            "velocity",
            "score",
            "stopgrad",
            "jvp",
            "sqnorm",
            "dot",
            "mean",
            "dim",
        ),
        *("node", "N", "k", "K", "x", "data", "prior", "normal", "uniform", "lognormal", "logitnormal", "integers"),
        *("bernoulli", "index", "diff", "integral", "variance", "pi", "inf", *FUNCTIONS, *COEFFICIENTS),
    ]
)
# names of the prelude and its coefficients: a param is seen by library bodies, and would stand in their place
PRELUDE = frozenset(["flow", "drift_rate", "velocity_x", "velocity_denoised", "gaussian_scale"]) | {
    *(f"{kernel}_{name}" for kernel in ("transition", "restart") for name in ("alpha", "sigma")),
    *(f"denoiser_{name}" for name in COEFFICIENTS),
}
