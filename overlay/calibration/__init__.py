"""Calibrating a profile: what a model shows of labelled chunks, and the weights that fit it."""
