"""Records what PyTorch makes of small networks, for tests/test_pytorch.py: python benchmarks/record_pytorch.py

Each case is a network of three dense layers (tanh, relu and the case's own activation), one of three convolutions, or
one of a scale and dense layers with groups, trained for 20 steps over the same rows in the same order; ten rows in
batches of four, so that each third batch is a smaller one.
"""

import json
from collections.abc import Callable
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.nn import functional

TARGET = Path(__file__).parent.parent / "tests" / "golden" / "pytorch.json"
SIZES = (3, 5, 4, 2)
IMAGE = (2, 7, 6)
ROWS, BATCH, STEPS = 10, 4, 20


class Model(NamedTuple):
    """The shapes of its tensors, in the order of a vector of parameters, and what makes logits of rows and of them.

    What is learnt along a gradient comes first, then what is kept as a running mean, which `logits` brings up to date.
    """

    features: int
    learnt: list[tuple[int, ...]]
    running: list[tuple[int, ...]]
    logits: Callable[[torch.Tensor, list[torch.Tensor]], torch.Tensor]

    def tensors(self, params: list[float], dtype: torch.dtype) -> list[torch.Tensor]:
        shapes = [torch.Size(shape) for shape in [*self.learnt, *self.running]]
        parts = torch.tensor(params, dtype=dtype).split([shape.numel() for shape in shapes])
        return [part.reshape(shape).clone() for part, shape in zip(parts, shapes, strict=True)]


def mlp(rows: torch.Tensor, tensors: list[torch.Tensor]) -> torch.Tensor:
    w1, b1, w2, b2, w3, b3 = tensors
    return torch.relu(torch.tanh(rows @ w1 + b1) @ w2 + b2) @ w3 + b3


def cnn(rows: torch.Tensor, tensors: list[torch.Tensor]) -> torch.Tensor:
    w1, b1, scale, shift, w2, b2, w3, b3, w4, b4, mean, variance = tensors
    images = torch.relu(functional.conv2d(rows.reshape(-1, *IMAGE), w1, b1, padding=1))
    images = functional.batch_norm(images, mean, variance, scale, shift, training=True)
    images = torch.tanh(functional.conv2d(images, w2, b2, padding=1))
    images = functional.max_pool2d(images, 2, padding=1)
    images = torch.tanh(functional.conv2d(images, w3, b3, stride=2, padding=1))
    images = functional.avg_pool2d(images, (2, 3), stride=1, padding=1, count_include_pad=False)
    return images.flatten(1) @ w4 + b4


def grouped(rows: torch.Tensor, tensors: list[torch.Tensor]) -> torch.Tensor:
    scale, w1, b1, w2, w3, b2, w4, b4 = tensors
    given = rows * scale
    given = torch.tanh(torch.cat([given[:, :3] @ w1[0], given[:, 3:] @ w1[1]], 1) + b1)
    some = given[:, [0, 1, 3, 5]]
    given = torch.relu(torch.cat([given[:, 1:4] @ w2[0], some @ w3[0], some @ w3[1]], 1) + b2)
    return given @ w4 + b4


MODELS = {
    "mlp": Model(
        SIZES[0], [shape for before, after in pairwise(SIZES) for shape in ((before, after), (after,))], [], mlp
    ),
    "cnn": Model(
        prod(IMAGE),
        [(3, 2, 2, 3), (3,), (3,), (3,), (2, 3, 3, 2), (2,), (4, 2, 2, 2), (4,), (48, 2), (2,)],
        [(3,), (3,)],
        cnn,
    ),
    "groups": Model(6, [(6,), (2, 3, 3), (6,), (1, 3, 2), (2, 4, 1), (4,), (4, SIZES[-1]), (SIZES[-1],)], [], grouped),
}

