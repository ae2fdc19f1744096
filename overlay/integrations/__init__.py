"""Other libraries' retrieval, judged: what is over budget is left out of what they found.

Each library has a module here, and an extra of that name. All take a judge of
:mod:`overlay.integrations.judges`: an overlay in this process, or a running server.
"""
