"""How well models/digits_cnn.model reads digits that it has never seen, beside the same network in PyTorch.

    python -m benchmarks.digits_cnn

Both train on the same rows of each of the five committed splits, 60 epochs of adam on a cosine, keep the epoch of the
lowest loss on a fifth of them, and are then asked once for the others.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.contenders import ROOT

EPOCHS, BATCH, RATE = 60, 32, 0.005


def network() -> nn.Sequential:
    """The layers of models/digits_cnn.model."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.4),
        nn.Flatten(),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(128, 10),
    )


def pytorch(x: torch.Tensor, y: torch.Tensor, known: torch.Tensor, seed: int) -> float:
    """The accuracy on the rows that are not `known`."""
    torch.manual_seed(seed)
    known = known[torch.randperm(len(known))]
    kept, training = known[: len(known) // 5], known[len(known) // 5 :]
    x = ((x - x[training].mean()) / x[training].std()).reshape(-1, 1, 8, 8)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * -(-len(training) // BATCH))
    best, state = float("inf"), model.state_dict()
    for _ in range(EPOCHS):
        model.train()
        for rows in training[torch.randperm(len(training))].split(BATCH):
            optimizer.zero_grad()
            functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            loss = functional.cross_entropy(model(x[kept]), y[kept]).item()
        if loss < best:
            best, state = loss, {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(state)
    unseen = torch.ones(len(x), dtype=torch.bool)
    unseen[known] = False
    with torch.no_grad():
        return (model(x[unseen]).argmax(1) == y[unseen]).double().mean().item()


def kerash(header: str, lines: np.ndarray, known: np.ndarray, seed: int) -> float:
    """The accuracy on the lines that are not `known`, by the commands that a user types."""
    program = [sys.executable, "-m", "kerash_cli"]
    with tempfile.TemporaryDirectory() as folder:
        for name, chosen in (("train", lines[known]), ("test", np.delete(lines, known))):
            Path(folder, f"{name}.csv").write_text("\n".join([header, *chosen, ""]), encoding="ascii")
        words = f"--target digit -q -o m.kerash --epochs {EPOCHS} --schedule cosine --seed {seed}".split()
        model = str(ROOT / "models" / "digits_cnn.model")
        subprocess.run([*program, "train", model, "train.csv", *words], cwd=folder, check=True)
        command = [*program, "evaluate", "m.kerash", "test.csv", "--json"]
        told = subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return float(json.loads(told.stdout)["accuracy"])


def main() -> None:
    header, *rows = (ROOT / "data" / "digits.csv").read_text(encoding="ascii").splitlines()
    lines, folds = np.array(rows), np.loadtxt(ROOT / "data" / "splits" / "digits.csv", int, delimiter=",", skiprows=1)
    table = torch.tensor(np.loadtxt(rows, np.float32, delimiter=","))
    x, y = table[:, :-1], table[:, -1].long()
    results = []
    for split in range(5):
        known = np.flatnonzero(folds[:, split] != 0)
        results.append((kerash(header, lines, known, split), pytorch(x, y, torch.from_numpy(known), split)))
        print(f"split {split + 1}: kerash {results[-1][0]:.4f}, PyTorch {results[-1][1]:.4f}", flush=True)
    ours, theirs = np.mean(results, axis=0)
    print(f"mean: kerash {ours:.4f}, PyTorch {theirs:.4f}")


if __name__ == "__main__":
    main()
