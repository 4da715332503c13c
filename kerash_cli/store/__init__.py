"""Where tensors meet: the mountpoint, the stages of runs in it, and the models and genomes that are kept there."""
