"""The catalog: one database that holds the truth about components, revisions and deployments."""
