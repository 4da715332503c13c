"""The workflow of 2019: models and genomes kept in the mountpoint, fitted a batch at a time, and exported."""
