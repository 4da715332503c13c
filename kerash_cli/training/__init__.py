"""Training: samples, runs, sources of gradients, the loop, checkpoints and logs."""
