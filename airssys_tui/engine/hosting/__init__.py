"""What a linker makes of host interfaces: their resource types, and what passes between their functions and guests."""
