"""Measures `kerash train` on real files, with one command and without a description, beside scikit-learn's MLP."""
