"""The command line: ``overlay ingest | ask | serve | models | version``."""
