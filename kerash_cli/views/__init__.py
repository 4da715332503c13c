"""What people see: messages, progress, tables and trees, on a terminal or off one."""
