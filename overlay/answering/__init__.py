"""One answer, stage by stage: a file a stage, and :mod:`overlay.answering.pipeline` in one line."""
