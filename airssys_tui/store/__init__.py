"""Durable data: the catalog, content-addressed blobs and compiled code, in one state directory per folder."""
