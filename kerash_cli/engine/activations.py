"""Activations: what a layer makes of its weighted sums.

To add one, write its function and its derivative as plain NumPy expressions, and a row at the end of this file; the
tests ask for a row of theirs, the same formulas in arithmetic of any precision. In such an expression

- nothing overflows and nothing is 0 / 0, unless the value itself does: clip before exp, a square or a quotient;
- NaN goes through, so that divergence is seen;
- a difference that cancels is rewritten, or the expression is `wide`: float64 whatever the type of z;
- a product that may be subnormal has no subnormal factor: (z * h) * h with h = exp(z / 2) keeps the digits that
  z * exp(z) would lose.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import factorial, pi, sqrt
from typing import Any, NamedTuple, NoReturn

import numpy as np

from kerash_cli import decimals
from kerash_cli.decimals import shortest
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.tensors import Array, Calls, Values
from kerash_cli.errors import BadInput
from kerash_cli.registry import Registry

HUGE = 1e18
"""Parameters are at most this in magnitude, and at least its inverse: 1 + HUGE^2 is finite in float32 too."""

SATURATED = 40
"""sigmoid(40) is 1, and exp(-40^2 / 2) is 0, in float64 too."""

CANCELLED = tuple(2 * k / factorial(2 * k + 1) for k in range(9, 0, -1))
"""P such that z cosh z - sinh z = z^3 P(z^2) and z cos z - sin z = -z^3 P(-z^2): its power series, for |z| <= 1."""

SCALED_TAIL = (
    0.0005162422963662841, -0.004418155623680238, 0.014762902387000593, -0.01872470477392823, -0.021258421137593256,
    0.12331997630285452, -0.23518695797848213, 0.2836222001361013, -0.25112596055650027, 0.16408985768174403,
    -0.08396209862003633, 0.04167512473413644, 0.003917889288658644, 0.028479190321494114, 0.037017315418394425,
    0.0498749970089469, 0.06101212967172166, 0.07021469069930081, 0.07659686889004089, 0.07978845780092776,
    0.07978845605253214,
)  # fmt: skip
"""The polynomial of `_scaled_tail`."""

SHORT_SCALED_TAIL = (
    0.021254860843092662, -0.12424958547738227, 0.27212313129052024, -0.30666932130708474, 0.2797633521492438,
    -0.09964869463854893, 0.10128037541639769, 0.0476706420954048, 0.07254493879091073, 0.07633732218523208,
    0.07980497626410342, 0.07978800239753922,
)  # fmt: skip
"""The same for results that are float32, to 3e-9."""


class Domain(NamedTuple):
    """Which parameters a function is defined for, and the words for it, with {0} for the first one's name."""

    accepts: Callable[..., bool]
    words: str


@dataclass(frozen=True)
class Definition:
    """One kind of activation: a row of the registry."""

    f: Callable[..., Any]
    """f(z, *parameters)."""

    d_f: Callable[..., Any]
    """f'(z, *parameters), or f'(a, *parameters) if `in_place`; where f `mixes`, dL/dz of (a, da)."""

    formula: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Names and defaults, in the order of a model file."""

    domain: Domain | None = None
    wide: Callable[..., bool] = lambda *parameters: False
    """Whether float32 is too short for f with these parameters; it is computed in float64 then, and rounded once."""

    wide_derivative: Callable[..., bool] = lambda *parameters: False
    in_place: bool = False
    """Whether f' can be had from a = f(z) alone, so that a may overwrite z."""

    mixes: bool = False
    """Whether an output depends on all inputs along axis 0."""

    aliases: tuple[str, ...] = ()
    initializer: str = "glorot"
    """The law of initial weights that suits it."""

    output: str = "any"
    """What its values are to a loss: a "distribution", a "log distribution", a "probability" each, or "any" number."""


ACTIVATIONS: Registry[Definition] = Registry("activation")


