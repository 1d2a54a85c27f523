"""The terminal interface: screens and widgets over ``api``; nothing here knows how components are run."""
