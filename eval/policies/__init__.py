"""Ways to answer from retrieved passages, side by side behind one protocol."""
