"""The bodies of requests: OpenAI's, and the field ``overlay`` beside them."""
