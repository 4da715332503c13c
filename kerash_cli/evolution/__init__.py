"""The search for a network: recipes, their mutations, and the generations that select among them."""