@dataclass(frozen=True)
class Activation:
    """A word of a model file, such as `prelu:0.1`: a name or an alias, and its parameters.

    Parameters that are left out have their defaults; they count as what they are in the type of the computation.
    BadInput if one is outside its domain.
    """

    name: str
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        name = ACTIVATIONS.canonical(self.name)
        defaults = tuple(ACTIVATIONS[name].parameters.values())
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", (*self.parameters, *defaults[len(self.parameters) :]))
        self._check()

    @classmethod
    def parse(cls, word: str) -> "Activation":
        """The activation that a word of a model file stands for; `-` is the identity."""
        name, colon, numbers = word.partition(":")
        return cls(name, tuple(_parameter(name, text) for text in numbers.split(",")) if colon else ())

    def __str__(self) -> str:
        """The shortest word that parses to it."""
        given = list(self.parameters)
        for default in reversed(list(self.definition.parameters.values())):
            if given[-1] != default:
                break
            given.pop()
        name = "-" if self.name == "identity" else self.name
        return f"{name}:{','.join(map(shortest, given))}" if given else name

    @property
    def definition(self) -> Definition:
        """Its row of the registry."""
        return ACTIVATIONS[self.name]

    @property
    def in_place(self) -> bool:
        """Whether `forward` may overwrite z; `backward` does without it then."""
        return self.definition.in_place

    @property
    def initializer(self) -> str:
        """The law of initial weights that suits it."""
        return self.definition.initializer

    @property
    def output(self) -> str:
        """What its values are to a loss, as in `Definition`."""
        return self.definition.output

    def __call__(self, z: Array) -> Array:
        """f(z), a new array of z's type; what mixes does so along axis 0."""
        a = np.empty(z.shape, z.dtype)
        for call in self.forward(z, a):
            call()
        return a

    def reach(self) -> tuple[float, float]:
        """The least and the greatest of its values, infinite where there is no limit; found by trying."""
        if self.definition.mixes:
            return -np.inf, np.inf
        powers = np.geomspace(1e-4, 1e6, 4001)
        z = np.concatenate([-powers[::-1], np.zeros(1), powers])
        with np.errstate(all="ignore"):
            values = self(z[:, np.newaxis])[:, 0]
        low, high = float(values.min()), float(values.max())
        ends = values[[0, -1]], values[[1200, -1201]]  # at a million, and at about a thousand
        grows = np.abs(ends[0] - ends[1]) > 0.01 * np.abs(ends[0])
        return (
            -np.inf if (grows & (ends[0] == low)).any() else low,
            np.inf if (grows & (ends[0] == high)).any() else high,
        )

    def derivative(self, z: Array) -> Array:
        """f'(z), a new array of z's type; BadInput for an activation that mixes."""
        if self.definition.mixes:
            raise BadInput(f"expected an activation of one number each, got {self}, which mixes them; try sigmoid")
        dz = np.ones(z.shape, z.dtype)
        for call in self.backward(z, self(z) if self.in_place else z, dz, dz):
            call()
        return dz

    def forward(self, z: Array, out: Array) -> Calls:
        """The calls that write f(z), (features, n), to `out`, which may be z if `in_place`."""
        definition = self.definition
        return plan(lambda z: definition.f(z, *self.parameters), [z], out, wide=definition.wide(*self.parameters))

    def backward(self, z: Array, a: Array, da: Array, out: Array) -> Calls:
        """The calls that write dL/dz to `out`, which may be da, given da = dL/da; they don't read z if `in_place`."""
        definition, d_f = self.definition, self.definition.d_f
        operands = [a if definition.in_place else z, da]
        if definition.mixes:
            return plan(d_f, operands, out)
        wide = definition.wide_derivative(*self.parameters)
        return plan(lambda x, da: da * d_f(x, *self.parameters), operands, out, wide=wide)

    def _check(self) -> None:
        names, domain = list(self.definition.parameters), self.definition.domain
        if len(self.parameters) > len(names):
            takes = f"{len(names) or 'no'} parameter{'s'[len(names) == 1 :]}" + f" ({', '.join(names)})" * bool(names)
            raise BadInput(f"{self.name} takes {takes}, got {len(self.parameters)}; try {_example(self.name)}")
        if not all(x == 0 or 1 / HUGE <= abs(x) <= HUGE for x in self.parameters):
            self._refuse("parameters that are 0 or between 1e-18 and 1e18 in magnitude")
        if domain and not domain.accepts(*self.parameters):
            self._refuse(domain.words.format(*names))

    def _refuse(self, expected: str) -> NoReturn:
        got = ", ".join(
            f"{name} {shortest(x)}" for name, x in zip(self.definition.parameters, self.parameters, strict=True)
        )
        raise BadInput(f"{self.name}: expected {expected}, got {got}; try {_example(self.name)}")


