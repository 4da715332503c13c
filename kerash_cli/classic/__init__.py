"""The workflow of 2019: models and genomes in the mountpoint, fitted batch by batch, and exported."""
