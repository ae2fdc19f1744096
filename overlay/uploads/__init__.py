"""Documents that come over HTTP: files on a shelf, collections that hold them, an ingest behind.

    STORE/files/ID/             an uploaded file: its bytes and what is known of it
    STORE/uploads/COLLECTION/   which files a collection is to hold, and why one cannot be read

The folder of a collection says what it is *to* hold; a process in the background makes it so, as
often as it takes. Each record is a file of its own, put in place by one rename, so a process that
is killed leaves a record or none, and the next ingest does what is left to do.
"""
