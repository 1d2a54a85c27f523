"""The living system: watch, deploy, actors, route, supervise, observe."""
