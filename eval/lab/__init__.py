"""Research commands: the studies behind the pages of docs/."""