def _parameter(name: str, text: str) -> float:
    value = decimals.number(text)
    if value is None:
        raise BadInput(f"{name}: expected decimal numbers, got {text!r}; try {_example(name)}")
    return value


def _example(name: str) -> str:
    values = ACTIVATIONS[name].parameters.values()
    return f"{name}:{','.join(map(shortest, values))}" if values else name


def _clip(z: Values, low: float, high: float) -> Values:
    return np.minimum(np.maximum(z, low), high)


def _choose(condition: Values, yes: Values, no: Values) -> Values:
    """np.where in arithmetic, which is ten times as fast; what is not chosen must be finite."""
    return condition * yes + (1 - condition) * no


def _exp_minus_abs(z: Values) -> Values:
    return np.exp(np.copysign(z, -1))


def _expm1_of_negative(z: Values) -> Values:
    """exp(z) - 1 = 2 t / (1 - t) with t = tanh(z / 2): in float32 four times as fast as np.expm1."""
    t = np.tanh(0.5 * z)
    return (t + t) / (1 - t)


def _log1p(e: Values) -> Values:
    """log(1 + e) for e in [0, 1], in a third of np.log1p's time: log of the rounded sum, and what rounding took off."""
    s = 1 + e
    return np.log(s) + (e - (s - 1))


def _half_sigmoids(z: Values) -> tuple[Values, Values]:
    """h = exp(z / 2) and h / (1 + h^2), whose product is sigmoid(z)."""
    h = np.exp(0.5 * np.minimum(z, SATURATED))
    return h, h / (1 + h * h)


def _polynomial(x: Values, coefficients: tuple[float, ...]) -> Values:
    """Horner's rule; the coefficient of the highest power comes first."""
    first, second, *rest = coefficients
    value = first * x + second
    for coefficient in rest:
        value = value * x + coefficient
    return value


def _always(*parameters: float) -> bool:
    return True


def _scaled(scale: float) -> bool:
    """exp makes much of the rounding of a product, and nothing of one by 1."""
    return scale != 1


def _binarystep(z: Values) -> Values:
    return (z >= 0) + _zero(z)


def _zero(z: Values) -> Values:
    return np.minimum(np.absolute(z), 0)


def _sigmoid(z: Values) -> Values:
    e = np.exp(np.minimum(z, SATURATED))
    return e / (1 + e)


def _d_sigmoid(z: Values) -> Values:
    e = _exp_minus_abs(z)
    s = 1 + e
    return e / s / s


def _d_tanh(z: Values) -> Values:
    e = _exp_minus_abs(z)
    return np.square((e + e) / (1 + e * e))


def _d_arctan(z: Values) -> Values:
    return np.square(1 / np.hypot(z, 1))


def _d_arcsinh(z: Values) -> Values:
    return 1 / np.hypot(z, 1)


def _elliotsig(z: Values) -> Values:
    z = _clip(z, -HUGE, HUGE)
    return z / (1 + np.absolute(z))


def _d_elliotsig(z: Values) -> Values:
    return np.square(1 / (1 + np.absolute(z)))


def _isru(z: Values, alpha: float) -> Values:
    s = _clip(sqrt(alpha) * z, -HUGE, HUGE)
    return s / np.sqrt(1 + s * s) / sqrt(alpha)


def _d_isru(z: Values, alpha: float) -> Values:
    r = 1 / np.hypot(sqrt(alpha) * z, 1)
    return r * r * r


def _isrlu(z: Values, alpha: float) -> Values:
    return np.maximum(z, 0) + _isru(np.minimum(z, 0), alpha)


def _d_isrlu(z: Values, alpha: float) -> Values:
    return _d_isru(np.minimum(z, 0), alpha)


def _relu(z: Values) -> Values:
    return np.maximum(z, 0)


def _positive(a: Values, *parameters: float) -> Values:
    return a > 0


def _leakyrelu(z: Values, slope: float) -> Values:
    return np.maximum(z, slope * z)


def _d_leakyrelu(a: Values, slope: float) -> Values:
    return np.maximum(np.sign(a), slope)


def _prelu(z: Values, slope: float) -> Values:
    return np.maximum(z, 0) + slope * np.minimum(z, 0)


