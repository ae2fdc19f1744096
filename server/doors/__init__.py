"""What every request passes on its way in, and every reply on its way out: one door a file.

:mod:`server.doors.stack` says in which order they stand.
"""
