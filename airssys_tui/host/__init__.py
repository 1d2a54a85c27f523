"""Host functions for components: one module per WIT interface of ``airssys:core-host``."""