def _d_prelu(z: Values, slope: float) -> Values:
    return _choose(z > 0, 1, slope)


def _elu(z: Values, alpha: float) -> Values:
    return np.maximum(z, 0) + alpha * _expm1_of_negative(np.minimum(z, 0))


def _d_elu(z: Values, alpha: float) -> Values:
    e = np.exp(np.minimum(z, 0))
    return e if alpha == 1 else e * _d_prelu(z, alpha)


def _selu(z: Values, alpha: float, scale: float) -> Values:
    return scale * np.maximum(z, 0) + scale * alpha * _expm1_of_negative(np.minimum(z, 0))


def _d_selu(z: Values, alpha: float, scale: float) -> Values:
    return np.exp(np.minimum(z, 0)) * _choose(z > 0, scale, scale * alpha)


def _celu(z: Values, alpha: float) -> Values:
    return np.maximum(z, 0) + alpha * _expm1_of_negative(np.minimum(z, 0) / alpha)


def _d_celu(z: Values, alpha: float) -> Values:
    return np.exp(np.minimum(z, 0) / alpha)


def _srelu(z: Values, t_left: float, a_left: float, t_right: float, a_right: float) -> Values:
    beyond = a_left * np.minimum(z - t_left, 0) + a_right * np.maximum(z - t_right, 0)
    return _clip(z, t_left, t_right) + beyond


def _d_srelu(z: Values, t_left: float, a_left: float, t_right: float, a_right: float) -> Values:
    return _choose(z <= t_left, a_left, _choose(z < t_right, 1, a_right))


def _relu6(z: Values) -> Values:
    return _clip(z, 0, 6)


def _d_relu6(a: Values) -> Values:
    return (a > 0) * (a < 6)


def _d_hardtanh(a: Values, low: float, high: float) -> Values:
    return (a > low) * (a < high)


def _thresholdedrelu(z: Values, theta: float) -> Values:
    return np.maximum(z, theta) - theta * (z <= theta)


def _softshrink(z: Values, lambd: float) -> Values:
    return z - _clip(z, -lambd, lambd)


def _hardshrink(z: Values, lambd: float) -> Values:
    return z - _clip(z, -lambd, lambd) * (np.absolute(z) <= lambd)


def _d_shrink(a: Values, lambd: float) -> Values:
    return a != 0


def _hardsigmoid(z: Values, slope: float, offset: float) -> Values:
    return _clip(slope * (z + offset / slope), 0, 1)


def _d_hardsigmoid(z: Values, slope: float, offset: float) -> Values:
    return slope * ((z > -offset / slope) * (z < (1 - offset) / slope))


def _hardswish(z: Values) -> Values:
    return np.maximum(z, -3) * (_clip(z + 3, 0, 6) / 6)


def _d_hardswish(z: Values) -> Values:
    s = _clip(z, -3, 3)
    return (z >= 3) + (s + s + 3) / 6 * ((z > -3) * (z < 3))


def _softplus(z: Values, beta: float) -> Values:
    s = beta * z
    return (np.maximum(s, 0) + _log1p(_exp_minus_abs(s))) / beta


def _d_softplus(z: Values, beta: float) -> Values:
    return _sigmoid(beta * z)


def _logsigmoid(z: Values) -> Values:
    return np.minimum(z, 0) - _log1p(_exp_minus_abs(z))


def _d_logsigmoid(z: Values) -> Values:
    return _sigmoid(-z)


def _silu(z: Values, beta: float) -> Values:
    h, q = _half_sigmoids(beta * z)
    return z * h * q


def _d_silu(z: Values, beta: float) -> Values:
    s = _clip(beta * z, -HUGE, SATURATED)
    h, q = _half_sigmoids(s)
    return q * (1 + h * h + s) * q


def _mish(z: Values) -> Values:
    h = np.exp(0.5 * np.minimum(z, SATURATED))
    e = h * h
    return z * h * (h * (e + 2) / (e * (e + 2) + 2))


def _d_mish(z: Values) -> Values:
    s = _clip(z, -HUGE, SATURATED)
    h = np.exp(0.5 * s)
    e = h * h
    n = e * (e + 2) + 2
    return h * ((e + 2) * n + 4 * s * (1 + e)) * (h / n / n)


