"""What requests get back, in OpenAI's forms with the report in the field ``overlay``."""
