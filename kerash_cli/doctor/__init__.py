"""A look at an installation and its machine: what kerash runs on, what is cramped, and whether it computes correctly.

A look is a function that yields facts, remarks and faults; `examination` has all of them by section. What goes wrong
in a look becomes a remark, so that one broken part hides none of the others.
"""
