"""Networks that are found, not described: recipes, their mutations, and the search that picks among them."""
