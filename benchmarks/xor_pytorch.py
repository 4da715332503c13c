"""What `kerash train models/xor.model data/xor.data data/xor.label` does, as a script in PyTorch.

python benchmarks/xor_pytorch.py OUTPUT
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

EPOCHS = 1000
DATA = Path(__file__).parents[1] / "data"


def main(output: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.from_numpy(np.loadtxt(DATA / "xor.data", np.float32, delimiter=","))
    y = torch.from_numpy(np.loadtxt(DATA / "xor.label", np.float32, ndmin=2).reshape(-1, 1))
    x = (x - x.mean(dim=0)) / x.std(dim=0, correction=0)
    network = nn.Sequential(nn.Linear(2, 10), nn.Sigmoid(), nn.Linear(10, 1))
    judge = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.005)
    for epoch in range(1, EPOCHS + 1):
        rows = torch.randperm(len(x))
        optimizer.zero_grad()
        loss = judge(network(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.6g}", file=sys.stderr)
    torch.save(network.state_dict(), output)


if __name__ == "__main__":
    main(*sys.argv[1:])
