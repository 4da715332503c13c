"""A trained model in other languages: one writer for each format, on what all of them share.

`steps` has the network as a few kinds of steps, `formulas` activations as formulas, `features` the inputs as they are
computed from cells. To add a format, write a module with a function that returns the files, and add a row to
`formats.FORMATS`. A writer says which kinds of steps it knows; a layer that needs another one is a clear error.
"""