def _gelu(z: Values) -> Values:
    s = np.minimum(np.absolute(z), SATURATED)
    h = np.exp(-0.25 * s * s)
    return np.maximum(z, 0) - s * h * _scaled_tail(s, z.dtype) * h


def _d_gelu(z: Values) -> Values:
    s = np.minimum(np.absolute(z), SATURATED)
    h = np.exp(-0.25 * s * s)
    r = h * (s / sqrt(2 * pi) - _scaled_tail(s, z.dtype)) * h
    return _choose(z > 0, 1 + r, -r)


def _scaled_tail(s: Values, dtype: np.dtype[Any]) -> Values:
    """The normal distribution's tail beyond s, times exp(s^2 / 2), for s in [0, 40], to 6e-16, or to 3e-9 for float32.

    With t = 5 / (5 + s), it is t times the polynomial that has the right values at the 21, or 12, Chebyshev nodes of
    [5 / 45, 1]: solve for its coefficients at 60 digits (mpmath: erfc(s / sqrt 2) exp(s^2 / 2) / 2 / t).
    """
    t = 5 / (5 + s)
    return t * _polynomial(t, SHORT_SCALED_TAIL if dtype == np.float32 else SCALED_TAIL)


def _gelutanh(z: Values) -> Values:
    h, q = _half_sigmoids(_gelutanh_argument(z)[1])
    return z * h * q


def _d_gelutanh(z: Values) -> Values:
    s, v = _gelutanh_argument(z)
    h, q = _half_sigmoids(v)
    slope = 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * s * s)
    return q * (1 + h * h + s * slope) * q


def _gelutanh_argument(z: Values) -> tuple[Values, Values]:
    """z within the bounds beyond which its gate is 0 or 1, and v such that the gate is (1 + tanh(v / 2)) / 2."""
    s = _clip(z, -SATURATED, 8)
    return s, 2 * sqrt(2 / pi) * s * (1 + 0.044715 * s * s)


def _bentidentity(z: Values) -> Values:
    s = _clip(z, -HUGE, HUGE)
    return z * (1 + 0.5 * s / (1 + np.sqrt(1 + s * s)))


def _d_bentidentity(z: Values) -> Values:
    s = _clip(z, -HUGE, HUGE)
    return 1 + 0.5 * s / np.sqrt(1 + s * s)


def _squareplus(z: Values, b: float) -> Values:
    return np.maximum(z, 0) + 0.5 * b / (np.hypot(z, sqrt(b)) + np.absolute(z))


def _d_squareplus(z: Values, b: float) -> Values:
    h = np.hypot(z, sqrt(b))
    q = 0.5 * b / h / (h + np.absolute(z))
    return _choose(z > 0, 1 - q, q)


def _sinc(z: Values) -> Values:
    s = np.maximum(np.absolute(z), 1e-30)
    return np.sin(s) / s


def _d_sinc(z: Values) -> Values:
    near = _clip(z, -1, 1)
    far = np.copysign(np.maximum(np.absolute(z), 1), z)
    series = -near * _polynomial(-near * near, CANCELLED)
    return _choose(np.absolute(z) < 1, series, (np.cos(far) - np.sin(far) / far) / far)


def _tanhshrink(z: Values) -> Values:
    s = _clip(z, -1, 1)
    series = s * (s * s * _polynomial(s * s, CANCELLED)) / np.cosh(s)
    return _choose(np.absolute(z) < 1, series, z - np.tanh(z))


def _d_tanhshrink(z: Values) -> Values:
    return np.square(np.tanh(z))


def _gaussian(z: Values) -> Values:
    s = np.minimum(np.absolute(z), SATURATED)
    return np.exp(-s * s)


def _d_gaussian(z: Values) -> Values:
    s = _clip(z, -SATURATED, SATURATED)
    h = np.exp(-0.5 * s * s)
    return -2 * s * h * h


def _d_cosine(z: Values) -> Values:
    return -np.sin(z)


def _sqnl(z: Values) -> Values:
    s = _clip(z, -2, 2)
    return s * (1 - 0.25 * np.absolute(s))


def _d_sqnl(z: Values) -> Values:
    return np.maximum(1 - 0.5 * np.absolute(z), 0)


def _d_quadratic(z: Values) -> Values:
    return z + z


def _softmax(z: Values) -> Values:
    e = np.exp(z - np.maximum.reduce(z))
    return e / np.add.reduce(e)


