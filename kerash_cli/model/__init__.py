"""Models: their text, their files, and what is known of a trained one."""
