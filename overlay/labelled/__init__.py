"""Labelled questions: with accepted answers, and passages of which is known what they do."""
