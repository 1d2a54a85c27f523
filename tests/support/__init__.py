"""What tests share: worlds to run components in, crafted components, terminals, and where things are."""
