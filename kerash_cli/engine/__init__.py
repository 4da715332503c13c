"""The arithmetic of networks: it takes and returns NumPy arrays, and uses no files, processes or terminal."""
