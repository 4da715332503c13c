"""Plants one fault at a time in a copy of kerash, and tells which of them no test notices.

`make mutants MODULE=kerash_cli/engine/losses.py` is how to call it. One that is noticed shows that some test depends
on that place; a survivor shows that kerash could go wrong there without a test that says so. To add a kind of fault,
write a function in `faults.py` and put it in its table.
"""
