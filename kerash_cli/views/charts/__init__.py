"""Charts: what they show as plain data, pictures of them as SVG and PNG, and drawings of them for a terminal."""
