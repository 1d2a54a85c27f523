"""Links between components: who provides what another one imports, at the gates and while both run."""
