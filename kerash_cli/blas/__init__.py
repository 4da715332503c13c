"""Matrices and tensors as text."""
