"""Models: descriptions as text, saved files, and the scores of a trained model."""