def _d_softmax(a: Values, da: Values) -> Values:
    return a * (da - np.add.reduce(a * da))


def _softmin(z: Values) -> Values:
    e = np.exp(np.minimum.reduce(z) - z)
    return e / np.add.reduce(e)


def _d_softmin(a: Values, da: Values) -> Values:
    return a * (np.add.reduce(a * da) - da)


def _logsoftmax(z: Values) -> Values:
    s = z - np.maximum.reduce(z)
    top = s == 0
    # The sum of the exponentials without one of the largest, which is 1: log1p then keeps the digits of the others.
    others = np.add.reduce(np.exp(s) - top) + (np.add.reduce(1 * top) - 1)
    return s - np.log1p(others)


def _d_logsoftmax(a: Values, da: Values) -> Values:
    return da - np.exp(a) * np.add.reduce(da)


POSITIVE = Domain(lambda x, *_: x > 0, "{0} > 0")
NOT_NEGATIVE = Domain(lambda x: x >= 0, "{0} >= 0")
# fmt: off
_ROWS = {
    "identity": Definition(lambda z: z, lambda a: 1, "x", in_place=True, aliases=("-", "linear")),
    "binarystep": Definition(_binarystep, _zero, "1 if x >= 0 else 0", aliases=("step", "heaviside")),
    "sigmoid": Definition(_sigmoid, _d_sigmoid, "1 / (1 + exp(-x))", output="probability", aliases=("logistic",)),
    "hardsigmoid": Definition(
        _hardsigmoid, _d_hardsigmoid, "min(max(slope x + offset, 0), 1)", {"slope": 1 / 6, "offset": 0.5}, POSITIVE,
        output="probability", aliases=("hard_sigmoid",)),
    "logsigmoid": Definition(_logsigmoid, _d_logsigmoid, "-log(1 + exp(-x))", aliases=("log_sigmoid",)),
    "tanh": Definition(np.tanh, _d_tanh, "tanh(x)"),
    "hardtanh": Definition(
        _clip, _d_hardtanh, "min(max(x, low), high)", {"low": -1, "high": 1},
        Domain(lambda low, high: low < high, "low < high"), in_place=True, aliases=("hard_tanh",)),
    "tanhshrink": Definition(_tanhshrink, _d_tanhshrink, "x - tanh(x)", aliases=("tanh_shrink",)),
    "softshrink": Definition(
        _softshrink, _d_shrink, "x - min(max(x, -lambda), lambda)", {"lambda": 0.5}, NOT_NEGATIVE, in_place=True,
        aliases=("soft_shrink",)),
    "hardshrink": Definition(
        _hardshrink, _d_shrink, "x if |x| > lambda else 0", {"lambda": 0.5}, NOT_NEGATIVE, in_place=True,
        aliases=("hard_shrink",)),
    "arctan": Definition(np.arctan, _d_arctan, "arctan(x)", aliases=("atan",)),
    "arcsinh": Definition(np.arcsinh, _d_arcsinh, "log(x + sqrt(x^2 + 1))", aliases=("asinh",)),
    "elliotsig": Definition(_elliotsig, _d_elliotsig, "x / (1 + |x|)", aliases=("softsign",)),
    # Carlile et al. 2017, https://arxiv.org/abs/1710.09967, and so is isrlu
    "isru": Definition(_isru, _d_isru, "x / sqrt(1 + alpha x^2)", {"alpha": 1}, POSITIVE),
    # Wuraola & Patel 2018, SQNL: A New Computationally Efficient Activation Function
    "sqnl": Definition(_sqnl, _d_sqnl, "s - s |s| / 4, s = min(max(x, -2), 2)"),
    "relu": Definition(_relu, _positive, "max(x, 0)", in_place=True, initializer="he"),
    "relu6": Definition(_relu6, _d_relu6, "min(max(x, 0), 6)", in_place=True, initializer="he"),
    "leakyrelu": Definition(
        _leakyrelu, _d_leakyrelu, "x if x > 0 else slope x", {"slope": 0.01},
        Domain(lambda slope: 0 < slope <= 1, "0 < slope <= 1"), in_place=True, initializer="he",
        aliases=("leaky_relu",)),
    "prelu": Definition(_prelu, _d_prelu, "x if x > 0 else slope x", {"slope": 0.25}, initializer="he"),
    "thresholdedrelu": Definition(
        _thresholdedrelu, _positive, "x if x > theta else 0", {"theta": 1}, NOT_NEGATIVE,
        in_place=True, initializer="he", aliases=("thresholded_relu",)),
    # Jin et al. 2015, https://arxiv.org/abs/1512.07030, where the four are learnt: these defaults are ours
    "srelu": Definition(
        _srelu, _d_srelu, "x; slope a_left up to t_left, a_right from t_right",
        {"t_left": -1, "a_left": 0.1, "t_right": 1, "a_right": 0.1},
        Domain(lambda t_left, a_left, t_right, a_right: t_left <= t_right, "t_left <= t_right"), initializer="he"),
    "elu": Definition(_elu, _d_elu, "x if x > 0 else alpha (exp(x) - 1)", {"alpha": 1}, initializer="he"),
    # Klambauer et al. 2017, https://arxiv.org/abs/1706.02515
    "selu": Definition(
        _selu, _d_selu, "scale (x if x > 0 else alpha (exp(x) - 1))",
        {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}, initializer="lecun"),
    # Barron 2017, https://arxiv.org/abs/1704.07483
    "celu": Definition(
        _celu, _d_celu, "x if x > 0 else alpha (exp(x / alpha) - 1)", {"alpha": 1}, POSITIVE,
        wide=_scaled, wide_derivative=_scaled, initializer="he"),
    "isrlu": Definition(
        _isrlu, _d_isrlu, "x if x > 0 else x / sqrt(1 + alpha x^2)", {"alpha": 1}, POSITIVE, initializer="he"),
    "softplus": Definition(
        _softplus, _d_softplus, "log(1 + exp(beta x)) / beta", {"beta": 1}, POSITIVE,
        wide=_scaled, wide_derivative=_scaled, initializer="he"),
    # Barron 2021, https://arxiv.org/abs/2112.11687
    "squareplus": Definition(
        _squareplus, _d_squareplus, "(x + sqrt(x^2 + b)) / 2", {"b": 4}, POSITIVE, initializer="he"),
    "gelu": Definition(
        _gelu, _d_gelu, "x (1 + erf(x / sqrt(2))) / 2", wide=_always, wide_derivative=_always, initializer="he"),
    "gelutanh": Definition(
        _gelutanh, _d_gelutanh, "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
        wide=_always, wide_derivative=_always, initializer="he", aliases=("gelu_tanh",)),
    "silu": Definition(
        _silu, _d_silu, "x / (1 + exp(-beta x))", {"beta": 1}, wide=_scaled, wide_derivative=_always, initializer="he",
        aliases=("swish",)),
    "hardswish": Definition(
        _hardswish, _d_hardswish, "x min(max(x + 3, 0), 6) / 6", initializer="he", aliases=("hard_swish",)),
    "mish": Definition(_mish, _d_mish, "x tanh(log(1 + exp(x)))", wide_derivative=_always, initializer="he"),
    "bentidentity": Definition(_bentidentity, _d_bentidentity, "x + (sqrt(x^2 + 1) - 1) / 2"),
    "quadratic": Definition(np.square, _d_quadratic, "x^2"),
    "gaussian": Definition(_gaussian, _d_gaussian, "exp(-x^2)", wide=_always, wide_derivative=_always),
    "sinusoid": Definition(np.sin, np.cos, "sin(x)", aliases=("sin", "sine")),
    "cosine": Definition(np.cos, _d_cosine, "cos(x)", aliases=("cos",)),
    "sinc": Definition(_sinc, _d_sinc, "sin(x) / x, 1 at 0", wide_derivative=_always),
    "softmax": Definition(
        _softmax, _d_softmax, "exp(x_i) / sum_j exp(x_j)", in_place=True, mixes=True, output="distribution"),
    "softmin": Definition(
        _softmin, _d_softmin, "exp(-x_i) / sum_j exp(-x_j)", in_place=True, mixes=True, output="distribution"),
    "logsoftmax": Definition(
        _logsoftmax, _d_logsoftmax, "x_i - log(sum_j exp(x_j))", in_place=True, mixes=True, output="log distribution",
        aliases=("log_softmax",)),
}
# fmt: on
for _name, _definition in _ROWS.items():
    ACTIVATIONS.add(_name, _definition, _definition.aliases)
