"""Predictions: rows to lines of text, layer by layer, and judged."""
