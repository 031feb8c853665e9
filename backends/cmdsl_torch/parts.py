"""What an emitted PyTorch module has besides its mathematics: imports, aliases, helpers, the solve, the module."""

from __future__ import annotations

from cmdsl.emit.module import Import, Parts

ALIASES = {
    "Denoiser": "Denoiser = Callable[[Tensor, Tensor], Tensor]  # called as (x, t): E[x0 given x_t]",
    "Step": "Step = Callable[[Denoiser, Tensor, Tensor, Tensor], Tensor]  # called as (denoise, x, t, r)",
}

LEARNED = '''
class Learned(Protocol):
    """Learned functions by name: `learned["w"](t)` gives a scalar for each sample."""

    def __getitem__(self, name: str, /) -> Callable[..., Tensor]: ...
'''

LEARNED_FUNCTIONS = '''
class LearnedFunctions(nn.Module):
    """Trainable functions of scalars, by name: Fourier features of each scalar and one linear layer, zero at first."""

    def __init__(self, scalars: dict[str, int], frequencies: int = 64) -> None:
        super().__init__()
        frequency = math.pi / 2 * 2 ** torch.linspace(-6, 4, frequencies)
        self.register_buffer("frequency", frequency, persistent=False)
        layers = {f"of_{name}": nn.Linear(2 * frequencies * count, 1) for name, count in scalars.items()}
        self.layers = nn.ModuleDict(layers)
        for weights in self.parameters():
            nn.init.zeros_(weights)

    def __getitem__(self, name: str, /) -> Callable[..., Tensor]:
        return partial(self, f"of_{name}")

    def forward(self, layer: str, *scalars: Tensor) -> Tensor:
        """Give the value of one of the functions for each sample: `[batch]`."""
        frequency = self.get_buffer("frequency")
        angle = torch.stack(scalars, 1)[:, :, None] * frequency
        features = torch.cat([angle.sin(), angle.cos()], 2).flatten(1)
        value: Tensor = self.layers[layer](features.to(frequency.dtype))[:, 0]
        return value.to(scalars[0].dtype)
'''

TIME_DTYPE = '''
def time_dtype(x: Tensor) -> torch.dtype:
    """Give the dtype of times and coefficients: that of x, but at least float32."""
    return torch.promote_types(x.dtype, torch.float32)
'''

OVER = '''
def over(t: Tensor, x: Tensor) -> Tensor:
    """Give scalars `[batch]` the rank of x: `[batch, 1, ...]`."""
    return t.reshape(t.shape + (1,) * (x.ndim - t.ndim))
'''

FILL = '''
def fill(value: float, x: Tensor) -> Tensor:
    """Give a number for each sample of x: `[batch]`."""
    return torch.full((len(x),), value, dtype=time_dtype(x), device=x.device)
'''

SQNORM = '''
def sqnorm(x: Tensor) -> Tensor:
    """Give the squared norm of each sample: `[batch]`."""
    return x.square().unsqueeze(1).flatten(1).sum(1)
'''

DOT = '''
def dot(a: Tensor, b: Tensor) -> Tensor:
    """Give the inner product of each sample of a with that of b: `[batch]`."""
    return (a * b).unsqueeze(1).flatten(1).sum(1)
'''

MEAN = '''
def mean(x: Tensor) -> Tensor:
    """Give the mean of each sample over its elements: `[batch]`."""
    return x.unsqueeze(1).flatten(1).mean(1)
'''

CATEGORICAL = '''
def categorical(weights: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """Draw that many indices of weights, each as often as its weight says: `[count]`."""
    cumulative = weights.cumsum(0)
    u = 1 - torch.rand(count, generator=generator, dtype=weights.dtype, device=weights.device)  # in (0, 1]
    return torch.searchsorted(cumulative, cumulative[-1] * u)
'''

JVP = '''
def jvp(function: Callable[..., Tensor], at: tuple[Tensor, ...], along: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Give the value of a function at a point, and its derivative along a direction."""
    value, slope, *_ = torch.func.jvp(function, at, along)
    return value, slope
'''

ANALYTIC_DENOISER = '''
def analytic_denoiser(data: Tensor, *, block: int = 512) -> Denoiser:
    """Give E[x0 given x_t] for data y `[n, ...]`: their mean by the weights exp(-|x - alpha(t)*y|^2/(2*sigma(t)^2)).

    Karras et al. (2022), appendix B.3, by blocks of the data; where sigma(t) is 0, the nearest of them.
    """
    blocks = data.unsqueeze(1).flatten(1).split(block)

    def denoise(x: Tensor, t: Tensor) -> Tensor:
        flat, t = x.unsqueeze(1).flatten(1).double(), t.double()  # float32 would lose the differences of squares
        a, variance = alpha(t)[:, None], sigma(t)[:, None].square().clamp(min=1e-24)
        top = torch.full_like(variance, -math.inf)
        mass, total = torch.zeros_like(variance), torch.zeros_like(flat)
        for y in blocks:
            y = y.to(flat)
            logits = a * (flat @ y.T - a * y.square().sum(1) / 2) / variance
            last, top = top, torch.maximum(top, logits.amax(1, keepdim=True))
            kept, w = torch.exp(last - top), torch.exp(logits - top)
            mass, total = kept * mass + w.sum(1, keepdim=True), kept * total + w @ y
        return (total / mass).to(time_dtype(x)).reshape(x.shape)

    return denoise
'''

INTEGRATE = '''
def integrate(denoise: Denoiser, x: Tensor, times: Tensor, step: Step) -> Tensor:
    """Solve the probability-flow ODE from x at times[0] to times[-1], by one step of a solver after another."""
    times = times.to(x.device, time_dtype(x))
    for n in range(len(times) - 1):
        x = step(denoise, x, times[n].expand(len(x)), times[n + 1].expand(len(x)))
    return x
'''

CONSISTENCY_MODEL = '''
class ConsistencyModel(nn.Module):
    """The consistency function f(x, t) around a network that is called as (x, c_noise)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Give f(x, t): states like x."""
        return consistency(self.network, x, t)
'''

PARTS = Parts(
    array="Tensor",
    learned=("LearnedFunctions", "LearnedFunctions"),
    imports=(
        Import("math", standard=True),
        Import("collections.abc", "Callable", standard=True),
        Import("collections.abc", "Sequence", standard=True),
        Import("functools", "partial", standard=True),
        Import("typing", "Protocol", standard=True),
        Import("torch"),
        Import("torch", "Tensor"),
        Import("torch", "nn"),
    ),
    aliases=ALIASES,
    helpers={
        "Learned": LEARNED,
        "time_dtype": TIME_DTYPE,
        "over": OVER,
        "fill": FILL,
        "sqnorm": SQNORM,
        "dot": DOT,
        "mean": MEAN,
        "categorical": CATEGORICAL,
        "jvp": JVP,
    },
    closing={
        "alpha": ANALYTIC_DENOISER,
        "solver": INTEGRATE,
        "consistency": CONSISTENCY_MODEL,
        "learned": LEARNED_FUNCTIONS,
    },
)
EXPORTS = {
    "alpha": "analytic_denoiser",
    "solver": "integrate",
    "consistency": "ConsistencyModel",
    "learned": "LearnedFunctions",
}
RESERVED = (
    "Network",
    *(i.name for i in PARTS.imports),
    *PARTS.aliases,
    *PARTS.helpers,
    *EXPORTS.values(),
)
