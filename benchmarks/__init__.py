"""How fast kerash is beside its peers; README.md says how to read the table."""
