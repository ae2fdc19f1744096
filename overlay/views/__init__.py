"""Views: a :class:`probes.report.ProbeReport` in every form, and tables of text."""
