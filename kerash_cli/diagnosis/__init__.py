"""Symptoms of a training in which something was off: importing this package registers every kind of symptom.

A new family of symptoms is a file of its own, imported here. The kinds are told in the order of these families.
"""

from kerash_cli.diagnosis import inputs, rates, units, fitting  # isort: skip  # the most useful advice comes first
from kerash_cli.diagnosis.case import TrainingCase
from kerash_cli.diagnosis.symptoms import Symptom, symptoms

__all__ = ["Symptom", "TrainingCase", "fitting", "inputs", "rates", "symptoms", "units"]
