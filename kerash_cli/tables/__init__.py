"""Reading tables: files of rows, from bytes to numbers and text, whole or block by block."""
