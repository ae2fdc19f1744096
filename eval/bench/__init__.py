"""What the overlay costs beside plain RAG: ``overlay bench``."""
