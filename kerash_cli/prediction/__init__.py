"""Predictions of a trained model: as lines of text, layer by layer, and compared with known labels."""
