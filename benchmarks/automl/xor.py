"""Exclusive or: `kerash evolve` beside neat-python, a process and a seed at a time.

python -m benchmarks.automl.xor FOLDER kerash|neat SEED

A network is right if every row is within a quarter of its target. An evaluation is a genome's, or a training.
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.automl.peer_kerash import evolved, predict

NAME = "xor"
SEEDS = 40
WITHIN = 0.25
SECONDS = 2
"""On the clock, of kerash at most."""

POPULATION, GENERATIONS, WORKERS = 1, 3, 1
"""Of kerash: one candidate a generation, three generations after the first, all in one process."""

LONGEST = 300
"""Generations of neat-python at most, as in its example."""

REWARD = 1.0
"""What neat-python's fitness, 4 less the squared errors, gains where every row is right, so that this ends its run."""

ROWS = (((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0))
DATA = Path(__file__).parents[2] / "data"

WIDE = {"max_value": 30.0, "min_value": -30.0, "init_type": "gaussian"}
VALUES = {
    "bias": {**WIDE, "init_mean": 0, "init_stdev": 1, "mutate_power": 0.5, "mutate_rate": 0.7, "replace_rate": 0.1},
    "response": {**WIDE, "init_mean": 1, "init_stdev": 0, "mutate_power": 0, "mutate_rate": 0, "replace_rate": 0},
    "weight": {**WIDE, "init_mean": 0, "init_stdev": 1, "mutate_power": 0.5, "mutate_rate": 0.8, "replace_rate": 0.1},
}
CHOICES = {"activation": "sigmoid", "aggregation": "sum"}
NEAT: dict[str, dict[str, object]] = {
    "NEAT": {
        "fitness_criterion": "max",
        "fitness_threshold": 4 + REWARD / 2,
        "no_fitness_termination": False,
        "pop_size": 150,
        "reset_on_extinction": False,
    },
    "DefaultGenome": {
        **{f"{thing}_{name}": value for thing, values in VALUES.items() for name, value in values.items()},
        **{f"{thing}_{name}": value for thing, value in CHOICES.items() for name in ("default", "options")},
        **{f"{thing}_mutate_rate": 0.0 for thing in CHOICES},
        "num_inputs": 2,
        "num_hidden": 0,
        "num_outputs": 1,
        "feed_forward": True,
        "initial_connection": "full",
        "conn_add_prob": 0.5,
        "conn_delete_prob": 0.5,
        "node_add_prob": 0.2,
        "node_delete_prob": 0.2,
        "single_structural_mutation": False,
        "structural_mutation_surer": "default",
        "enabled_default": True,
        "enabled_mutate_rate": 0.01,
        "enabled_rate_to_true_add": 0.0,
        "enabled_rate_to_false_add": 0.0,
        "compatibility_disjoint_coefficient": 1.0,
        "compatibility_weight_coefficient": 0.5,
    },
    "DefaultSpeciesSet": {"compatibility_threshold": 3.0},
    "DefaultStagnation": {"species_fitness_func": "max", "max_stagnation": 20, "species_elitism": 2},
    "DefaultReproduction": {"elitism": 2, "survival_threshold": 0.2, "min_species_size": 2},
}
"""The settings that neat-python's own XOR example has, but for what ends a run: there a fitness of 3.9."""


def kerash(folder: Path, seed: int) -> dict[str, Any]:
    data, labels = (str(DATA / f"xor.{kind}") for kind in ("data", "label"))
    words = ["--seed", seed, "--workers", WORKERS]
    told = evolved(folder, 2, 1, "xor", data, labels, POPULATION, GENERATIONS, *words)
    predict(folder, told["model"], data, "--proba")
    shares = [float(line.split(",")[1]) for line in (folder / "answer.csv").read_text(encoding="ascii").splitlines()]
    wanted = [float(line) for line in Path(labels).read_text(encoding="ascii").splitlines()]
    return {"errors": [abs(p - y) for p, y in zip(shares, wanted, strict=True)], "evaluations": told["trainings"]}


def neat(folder: Path, seed: int) -> dict[str, Any]:
    import neat as library

    sections = [
        "\n".join([f"[{section}]", *(f"{name} = {value}" for name, value in settings.items())])
        for section, settings in NEAT.items()
    ]
    (folder / "neat.ini").write_text("\n".join(sections), encoding="ascii")
    kinds = (library.DefaultGenome, library.DefaultReproduction, library.DefaultSpeciesSet, library.DefaultStagnation)
    config = library.Config(*kinds, str(folder / "neat.ini"))
    evaluations = 0

    def errors(genome: Any) -> list[float]:
        network = library.nn.FeedForwardNetwork.create(genome, config)
        return [abs(network.activate(x)[0] - y) for x, y in ROWS]

    def evaluate(genomes: list[tuple[int, Any]], _: Any) -> None:
        nonlocal evaluations
        evaluations += len(genomes)
        for _, genome in genomes:
            off = errors(genome)
            genome.fitness = len(ROWS) - sum(error**2 for error in off) + REWARD * (max(off) <= WITHIN)

    winner = library.Population(config, seed=seed).run(evaluate, LONGEST)
    return {"errors": errors(winner), "evaluations": evaluations}


def main(folder: str, side: str, seed: str) -> None:
    told = {"kerash": kerash, "neat": neat}[side](Path(folder), int(seed))
    told["right"] = max(told["errors"]) <= WITHIN
    Path(folder, "told.json").write_text(json.dumps(told), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
