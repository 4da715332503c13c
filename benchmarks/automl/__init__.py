"""How good the networks are that `kerash evolve` finds, beside other searchers given the same processor time."""
