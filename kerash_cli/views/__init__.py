"""What people see: messages, progress, tables and trees, on a terminal, in a file or in a pipe."""
