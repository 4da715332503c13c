"""Training: samples, runs, what computes their gradients, and what a run leaves: checkpoints, logs, trained models."""
