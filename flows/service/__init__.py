"""What runs as long as an office is open: ``jibao up``, its processes, the drop-folder watcher, the file server.

Belongs here: starting, watching over and stopping. Does not: flows and deployments, which only use what runs here.
"""
