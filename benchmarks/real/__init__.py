"""How good `kerash train` is on real files, with one command and without a description, beside scikit-learn's MLP."""