CASES: dict[str, list[dict[str, Any]]] = {
    "mlp": [
        *(
            {"loss": "mean-square", "activation": "-", "optimizer": optimizer, "settings": settings}
            for optimizer, settings in [
                ("sgd", {"learning_rate": 0.1}),
                ("sgd", {"learning_rate": 0.1, "momentum": 0.9}),
                ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
                ("sgd", {"learning_rate": 0.1, "weight_decay": 0.1}),
                ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
                ("sgd", {"learning_rate": 0.5, "clip_norm": 0.3}),
                ("adam", {"learning_rate": 0.01}),
                ("adam", {"learning_rate": 0.01, "weight_decay": 0.1}),
                ("adam", {"learning_rate": 0.01, "clip_norm": 0.3}),
                ("adamw", {"learning_rate": 0.01, "weight_decay": 0.1}),
                ("rmsprop", {"learning_rate": 0.01}),
                ("rmsprop", {"learning_rate": 0.01, "weight_decay": 0.1}),
            ]
        ),
        *(
            {"loss": loss, "activation": activation, "optimizer": "sgd", "settings": {"learning_rate": 0.1}}
            for loss, activation in [
                ("half-square", "sigmoid"),
                ("mean-absolute", "-"),
                ("huber", "-"),
                ("binary-cross-entropy", "sigmoid"),
                ("categorical-cross-entropy", "softmax"),
                ("categorical-cross-entropy", "logsoftmax"),
            ]
        ),
    ],
    "cnn": [
        {
            "loss": "categorical-cross-entropy",
            "activation": "softmax",
            "optimizer": optimizer,
            "settings": {"learning_rate": rate, **settings},
        }
        for optimizer, rate, settings in [
            ("sgd", 0.1, {}),
            ("sgd", 0.1, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
            ("adam", 0.01, {}),
            ("adam", 0.01, {"clip_norm": 0.3}),
        ]
    ],
    "groups": [
        {
            "loss": "categorical-cross-entropy",
            "activation": "softmax",
            "optimizer": optimizer,
            "settings": {"learning_rate": rate, **settings},
        }
        for optimizer, rate, settings in [
            ("sgd", 0.1, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
            ("adamw", 0.01, {"weight_decay": 0.1}),
        ]
    ],
}

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}
LOSSES = {
    "mean-square": functional.mse_loss,
    "half-square": lambda a, y: functional.mse_loss(a, y, reduction="sum") / (2 * len(a)),
    "mean-absolute": functional.l1_loss,
    "huber": functional.huber_loss,
    "binary-cross-entropy": functional.binary_cross_entropy_with_logits,
    "categorical-cross-entropy": functional.cross_entropy,
}
LAST = {"-": lambda z: z, "sigmoid": torch.sigmoid}


def trained(
    model: Model, case: dict[str, Any], dtype: str, x: list[list[float]], y: list[list[float]], params: list[float]
) -> tuple[list[float], list[float]]:
    """The parameters after the steps, in the order of `params`; the batches' mean losses."""
    kind = getattr(torch, dtype)
    tensors = model.tensors(params, kind)
    learnt = [tensor.requires_grad_() for tensor in tensors[: len(model.learnt)]]
    settings = dict(case["settings"])
    clip_norm = settings.pop("clip_norm", None)
    optimizer = OPTIMIZERS[case["optimizer"]](learnt, lr=settings.pop("learning_rate"), **settings)
    inputs, targets = torch.tensor(x, dtype=kind), torch.tensor(y, dtype=kind)
    from_logits = "entropy" in case["loss"]
    losses: list[float] = []
    while len(losses) < STEPS:
        for rows, wanted in zip(inputs.split(BATCH), targets.split(BATCH), strict=True):
            if len(losses) == STEPS:
                break
            z = model.logits(rows, tensors)
            loss = LOSSES[case["loss"]](z if from_logits else LAST[case["activation"]](z), wanted)
            optimizer.zero_grad()
            loss.backward()
            if clip_norm:
                torch.nn.utils.clip_grad_norm_(learnt, clip_norm)
            optimizer.step()
            losses.append(loss.item())
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).tolist(), losses


def drawn(model: Model) -> tuple[list[list[float]], list[list[float]], list[float]]:
    """Inputs, targets and parameters."""
    x = torch.randn(ROWS, model.features, dtype=torch.float64).tolist()
    y = torch.distributions.Dirichlet(torch.ones(SIZES[-1], dtype=torch.float64)).sample((ROWS,)).tolist()
    params = torch.randn(sum(map(prod, model.learnt)), dtype=torch.float64).mul(0.6).tolist()
    return x, y, params + torch.rand(sum(map(prod, model.running)), dtype=torch.float64).tolist()


def recorded(kind: str) -> dict[str, Any]:
    """The data, and what becomes of each case."""
    model = MODELS[kind]
    data = drawn(model)
    cases = [
        {**case, "dtype": dtype, **dict(zip(("result", "losses"), trained(model, case, dtype, *data), strict=True))}
        for case in CASES[kind]
        for dtype in ("float64", "float32")
    ]
    return {**dict(zip(("x", "y", "params"), data, strict=True)), "cases": cases}


def main() -> None:
    torch.manual_seed(0)
    settings = {"torch": torch.__version__, "sizes": SIZES, "batch": BATCH}
    record = {**settings, **recorded("mlp"), "cnn": recorded("cnn"), "groups": recorded("groups")}
    TARGET.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
