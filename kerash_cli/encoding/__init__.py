"""Encodings: how the columns of a table become inputs, and what the outputs stand for.

An Encoding is learnt once, from the training data, and kept in the saved model as JSON. It turns a row into the same
numbers whatever the other rows are.
"""
