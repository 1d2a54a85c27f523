"""The program in a real terminal: a pty, an emulator, and tours."""
