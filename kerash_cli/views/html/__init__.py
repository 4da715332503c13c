"""Pages of HTML: one file each, without scripts, and without anything that comes from elsewhere."""
