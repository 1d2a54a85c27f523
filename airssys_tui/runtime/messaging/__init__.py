"""Messages between components: from the host call of a sender to the handler of a receiver."""
