"""Views of a :class:`probes.report.ProbeReport`: terminal, HTML, PNG, CSV, JSON, notebook."""
