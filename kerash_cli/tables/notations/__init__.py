"""Notations: numbers that are not written as plain decimals, such as percentages, amounts of money, dates and times.

To add one, write a class that reads a cell (`base.Notation`) and a function that finds it in a column, and give the
function a place in `finding.FINDERS`.
"""
