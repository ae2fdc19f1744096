"""A run: cases composed, put to every policy, kept on disk, summed up, shown."""
