"""Sentences that instruct a language model, told from others by their wording."""
