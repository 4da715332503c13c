"""What is learnt about the columns of a table: which are inputs, what their values mean, what the outputs stand for.

An Encoding is learnt once, from the training data, and kept in the saved model as JSON; it turns a row into the same
numbers in whatever company the row travels.
"""
