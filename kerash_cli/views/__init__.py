"""Output for people: messages, progress, tables and trees, on a terminal, in a file or in a pipe."""
