"""Tables: files of rows, from their bytes to numbers and text, whole or block by block."""
