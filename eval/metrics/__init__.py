"""Numbers that say how good answers, confidences and verdicts are."""
