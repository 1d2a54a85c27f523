"""The guard: it decides what each instance may do, keeps what operators answered, and has all of it audited."""
