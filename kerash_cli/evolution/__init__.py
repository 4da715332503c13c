"""Networks that are found, not described: genomes, their mutations, and the search that picks among them."""
