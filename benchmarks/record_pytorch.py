"""Records what PyTorch makes of small networks, for tests/test_pytorch.py: python benchmarks/record_pytorch.py

Each case is a network of three dense layers (tanh, relu and the case's own activation), trained for 20 steps over the
same rows in the same order; ten rows in batches of four, so that each third batch is a smaller one.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

TARGET = Path(__file__).parent.parent / "tests" / "golden" / "pytorch.json"
SIZES = (3, 5, 4, 2)
ROWS, BATCH, STEPS = 10, 4, 20

CASES: list[dict[str, Any]] = [
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
]

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
    case: dict[str, Any], dtype: str, x: list[list[float]], y: list[list[float]], params: list[float]
) -> tuple[list[float], list[float]]:
    """The parameters after the steps, each layer's weights (inputs, units), then its bias; the batches' mean losses."""
    kind = getattr(torch, dtype)
    start, tensors = 0, []
    for before, after in pairwise(SIZES):
        for shape in ((before, after), (after,)):
            values = params[start : (start := start + torch.Size(shape).numel())]
            tensors.append(torch.tensor(values, dtype=kind).reshape(shape).requires_grad_())
    w1, b1, w2, b2, w3, b3 = tensors
    settings = dict(case["settings"])
    clip_norm = settings.pop("clip_norm", None)
    optimizer = OPTIMIZERS[case["optimizer"]](tensors, lr=settings.pop("learning_rate"), **settings)
    inputs, targets = torch.tensor(x, dtype=kind), torch.tensor(y, dtype=kind)
    from_logits = "entropy" in case["loss"]
    losses: list[float] = []
    while len(losses) < STEPS:
        for rows, wanted in zip(inputs.split(BATCH), targets.split(BATCH), strict=True):
            if len(losses) == STEPS:
                break
            z = torch.relu(torch.tanh(rows @ w1 + b1) @ w2 + b2) @ w3 + b3
            loss = LOSSES[case["loss"]](z if from_logits else LAST[case["activation"]](z), wanted)
            optimizer.zero_grad()
            loss.backward()
            if clip_norm:
                torch.nn.utils.clip_grad_norm_(tensors, clip_norm)
            optimizer.step()
            losses.append(loss.item())
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).tolist(), losses


def main() -> None:
    torch.manual_seed(0)
    size = sum((before + 1) * after for before, after in pairwise(SIZES))
    x = torch.randn(ROWS, SIZES[0], dtype=torch.float64).tolist()
    y = torch.distributions.Dirichlet(torch.ones(SIZES[-1], dtype=torch.float64)).sample((ROWS,)).tolist()
    params = torch.randn(size, dtype=torch.float64).mul(0.6).tolist()
    record = {
        "torch": torch.__version__,
        "sizes": SIZES,
        "batch": BATCH,
        "x": x,
        "y": y,
        "params": params,
        "cases": [
            {**case, "dtype": dtype, **dict(zip(("result", "losses"), trained(case, dtype, x, y, params), strict=True))}
            for case in CASES
            for dtype in ("float64", "float32")
        ],
    }
    TARGET.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
